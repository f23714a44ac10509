/** What the instances of workloads on members do, as a view shows it: reduced from the events of a run. Pure. */
import type { RunEvent } from '../protocols/events.ts'
import { describeExit, type Step } from '../protocols/phase.ts'
import { hasFailed } from '../protocols/work-entry.ts'
import { formatDuration } from './format.ts'

/** With more instances a log names only servers that are ready, and what failed. */
const MAX_NOTED = 16

export interface InstanceLine {
  member: string
  workload: string
  /** 1 .. n; left out where the member runs one of the workload. */
  instance?: number
  role?: 'server' | 'client'
  state: 'waiting' | 'started' | 'ready' | 'ended'
  /** When it came into this state, by the controller's clock. */
  since?: number
  exit?: number
  signal?: string
  error?: string
  timedOut?: boolean
  /** Because it was stopped, as servers are. */
  stopped?: true
  /** Ms, once it has ended. */
  duration?: number
}

/** Of the sample that goes on, by member, workload and instance. */
export type MemberWork = ReadonlyMap<string, InstanceLine>

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

/** Those of a member that has a place on the roster for them wait until the member tells of them. */
export function planWork({ members }: Of<'roster'>): MemberWork {
  const lines = members.flatMap(({ name: member, workloads = [] }) =>
    workloads.flatMap(({ name: workload, instances }) =>
      Array.from(
        { length: instances },
        (_, i): InstanceLine => ({ member, workload, ...(instances > 1 ? { instance: i + 1 } : {}), state: 'waiting' })
      )
    )
  )
  return new Map(lines.map(line => [keyOf(line), line]))
}

/** Another sample has begun. */
export const restartWork = (work: MemberWork): MemberWork =>
  new Map(
    [...work].map(([key, { member, workload, instance, role }]) => [
      key,
      { member, workload, instance, role, state: 'waiting' }
    ])
  )

/** The next state of an instance; one that is not planned is not shown. */
export function noteWork(work: MemberWork, event: Of<'work'>): MemberWork {
  const { member, workload, instance, role, state, since, exit, signal, error, timedOut, stopped, duration } = event
  return update(
    work,
    { member, workload, instance },
    { role, state, since, exit, signal, error, timedOut, stopped, duration }
  )
}

/** How it ended, as its member signed it. */
export function endWork(work: MemberWork, event: Of<'workload-ended'>): MemberWork {
  const { member, name: workload, instance = 1, role, exit, signal, error, timedOut, stopped, duration } = event
  if (member == null || workload == null) return work
  return update(
    work,
    { member, workload, instance },
    { role, state: 'ended', exit, signal, error, timedOut, stopped, duration }
  )
}

function update(
  work: MemberWork,
  name: { member: string; workload: string; instance: number },
  change: Partial<InstanceLine>
): MemberWork {
  const key = keyOf(name)
  const before = work.get(key)
  return before == null ? work : new Map(work).set(key, { ...before, ...change })
}

const keyOf = ({ member, workload, instance = 1 }: Pick<InstanceLine, 'member' | 'workload' | 'instance'>) =>
  `${member}/${workload}/${instance}`

/**
 * @param work before the event
 * @returns what a log says of it: that a server is ready, that something failed, and in a run of few instances also when each started and how it
 * ended; once, though its member tells it at once and signs it later
 */
export function noteOf(work: MemberWork, event: Of<'work'> | Of<'workload-ended'>): string | undefined {
  const { member, instance = 1, duration } = event
  const workload = event.type === 'work' ? event.workload : event.name
  if (member == null || workload == null) return undefined
  const before = work.get(keyOf({ member, workload, instance }))
  if (before == null || before.state === 'ended') return undefined
  const { instance: _, ...about } = before
  const label = before.instance == null ? workload : `${workload}.${instance}`
  const where = `work=${label} on=${member}`
  const isFew = work.size <= MAX_NOTED
  if (event.type === 'work' && event.state !== 'ended')
    return isFew || event.state === 'ready' ? `${where} ${event.state}` : undefined
  const after: InstanceLine = { ...about, ...event, member, workload, state: 'ended' }
  if (isFailed(after)) return `${where} failed: ${describeFailure(after)}`
  if (!isFew) return undefined
  const took = duration == null ? '' : ` after ${formatDuration(duration)}`
  return `${where} ${after.stopped ? 'stopped' : `ended: ${describeExit(after)}`}${took}`
}

/** @returns `exit 3: why`, `timed out, ended by SIGTERM` */
export function describeFailure({ exit, signal, error, timedOut }: InstanceLine): string {
  const how = `${timedOut ? 'timed out, ' : ''}${describeExit({ exit, signal })}`
  return error == null ? how : `${how}: ${error}`
}

export const isFailed = ({ state, timedOut = false, ...line }: InstanceLine): boolean =>
  state === 'ended' && hasFailed({ ...line, timedOut })

/** @returns how many are in which state: `2 running, 1 ready, 5 ended, 1 failed` */
export function countWork(work: MemberWork): string {
  const lines = [...work.values()]
  const counts = [
    ['waiting', lines.filter(({ state }) => state === 'waiting').length],
    ['running', lines.filter(({ state }) => state === 'started').length],
    ['ready', lines.filter(({ state }) => state === 'ready').length],
    ['ended', lines.filter(line => line.state === 'ended' && !isFailed(line)).length],
    ['failed', lines.filter(isFailed).length]
  ] as const
  return counts.flatMap(([name, count]) => (count === 0 ? [] : [`${count} ${name}`])).join(', ')
}

/** @returns the instances of each member, those members first that a person looks for: with a failure, then at work, then the rest */
export function linesByMember(work: MemberWork): Array<{ member: string; lines: InstanceLine[] }> {
  const members = Map.groupBy(work.values(), ({ member }) => member)
  return [...members]
    .map(([member, lines]) => ({ member, lines }))
    .sort((a, b) => urgencyOf(b.lines) - urgencyOf(a.lines) || (a.member < b.member ? -1 : 1))
}

function urgencyOf(lines: InstanceLine[]): number {
  if (lines.some(isFailed)) return 3
  if (lines.some(({ state, role }) => state === 'started' && role !== 'server')) return 2
  return lines.every(({ state }) => state === 'ended') ? 0 : 1
}

export const isSameSample = (one: Step | undefined, other: Step | undefined) =>
  one?.number === other?.number && one?.sample === other?.sample && one?.warmup === other?.warmup
