import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import type { MeasuredPath } from '../../../protocols/path.ts'
import { measureClock, now } from '../../mesh/clock.ts'
import type { PhaseContext } from './phase.ts'

/** After this even a poor clock has gone by no more than a few ms. */
const STALE = 60_000
/** A measurement that takes longer says nothing, ms. */
const PATIENCE = 5_000

/** Members that join at the same time measure one after the other, or they measure how long they wait for each other, ms. */
const TURN = 10
const LAST_TURN = 4_000

/** The same as `measure`, at a moment of its own among the candidates of a run. */
export async function measureInTurn(context: Omit<PhaseContext, 'command'>): Promise<Clock> {
  const { member, signal } = context
  if (member.controller !== member.self) {
    const { candidates } = member.offer
    const turn = candidates.findIndex(({ peer }) => peer === member.self)
    await sleep(Math.min(LAST_TURN, turn * TURN), undefined, { signal }).catch(() => {})
  }
  return measure(context)
}

/** @returns how far this member's clock is from the controller's */
export async function measure({ member, parts, signal }: Omit<PhaseContext, 'command'>): Promise<Clock> {
  if (member.controller === member.self) return { offset: 0, bound: 0, at: now() }
  return measureClock(parts.streams.to(member.controller), { signal })
}

/**
 * Measures again, so that instants which the member tells from now on are right on the controller's clock, however fast its
 * own runs. @returns why not, in words; the last measurement stays in force then
 */
export async function measureAgain(context: PhaseContext): Promise<string | undefined> {
  const { member, signal } = context
  try {
    member.clock = await measure({ ...context, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) })
    return undefined
  } catch (cause) {
    return `the clock could not be measured again: ${asBakError(cause).message}`
  }
}

/** The same, where the last measurement is old. */
export async function refresh(context: PhaseContext): Promise<void> {
  const { at = 0, offset } = context.member.clock
  if (now() + offset - at > STALE) await measureAgain(context)
}

/** @returns how this member reaches the controller, with the round trip of its last measurement; nothing for the controller */
export function pathNow({ member, parts }: PhaseContext): MeasuredPath | undefined {
  const path = parts.paths.of(member.controller)
  return path == null ? undefined : { ...path, roundTrip: 2 * member.clock.bound }
}
