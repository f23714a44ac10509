/** Ends a run on the disk: its last event, then the seal over all that is in the folder. No seal, no success. */
import { costliest, sharesOf } from '../../protocols/cost.ts'
import { peek, type Signer } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { EndedEvent } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import type { FolderDigests } from '../../protocols/folder-digests.ts'
import { OFFER_FILE } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { statusOf } from '../../protocols/verdict.ts'
import { checkSignedFiles } from '../../protocols/verify/signed-files.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { RunEvents } from './events.ts'

/** Names in one reason. */
const MAX_NAMED = 5

export interface ResultToSeal {
  record: RunRecord
  events: RunEvents
  folder: RunFolder
  signer: Signer
  /** Digests of the lists of files that counted answers name. */
  answered?: ReadonlySet<string>
}

/**
 * What is unreadable is listed under the seal, and the run has failed. Without a seal it has failed too, whatever became of its workload.
 * Followers see the last event when this resolves.
 * @returns why there is no seal, or undefined if there is one
 */
export async function sealResult(result: ResultToSeal): Promise<string | undefined> {
  const { record, events, folder, signer } = result
  try {
    const proof = await folder.digests()
    const faults = (await unsignedIn(result, proof)).map(({ where, what }) => `${where} ${what}`)
    if (faults.length > 0) fail(record, `not as its members signed it: ${listInWords(faults, MAX_NAMED)}`)
    const unreadable = proof.unreadable.map(({ path, reason }) => `${path} (${reason})`)
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

/** What `bak verify` will say of the files of members: a run that it calls false is not ok. */
async function unsignedIn({ record, folder, answered = new Set() }: ResultToSeal, proof: FolderDigests) {
  const { run, refused = [], renamed = [] } = record
  const offer = await folder.readEnvelope(OFFER_FILE).then(sealed => sealed && peek(offerSubject, sealed))
  // without signed lists nothing can be compared
  if (offer?.signedFiles !== true) return []
  const members = new Map(offer.candidates.map(({ peer, name }) => [name, peer]))
  const older = new Set(record.sent.filter(({ files }) => files == null).map(({ peer }) => peer))
  const absent = [...refused, ...proof.unreadable]
  const lists = await folder.fileLists()
  return checkSignedFiles({ ...proof, run, lists, members, answered, older, absent, renamed }).faults
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
  const { shortfalls, beside, iterations } = record
  const files = Map.groupBy(record.missing ?? [], ({ name }) => name)
  const missing = [...files].map(([name, all]) => ({ name, files: all.reduce((sum, each) => sum + each.files, 0) }))
  const about = {
    verdict,
    status,
    partial,
    reason: reason && cutText(reason),
    excluded,
    shortfalls,
    missing,
    iterations,
    beside,
    observed
  }
  return { type: 'ended', ...about, bytes, took, folder: root }
}
