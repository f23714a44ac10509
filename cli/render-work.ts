/** Draws what the workloads of members do: a line a member. Pure. */
import { formatDuration } from './format.ts'
import {
  countWork,
  describeFailure,
  type InstanceLine,
  isFailed,
  linesByMember,
  type MemberWork
} from './member-work.ts'
import type { Piece } from './output.ts'

/** Columns of the names of members. */
const MAX_NAME = 24

interface Options {
  now: number
  /** Lines at most, with the one that says how many more there are. */
  rows: number
  /** Last lines of output, by member. */
  tails?: ReadonlyMap<string, string>
  /** Whether only failures are drawn, since the sample is over. */
  isOver: boolean
}

export function drawWork(work: MemberWork, { now, rows, tails, isOver }: Options): Piece[][] {
  const members = linesByMember(work).filter(({ lines }) => !isOver || lines.some(isFailed))
  if (members.length === 0) return []
  const fitting = members.length <= rows ? members : members.slice(0, Math.max(1, rows - 1))
  const width = Math.min(MAX_NAME, Math.max(...fitting.map(({ member }) => member.length)))
  const drawn = fitting.map(({ member, lines }): Piece[] => {
    const tail = tails?.get(member)
    const pieces = lines.flatMap((line, i): Piece[] => [i === 0 ? '  ' : ', ', ...drawInstance(line, now)])
    const mark: Piece = lines.some(isFailed) ? ['red', '✗ '] : '  '
    return [
      '  ',
      mark,
      cut(member, width).padEnd(width),
      ...pieces,
      ...(tail == null ? [] : [['dim', `  | ${tail}`] as Piece])
    ]
  })
  const more = members.length - fitting.length
  if (more === 0) return drawn
  const others = new Map(
    members
      .slice(fitting.length)
      .flatMap(({ lines }) => lines.map((line, i) => [`${line.member}/${line.workload}/${i}`, line]))
  )
  return [...drawn, ['    ', ['dim', `${more} more: ${countWork(others)}`]]]
}

const cut = (name: string, width: number) => (name.length <= width ? name : `${name.slice(0, width - 1)}…`)

function drawInstance(line: InstanceLine, now: number): Piece[] {
  const { workload, instance, state, since, duration } = line
  const name = instance == null ? workload : `${workload}.${instance}`
  if (state === 'waiting') return [['dim', `${name} waiting`]]
  const took = state === 'ended' ? (duration ?? 0) : Math.max(0, now - (since ?? now))
  const time: Piece = ['dim', ` ${formatDuration(took)}`]
  if (isFailed(line)) return [['red', `${name} ${describeFailure(line)}`], time]
  if (state === 'ended') return [['green', `${name} ${line.stopped ? 'stopped' : 'ended'}`], time]
  return [[state === 'ready' ? 'green' : 'cyan', `${name} ${state === 'ready' ? 'ready' : 'running'}`], time]
}
