/** Waits for the members that a run expects. */
import type { MemberView } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Members } from '../mesh/membership/members.ts'
import { nextEvent } from '../wait.ts'
import { parseSelector } from './selector.ts'

/** A member that has just come is heard of within this, ms. */
const NEWS = 2_000

/**
 * Waits until as many members as the spec expects are here and fit its selector.
 * @returns those members
 * @throws {BakError} `quorum` naming who is there, when the join timeout is over; what the signal says
 */
export async function waitForMembers(
  spec: Spec,
  members: Members,
  { signal, onWaiting }: { signal: AbortSignal; onWaiting(expect: number, present: number): void }
): Promise<MemberView[]> {
  const fits = parseSelector(spec.on)
  const expect = spec.expect ?? 1
  const present = () => members.list().filter(member => isUsable(member) && fits(member))
  // without --expect nobody is waited for, but for news that is on its way
  const patience =
    spec.expect == null ? Math.min(NEWS, spec.policy.join_timeout * 1000) : spec.policy.join_timeout * 1000
  const deadline = AbortSignal.timeout(patience)
  for (let told = -1; ; ) {
    const here = present()
    if (here.length >= expect) return here
    signal.throwIfAborted()
    if (deadline.aborted) throw new BakError('quorum', whyNot(spec, here, expect, members.list()))
    if (here.length !== told) onWaiting(expect, here.length)
    told = here.length
    await nextEvent(members, 'change', AbortSignal.any([signal, deadline]))
  }
}

/** Whether a new run may ask this member. */
export const isUsable = (member: MemberView) => member.state === 'alive' || member.state === 'busy'

function whyNot(spec: Spec, here: MemberView[], expect: number, all: MemberView[]): string {
  const names = here.map(member => member.shown).join(', ') || 'none'
  const present = new Set(here.map(member => member.peer))
  const rest = all.filter(member => !present.has(member.peer)).map(member => `${member.shown} (${member.state})`)
  const others = rest.length === 0 ? '' : `; others in the mesh: ${rest.join(', ')}`
  if (spec.expect == null) return `no peer that is here fits "${spec.on}"${others}`
  const members = expect === 1 ? '1 member' : `${expect} members`
  return `${members} of "${spec.on}" were expected within ${spec.policy.join_timeout} s, here are ${names}${others}`
}
