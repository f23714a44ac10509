/** Which of the peers that a selector means are here, and which are not. Pure. */
import type { MemberView } from '../../protocols/control.ts'
import type { Registration } from '../../protocols/hello.ts'
import { nearest } from '../../protocols/nearest.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Quorum } from '../../protocols/spec-fields.ts'
import { neededOf } from './quorum.ts'
import { namesIn, parseSelector } from './selector.ts'

/** A peer that a run was asked for and that cannot take part now. */
export interface Absent {
  name: string
  /** `unknown` for a name that no peer has. */
  state: 'lost' | 'draining' | 'left' | 'unknown'
  /** The selector has its name: the run waits for it and counts it. Others are known by a label, or by `all`. */
  named: boolean
  /** Of a name that no peer has: the peer that may be meant. */
  meant?: string
  /** What was registered on it. */
  registered?: Registration[]
}

export interface Attendance {
  /** Members that may be asked to join. */
  here: MemberView[]
  absent: Absent[]
}

/** Whether a new run may ask this member. */
export const isUsable = (member: MemberView) => member.state === 'alive' || member.state === 'busy'

/**
 * @param groups in which something is measured or runs: a name in one of their selectors, of a peer that `on` means, is waited for as one in `on` is
 * @throws {BakError} `usage` for a selector that means nothing
 */
export function attendanceOf(on: string, members: MemberView[], groups: Array<{ on: string }> = []): Attendance {
  const fits = parseSelector(on)
  const inGroups = groups.flatMap(each => namesIn(each.on))
  const names = namesIn(on)
  const selected = members.filter(fits)
  const here = selected.filter(isUsable)
  // a machine that was set up anew has the name of the peer that it was
  const taken = new Set(members.filter(isUsable).map(({ name }) => name))
  const away = selected.filter(member => !isUsable(member) && !taken.has(member.name))
  const absent = away.map(member => ({
    name: member.shown,
    state: member.state as Absent['state'],
    named: [...names, ...inGroups].some(({ means }) => means(member)),
    registered: member.registered
  }))
  const mayFit = ({ name }: { name: string }) => fits({ peer: name, name, labels: {} })
  const asked = [...names, ...inGroups.filter(mayFit)]
  const unknown = asked.filter(({ means }) => !members.some(means)).map(({ name }) => name)
  return {
    here,
    absent: [
      // who has left was told to; only a run that names it lacks it
      ...absent.filter(({ state, named }) => named || state !== 'left'),
      ...[...new Set(unknown)].map(name => ({
        name,
        state: 'unknown' as const,
        named: true,
        ...meantBy(name, members)
      }))
    ]
  }
}

/** @returns which of those whom a run asks for are here. @throws {BakError} as `attendanceOf` does */
export function attendanceOfRun(
  { on, groups, workload }: Pick<Spec, 'on' | 'groups' | 'workload'>,
  members: MemberView[]
) {
  const inUse = groups.filter(({ name, tools }) => tools.length > 0 || workload.some(({ group }) => group === name))
  return attendanceOf(on, members, inUse)
}

/** @returns how many members the quorum is of: those here, those named, and as many as were expected */
export function sizeOf({ here, absent }: Attendance, expect = 0): number {
  return Math.max(expect, here.length + absent.filter(({ named }) => named).length)
}

/** @returns whether nobody is waited for any more */
export const isComplete = ({ here, absent }: Attendance, expect = 1) =>
  here.length >= Math.max(1, expect) && !absent.some(({ named }) => named)

/** @returns whether those who are here are enough for the quorum */
export function isEnough(attendance: Attendance, { quorum, expect }: { quorum: Quorum; expect?: number | undefined }) {
  const { length } = attendance.here
  return length > 0 && length >= neededOf(quorum, sizeOf(attendance, expect))
}

/** Names such as n9 and n10 are near each other, and each may come: only what is nearly the same is a slip. */
function meantBy(name: string, members: MemberView[]): Pick<Absent, 'meant'> {
  const meant = nearest(name, [...new Set(members.map(each => each.name))], 1 / 3)
  return meant == null ? {} : { meant }
}

/** @returns why it cannot be asked, in words */
export const whyAbsent = ({ state }: Pick<Absent, 'state'>): string =>
  state === 'unknown' ? 'no peer has this name' : state

/** `d (lost)`, `node-7b (not known; did you mean node-7?)` */
export const describeAbsent = ({ name, state, meant }: Absent) => {
  const guess = meant == null ? '' : `; did you mean ${meant}?`
  return `${name} (${state === 'unknown' ? `not known${guess}` : state})`
}

/** Why a run cannot begin with those who are here, in words. */
export function whyTooFew(
  { here, absent }: Attendance,
  { on, quorum, expect, waited }: { on: string; quorum: Quorum; expect?: number | undefined; waited?: number }
): string {
  const missing = absent.length === 0 ? '' : `; missing: ${absent.map(describeAbsent).join(', ')}`
  const within = waited == null ? '' : ` within ${waited} s`
  if (here.length === 0) return `no peer that is here fits "${on}"${within}${missing}`
  const size = sizeOf({ here, absent }, expect)
  const needed = neededOf(quorum, size)
  const names = here.map(({ shown }) => shown).join(', ')
  const are = here.length === 1 ? 'is' : 'are'
  if (needed > size) return `a quorum of ${needed} was asked for, and "${on}" selects ${size}: ${names}${missing}`
  const whom = expect != null && expect >= size ? `${needed} of ${size} expected` : `${needed} of ${size}`
  return `${whom} members of "${on}" must take part, and ${here.length} ${are} here${within}: ${names}${missing}`
}
