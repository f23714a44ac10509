/** When what happened: the phases of each member by the answers that it signed, the windows of the workload and the periods within. Pure. */
import type { StoredEvent } from '../../protocols/events.ts'
import { sampleFolder, stepFolder } from '../../protocols/layout.ts'
import type { Ack, Certificate, Step } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { WorkEntry } from '../../protocols/work-entry.ts'
import type { PhaseSpan, Window } from './report-data.ts'

/** A certificate with its answers; `by` is the peer that signed one. */
export type AnsweredPhase = Omit<Certificate, 'acks'> & { acks: Array<{ by: string; value: Ack }> }

export interface Told {
  record: Pick<RunRecord, 'roster' | 'workload' | 'triggered' | 'created' | 'ended' | 'took'>
  events: StoredEvent[]
  phases: AnsweredPhase[]
}

/** @returns zero of all times, ms since 1970: when the first phase was opened, so that a wait for members takes no room */
export function beginOf({ record, events, phases }: Told): number {
  const opened = events.find(({ type }) => type === 'phase-open')?.at ?? record.created
  return Math.min(opened, ...phases.flatMap(({ acks }) => acks.map(({ value }) => value.received)))
}

/** @returns ms since 1970: the end of the run, or the last that is known of one that did not end */
export const endOf = ({ record, events, phases }: Told): number =>
  Math.max(record.ended ?? record.created, events.at(-1)?.at ?? 0, phases.at(-1)?.closed ?? 0)

/** @param begun zero of the times @returns what each member did when; a member without an answer in the phase in which it was excluded */
export function phaseSpans({ record, phases }: Told, begun: number): PhaseSpan[] {
  const members = new Map(record.roster.map(({ peer }, at) => [peer, at]))
  const seconds = (ms: number) => (ms - begun) / 1000
  return phases.flatMap(phase => {
    const answered = new Set(phase.acks.map(({ by }) => by))
    const spans = phase.acks.flatMap(({ by, value }): PhaseSpan[] => {
      const member = members.get(by)
      if (member == null) return []
      const times = { from: seconds(value.received), to: seconds(Math.max(value.received, value.done)) }
      const why =
        value.outcome === 'ok'
          ? ''
          : `: ${value.code ?? value.outcome}${value.reason == null ? '' : `, ${value.reason}`}`
      const label = `${labelOf(phase)}${why}`
      return [{ member, phase: phase.phase, ...times, outcome: value.outcome === 'ok' ? 'ok' : 'failed', label }]
    })
    const out = phase.excluded.flatMap(({ peer, code, reason }): PhaseSpan[] => {
      const member = members.get(peer)
      if (member == null || answered.has(peer)) return []
      const from = Math.min(...phase.acks.map(({ value }) => value.received), phase.closed)
      const label = `${labelOf(phase)}: ${code}, ${reason}`
      return [
        { member, phase: phase.phase, from: seconds(from), to: seconds(phase.closed), outcome: 'excluded', label }
      ]
    })
    return [...spans, ...out]
  })
}

function labelOf({ phase, step, part, groups, when }: Omit<AnsweredPhase, 'acks'>): string {
  const of = step == null ? (when ?? '') : `of ${stepFolder(step)}`
  return [phase, part, groups?.join(' '), of].filter(each => each != null && each !== '').join(' ')
}

/** @param iterations by which windows are numbered; @returns where the workload ran, sample by sample, then what is marked within */
export function windowsIn(told: Told, iterations: Array<{ number: number }>, begun: number): Window[] {
  const seconds = (ms: number) => (ms - begun) / 1000
  const about = ({ number, sample, warmup }: Step) => ({
    ...indexOf(iterations, number),
    ...{ sample, warmup: warmup === true }
  })
  const work = stepsOf(told).flatMap((step): Window[] => {
    const span = workSpan(told, step)
    if (span == null) return []
    const [from, to] = span.map(seconds) as [number, number]
    return [{ kind: 'work', label: stepFolder(step), ...about(step), from, to }]
  })
  const periods = periodsIn(told).map(({ step, label, from, to }): Window => {
    const end = to ?? workSpan(told, step)?.[1] ?? endOf(told)
    return { kind: 'period', label, ...about(step), from: seconds(from), to: seconds(Math.max(from, end)) }
  })
  return [...work, ...periods, ...triggeredIn(told, seconds)]
}

function indexOf(iterations: Array<{ number: number }>, number: number): { iteration?: number } {
  const at = iterations.findIndex(each => each.number === number)
  return at < 0 ? {} : { iteration: at }
}

/** In the order in which they were begun. */
function stepsOf({ events, phases, record }: Told): Step[] {
  const all = [
    ...events.flatMap(event => ('step' in event && event.step != null ? event.step : [])),
    ...phases.flatMap(({ step }) => step ?? []),
    ...record.workload.map(({ step }) => step)
  ]
  return [...new Map(all.map(step => [stepFolder(step), step])).values()]
}

/** @returns from the first client that began to the last that ended; of a command from its start to its end; ms since 1970 */
function workSpan({ record, events, phases }: Told, step: Step): [number, number] | undefined {
  const isOf = (other?: Step) => other != null && stepFolder(other) === stepFolder(step)
  const entries = record.workload.filter(entry => isOf(entry.step) && entry.began != null)
  const clients = entries.filter(({ role }) => role === 'client')
  const measured = clients.length > 0 ? clients : entries
  const began = measured.map(({ began = 0 }) => began)
  if (measured.length > 0) return [Math.min(...began), Math.max(...measured.map(endOfEntry))]
  const started = events.find(event => event.type === 'workload-started' && isOf(event.step))?.at
  const ended = events.findLast(event => event.type === 'workload-ended' && isOf(event.step))?.at
  const [opened, closed] = (['phase-open', 'phase-closed'] as const).map(
    type => events.find(event => event.type === type && event.phase === 'work' && isOf(event.step))?.at
  )
  const answered = phases.filter(phase => phase.phase === 'work' && isOf(phase.step)).map(phase => phase.closed)
  const from = started ?? opened
  const to = ended ?? closed ?? answered[0] ?? (from == null ? undefined : events.at(-1)?.at)
  return from == null || to == null ? undefined : [from, Math.max(from, to)]
}

const endOfEntry = ({ began = 0, duration }: WorkEntry) => began + duration

interface Marked {
  step: Step
  label: string
  from: number
  to?: number | undefined
}

/** What workloads marked by `bak period`: a begin and the next end of the same name by the same instance. */
function periodsIn({ events }: Told): Marked[] {
  const open = new Map<string, Marked>()
  const found: Marked[] = []
  for (const event of events) {
    if (event.type !== 'period') continue
    const { step, by, name, edge, when } = event
    const key = `${stepFolder(step)}\n${by}\n${name}`
    if (edge === 'begin') {
      const marked = { step, label: `${name} of ${by}`, from: when }
      open.set(key, marked)
      found.push(marked)
    } else {
      const marked = open.get(key)
      if (marked != null) marked.to = when
      open.delete(key)
    }
  }
  return found
}

/** The windows of triggers are samples of their groups. */
function triggeredIn({ record, ...told }: Told, seconds: (ms: number) => number): Window[] {
  return (record.triggered ?? []).map(({ group, sample, start, stop }) => {
    const to = stop ?? endOf({ record, ...told })
    const label = `tools of ${group}, ${sampleFolder({ sample })}`
    return { kind: 'period', label, sample, from: seconds(start), to: seconds(Math.max(start, to)) }
  })
}
