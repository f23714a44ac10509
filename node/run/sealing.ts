/** Ends a run on the disk: its last event, then the seal over all that is in the folder. No seal, no success. */
import { costliest, sharesOf } from '../../protocols/cost.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { type EndedEvent, MAX_DECISIONS_OF_EVENT } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Unreadable } from '../../protocols/folder-digests.ts'
import { parseResultPath } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { cutMissing } from '../../protocols/shortfall.ts'
import { isWhole, statusOf } from '../../protocols/verdict.ts'
import type { Announced } from '../../protocols/verify/signed-files.ts'
import { printable } from '../store/entries.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { RunEvents } from './events.ts'
import { MAX_SHORTFALLS } from './run-context.ts'
import { leaveUnsigned } from './unsigned-files.ts'

/** Names in one reason. */
const MAX_NAMED = 5

export interface ResultToSeal {
  record: RunRecord
  events: RunEvents
  folder: RunFolder
  signer: Signer
  /** What the answers that count say of the lists of files. */
  announced: Announced
}

/**
 * What is unreadable is listed under the seal, and the run has failed. Without a seal it has failed too, whatever became of its workload.
 * Followers see the last event when this resolves.
 * @returns why there is no seal, or undefined if there is one
 */
export async function sealResult(result: ResultToSeal): Promise<string | undefined> {
  const { record, events, folder, signer, announced } = result
  try {
    const found = await folder.digests()
    const { proof, left } = await leaveUnsigned(folder, record, found, announced)
    noteUnsigned(result, left)
    if (left.length > 0)
      record.status = statusOf(record.verdict ?? 'failed', isWhole(record), record.spec.policy.strict)
    const unreadable = found.unreadable.map(({ path, reason }) => `${path} (${reason})`)
    if (unreadable.length > 0) fail(record, `without a digest in the seal: ${listInWords(unreadable, MAX_NAMED)}`)
    await events.finish(lastEvent(record, folder))
    await folder.seal(record, signer, proof)
    events.end()
    return undefined
  } catch (cause) {
    const why = `the result could not be sealed: ${asBakError(cause).message}`
    const before = record.verdict === 'ok' ? '' : `; before that, ${record.verdict}: ${record.reason}`
    fail(record, `${why}${before}`, true)
    // smaller than what is sealed, so there may be room for it; `closeAbandoned` seals it when the daemon starts again
    await folder.writeRecord(record).catch(() => {})
    events.end(lastEvent(record, folder))
    return why
  }
}

/** What a member brought and is not as it signed it makes the result partial, and is named in it. */
export function noteUnsigned({ record, events }: Pick<ResultToSeal, 'record' | 'events'>, left: Unreadable[]): void {
  if (left.length === 0) return
  record.partial = true
  for (const { path, reason } of left) {
    const parsed = parseResultPath(path)
    const member = parsed != null && 'member' in parsed ? parsed.member : undefined
    const entry = cutMissing({ kind: 'file' as const, member, what: printable(path), reason })
    if (record.shortfalls.length >= MAX_SHORTFALLS) return
    record.shortfalls.push(entry)
    events.store({ type: 'shortfall', ...entry })
  }
}

function fail(record: RunRecord, why: string, always = false): void {
  if (record.verdict !== 'ok' && !always) return
  record.verdict = 'failed'
  record.status = statusOf('failed')
  record.reason = cutText(why)
}

function lastEvent(record: RunRecord, { root }: RunFolder): EndedEvent {
  const { verdict = 'failed', status = statusOf('failed'), partial, reason, excluded, created, ended } = record
  const took = record.took ?? Math.max(0, (ended ?? created) - created)
  const bytes = record.sent.reduce((sum, each) => sum + each.bytes, 0)
  const observed = costliest(sharesOf(record.observed ?? []))
  const { shortfalls, beside, iterations, knee, remarks, thresholds: decided } = record
  const notMet = decided?.filter(({ outcome }) => outcome !== 'met')
  const thresholds =
    (decided ?? []).length > MAX_DECISIONS_OF_EVENT ? notMet?.slice(0, MAX_DECISIONS_OF_EVENT) : decided
  const files = Map.groupBy(record.missing ?? [], ({ name }) => name)
  const missing = [...files].map(([name, all]) => ({ name, files: all.reduce((sum, each) => sum + each.files, 0) }))
  return {
    ...{ type: 'ended', verdict, status, partial, reason: reason && cutText(reason), excluded, shortfalls, missing },
    ...{ iterations, knee, thresholds, beside, remarks, observed, bytes, took, folder: root }
  }
}
