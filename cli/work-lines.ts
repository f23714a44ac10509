/** What the workloads of members do, a line for each workload of a member, reduced from the events of a run. Pure. */
import type { EventBody } from '../protocols/events.ts'
import { describeExit } from '../protocols/phase.ts'
import { hasFailed } from '../protocols/work-entry.ts'
import { formatDuration } from './format.ts'

type Of<T extends EventBody['type']> = Extract<EventBody, { type: T }>

export interface WorkLine {
  member: string
  workload: string
  /** Instances. */
  total: number
  started: number
  ready: number
  /** Those that have ended, by number. */
  ended: number[]
  failed: number
  /** How the last one ended, or the first one that failed. */
  how?: string
}

/** A change that a log has a line for. */
export interface WorkNote {
  member: string
  /** `client`, or `client.2` for one of several. */
  label: string
  words: string
}

/** @returns a line for each workload of each member, before anything of it was started */
export const linesOf = (members: Of<'roster'>['members']): WorkLine[] =>
  members.flatMap(({ name: member, workloads = [] }) =>
    workloads.map(({ name: workload, instances: total }) => newLine(member, workload, total))
  )

const newLine = (member: string, workload: string, total: number): WorkLine => ({
  ...{ member, workload, total },
  ...{ started: 0, ready: 0, ended: [], failed: 0 }
})

/** A sample begins. */
export const resetLines = (lines: WorkLine[]): WorkLine[] =>
  lines.map(({ member, workload, total }) => newLine(member, workload, total))

/** @returns the lines after an event, and what a log says of it: the end of all instances of a member, and each failure */
export function noteWork(
  lines: WorkLine[],
  event: Of<'work'> | Of<'workload-ended'>
): { lines: WorkLine[]; note?: WorkNote } {
  const workload = event.type === 'work' ? event.workload : event.name
  const at = lines.findIndex(each => each.member === event.member && each.workload === workload)
  const line = lines[at]
  if (line == null) return { lines }
  const after = event.type === 'work' && event.state !== 'ended' ? noteState(line, event.state) : noteEnd(line, event)
  if (after == null) return { lines }
  const words = wordsOf(after, event)
  const isFailure = after.failed > line.failed
  const label = line.total > 1 && isFailure ? `${line.workload}.${event.instance}` : line.workload
  const note = words == null ? {} : { note: { member: line.member, label, words } }
  return { lines: lines.with(at, after), ...note }
}

const noteState = (line: WorkLine, state: 'started' | 'ready'): WorkLine => ({ ...line, [state]: line[state] + 1 })

/** Its member tells it at once, and signs it later. */
function noteEnd(line: WorkLine, event: Of<'work'> | Of<'workload-ended'>): WorkLine | undefined {
  const { instance = 1, stopped } = event
  if (line.ended.includes(instance)) return undefined
  const failed = isFailed(event) ? 1 : 0
  const how = failed > 0 || stopped == null ? describeExit(event) : 'stopped'
  return {
    ...line,
    ended: [...line.ended, instance],
    failed: line.failed + failed,
    how: line.failed > 0 ? (line.how as string) : how
  }
}

const isFailed = ({ timedOut = false, ...event }: Of<'work'> | Of<'workload-ended'>) =>
  hasFailed({ ...event, timedOut })

function wordsOf(line: WorkLine, event: Of<'work'> | Of<'workload-ended'>): string | undefined {
  if (event.type === 'work' && event.state !== 'ended') {
    if (line[event.state] !== line.total) return undefined
    return `${event.state}${line.total > 1 ? `, ${line.total} of it` : ''}`
  }
  if (isFailed(event)) return `failed: ${describeExit(event)}${event.error == null ? '' : `: ${event.error}`}`
  if (line.ended.length !== line.total) return undefined
  const took = event.duration == null ? '' : ` after ${formatDuration(event.duration)}`
  if (line.total === 1) return event.stopped ? `stopped${took}` : `ended: ${line.how}${took}`
  return `ended, ${line.total - line.failed} of ${line.total} well`
}

/** @returns in a few words what it does now: `3 of 4 ended, 1 failed (exit 1)` */
export function describeLine({ total, started, ready, ended, failed, how }: WorkLine): string {
  const of = (n: number) => (total === 1 ? '' : `${n} of ${total} `)
  const failures = failed === 0 ? '' : total === 1 ? `failed (${how})` : `, ${failed} failed (${how})`
  if (ended.length > 0) return total === 1 ? failures || `ended (${how})` : `${of(ended.length)}ended${failures}`
  if (ready > 0) return `${of(ready)}ready`
  return started > 0 ? `${of(started)}started` : 'waits'
}
