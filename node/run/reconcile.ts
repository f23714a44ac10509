/**
 * What a daemon that was killed had not written yet: the record and the journal of its run get what the certificates say, and a certificate
 * that is not there is named, so that the seal tells of it.
 */

import type { CheckedCertificate } from '../../protocols/certificate.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { certificateFile, certificateNumber, stepFolder } from '../../protocols/layout.ts'
import { numberedPhaseOf } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { provenRun } from '../../protocols/verify/proven-run.ts'
import { isOfProgram, type WorkEntry } from '../../protocols/work-entry.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { RunEvents } from './events.ts'
import { evidenceIn } from './evidence.ts'
import { recoverTasks } from './recovered-tasks.ts'

export interface KilledRun {
  folder: RunFolder
  record: RunRecord
  events: RunEvents
}

/** @throws if a signed message cannot be read, or is not signed by the controller */
export async function reconcile({ folder, record, events }: KilledRun): Promise<void> {
  const { evidence, sealed, certificates } = await evidenceIn(folder)
  const proven = provenRun(evidence, certificates)
  // what nobody certified, such as who did not answer a preflight, stays
  const others = record.excluded.filter(({ peer }) => !proven.excluded.some(each => each.peer === peer))
  const errors = record.workload.filter(isOfProgram).map(({ error }) => error)
  const workload = proven.workload.map((each, i) => (each.error == null ? { ...each, error: errors[i] } : each))
  const tasks = await recoverTasks(folder, certificates, { roster: proven.roster, spec: record.spec })
  Object.assign(record, {
    manifest: evidence.manifest?.digest,
    roster: proven.roster,
    excluded: evidence.manifest == null ? [...proven.excluded, ...others] : proven.excluded,
    workload: bySample([...workload, ...tasks, ...jobsIn(events.past, certificates)]),
    ...(proven.triggered == null ? {} : { triggered: proven.triggered })
  })
  const named = new Map(
    events.past.flatMap(each => (each.type === 'phase-closed' ? [[certificateFile(each), each.certificate]] : []))
  )
  for (const [i, { value, acks }] of certificates.entries()) {
    if (value == null || named.delete(certificateFile(value))) continue
    const { verdict, asked } = value
    const ok = acks.filter(({ value: { outcome } }) => outcome === 'ok').length
    const certificate = digestOf(encode(sealed[i]))
    const about = { ...numberedPhaseOf(value), verdict }
    events.store({ type: 'phase-closed', ...about, ok, asked, took: 0, certificate })
  }
  const reason = 'the daemon of the controller ended, or its disk was full, before it was written'
  const lost = [...named.keys(), ...numbersWithout(events)].map(path => ({ path, reason }))
  if (lost.length > 0) record.unreadable = [...(record.unreadable ?? []), ...lost]
}

/** What the jobs of a sample came to is in the journal; it counts where the end of their phase is certified. */
function jobsIn(past: readonly StoredEvent[], certificates: CheckedCertificate[]): WorkEntry[] {
  const certified = new Set(
    certificates.flatMap(({ value }) => (value?.part === 'jobs' && value.step != null ? [stepFolder(value.step)] : []))
  )
  return past.flatMap(event => {
    if (event.type !== 'workload-ended' || !event.jobs || !certified.has(stepFolder(event.step))) return []
    const { n: _, at: __, type: ___, written: ____, ...entry } = event
    return [entry]
  })
}

/** Entries of one sample follow each other. */
const bySample = (entries: WorkEntry[]): WorkEntry[] =>
  [...Map.groupBy(entries, ({ step }) => stepFolder(step)).values()].flat()

/** @returns the phases without an end, other than one that was open at last: that one was never certified */
function numbersWithout({ past }: RunEvents): string[] {
  const closed = new Set(past.flatMap(each => (each.type === 'phase-closed' ? [each.seq] : [])))
  const last = Math.max(0, ...past.map(each => ('seq' in each ? each.seq : 0)))
  const isOpen = past.some(each => each.type === 'phase-open' && each.seq === last)
  const all = Array.from({ length: isOpen ? last - 1 : last }, (_, i) => i + 1)
  return all.filter(seq => !closed.has(seq)).map(certificateNumber)
}
