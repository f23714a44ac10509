/** The journal of a run held against its certificates: each phase that it names has its certificate, and no phase is left out. */
import { join } from 'node:path'
import * as v from 'valibot'
import type { CheckedCertificate } from '../certificate.ts'
import { count, digest, phase } from '../fields.ts'
import {
  CERTIFICATES_FOLDER,
  certificateFile,
  certificateNumber,
  JOURNAL_FILE,
  parseResultPath,
  RECORD_FILE
} from '../layout.ts'
import { readPlain } from '../plain-file.ts'
import type { RunRecord } from '../record.ts'
import type { Report } from './report.ts'

/** What is read of an event. */
const event = v.object({
  n: count,
  type: v.string(),
  seq: v.optional(count),
  phase: v.optional(phase),
  certificate: v.optional(digest),
  verdict: v.optional(v.string())
})
type Event = v.InferOutput<typeof event>

/** @param certificates that are there, in the order of their phases */
export async function checkJournal(
  dir: string,
  record: RunRecord,
  certificates: CheckedCertificate[],
  report: Report
): Promise<void> {
  const wrong = (where: string, what: string) => report.faults.push({ where, what })
  const events = await readEvents(dir, what => wrong(JOURNAL_FILE, what))
  const ended = events.findLast(({ type }) => type === 'ended')
  if (ended == null) wrong(JOURNAL_FILE, 'it does not go to the end of the run')
  else if (ended.verdict !== record.verdict) wrong(JOURNAL_FILE, `its verdict is ${ended.verdict}`)
  const closed = events.filter(({ type }) => type === 'phase-closed')
  const named = new Map(closed.map(each => [certificateFile(each as Phase), each.certificate]))
  const { files = {}, unreadable = [] } = record
  // only the daemon that was killed, or whose disk was full, left certificates out, and its run has failed
  const absent = new Set(record.verdict === 'failed' ? unreadable.map(({ path }) => path) : [])
  for (const [path, sha256] of named) {
    if (Object.hasOwn(files, path) && files[path]?.sha256 === sha256) continue
    if (Object.hasOwn(files, path)) wrong(path, 'it is not the certificate that the journal names')
    else if (!absent.has(path)) wrong(path, 'is missing: the journal names it')
  }
  for (const path of Object.keys(files)) {
    if (parseResultPath(path)?.kind === 'certificate' && !named.has(path))
      wrong(path, 'the journal does not name this certificate')
  }
  checkSequence(events, record, { certificates, absent }, wrong)
}

type Phase = Required<Pick<Event, 'seq' | 'phase'>>

async function readEvents(dir: string, wrong: (what: string) => void): Promise<Event[]> {
  const content = await readPlain(join(dir, JOURNAL_FILE)).then(String, () => undefined)
  if (content == null) return []
  const lines = content.split('\n')
  if (lines.pop() !== '') wrong('its last line has no end')
  const events: Event[] = []
  for (const [i, line] of lines.entries()) {
    try {
      const read = JSON.parse(line)
      // that of a job is a phase of its script
      if (read?.type === 'job') read.phase = undefined
      events.push(v.parse(event, read))
    } catch (cause) {
      wrong(`line ${i + 1}: ${(cause as Error).message}`)
      break
    }
    if (events.at(-1)?.n === i) continue
    wrong(`line ${i + 1} is event ${events.at(-1)?.n}`)
    break
  }
  return events
}

/**
 * From `join` to `terminate` no number is left out, but in a run that has failed: a phase that was open when the daemon of the controller was
 * killed, after which there is none but the `terminate` by which the next start ended the run, and those that it says could not be written.
 */
function checkSequence(
  events: Event[],
  record: RunRecord,
  { certificates, absent }: { certificates: CheckedCertificate[]; absent: Set<string> },
  wrong: (where: string, what: string) => void
): void {
  const closed = events.filter(({ type }) => type === 'phase-closed') as (Event & Phase)[]
  const open = new Set(events.filter(({ type }) => type === 'phase-open').map(({ seq }) => seq))
  const there = certificates.flatMap(({ value }) => value ?? [])
  const seen = new Map([...there, ...closed].map(({ seq, phase }) => [seq, phase]))
  const last = Math.max(0, ...seen.keys())
  for (let seq = 1; seq <= last; seq++) {
    if (seen.has(seq) || absent.has(certificateNumber(seq))) continue
    if (record.verdict === 'failed' && open.has(seq) && seen.get(seq + 1) === 'terminate') continue
    wrong(CERTIFICATES_FOLDER, `there is no certificate of number ${seq}`)
    break
  }
  if (last > 1 && seen.get(1) !== 'join') wrong(CERTIFICATES_FOLDER, 'the first phase is not join')
  if (last > 0 && seen.get(last) !== 'terminate') wrong(CERTIFICATES_FOLDER, 'the last phase is not terminate')
  if (last === 0 && (record.manifest != null || record.verdict === 'ok'))
    wrong(CERTIFICATES_FOLDER, 'there is no certificate')
  if (record.verdict !== 'ok') return
  for (const { phase, verdict } of there.filter(({ verdict }) => verdict !== 'met'))
    wrong(RECORD_FILE, `its verdict is ok, that of the phase ${phase} is ${verdict}`)
}
