/** What of the record of a run its signed messages say: who took part, who is out of it and why, how the workload ended. */
import type { CheckedCertificate, Evidence } from '../certificate.ts'
import { encode } from '../codec.ts'
import { RECORD_FILE } from '../layout.ts'
import { decisiveFailure } from '../matrix/decisive-failure.ts'
import { type Ack, type Certificate, describeExit } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { type Edge, windowsOf } from '../trigger.ts'
import { entriesOf, isOfProgram, type WorkEntry } from '../work-entry.ts'
import type { Fault } from './report.ts'

export type ProvenRun = Pick<RunRecord, 'roster' | 'excluded' | 'workload' | 'triggered'>

/** @param certificates in the order of their phases */
export function provenRun({ manifest }: Evidence, certificates: CheckedCertificate[]): ProvenRun {
  const { roster = [], excluded: before = [] } = manifest?.value ?? {}
  const excluded = new Map(before.map(each => [each.peer, each]))
  for (const each of certificates.flatMap(({ value }) => value?.excluded ?? []))
    if (!excluded.has(each.peer)) excluded.set(each.peer, each)
  const workload: WorkEntry[] = []
  let edges: Edge[] | undefined
  for (const { value, acks } of certificates) {
    if (value?.step == null) continue
    const command = commandIn(value, acks, manifest?.value.controller)
    if (command?.edges != null) edges = [...(edges ?? []), ...command.edges]
    if (command?.workload != null) workload.push({ step: value.step, ...command.workload })
    workload.push(...entriesOf(workload, value.step, acks, roster))
  }
  const triggered = edges && windowsOf(edges)
  return { roster, excluded: [...excluded.values()], workload, ...(triggered == null ? {} : { triggered }) }
}

/** @returns what the controller answered about its command: at its end, or where `stop` cut it short */
function commandIn(
  { phase, part, groups }: Certificate,
  acks: CheckedCertificate['acks'],
  controller: string | undefined
): Pick<Ack, 'workload' | 'edges'> | undefined {
  if ((phase !== 'work' && phase !== 'stop') || part != null || groups != null) return undefined
  // nobody else is asked to work
  return (phase === 'work' ? acks[0] : acks.find(({ by }) => by === controller))?.value
}

/** @returns where the record says something else */
export function differencesOf(record: RunRecord, proven: ProvenRun): Fault[] {
  const wrong = (what: string) => ({ where: RECORD_FILE, what })
  const faults: Fault[] = []
  if (!same(record.roster, proven.roster)) faults.push(wrong('its roster is not that of the manifest'))
  for (const { peer, name, ...how } of proven.excluded) {
    const told = record.excluded.find(each => each.peer === peer)
    if (told == null) faults.push(wrong(`it does not say that ${name} was excluded at ${how.phase}`))
    else if (!same(told, { peer, name, ...how })) faults.push(wrong(`${name} was excluded otherwise than it says`))
  }
  for (const { peer, name, phase } of record.excluded) {
    // of a run that had no members there is no manifest that could say it
    if (proven.excluded.some(each => each.peer === peer) || (record.manifest == null && phase === 'join')) continue
    faults.push(wrong(`no certificate says that ${name} was excluded`))
  }
  // what tasks and jobs came to is held against their files
  const ended = record.workload.filter(isOfProgram)
  if (ended.length !== proven.workload.length || !ended.every((each, i) => isResult(each, proven.workload[i])))
    faults.push(wrong('its results of the workload are not those that were answered'))
  if (!same(record.triggered ?? null, proven.triggered ?? null))
    faults.push(wrong('the windows in which tools of groups ran are not those that were answered'))
  return faults
}

/** @returns where the record contradicts itself */
export function contradictionsIn(record: RunRecord): Fault[] {
  const { verdict, partial, excluded, refused = [] } = record
  const wrong = (what: string) => ({ where: RECORD_FILE, what })
  const bad = decisiveFailure(record)?.failed[0]
  return [
    ...(verdict === 'ok' && bad != null
      ? [wrong(`its verdict is ok, its workload ended by ${describeExit(bad)}`)]
      : []),
    ...(!partial && excluded.length > 0
      ? [wrong('it says that nothing is missing, and names members that were excluded')]
      : []),
    ...(!partial && refused.length > 0
      ? [wrong('it says that nothing is missing, and names files that were not taken')]
      : [])
  ]
}

/** Where the answer names no error the controller may have taken it from the output. */
const isResult = (told: RunRecord['workload'][number], answered?: RunRecord['workload'][number]) =>
  answered != null && same(told, answered.error == null ? { ...answered, error: told.error } : answered)

export const same = (a: unknown, b: unknown) => Buffer.compare(encode(plain(a)), encode(plain(b))) === 0
/** Fields that are undefined are not there. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
