/**
 * When a member compares its clock with the controller's: at `join`; while it waits for the instant of `start`, if that was not
 * done for a minute; and at `end`. At `join` all are busy, and who is busy tells its time late. Before `start` nobody has anything
 * else to do. Each member has its turn: at the same time they would measure how long they wait for each other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import type { MeasuredPath } from '../../../protocols/path.ts'
import { best, better, now } from '../../clock/clock.ts'
import { CLOCK_MAX_AGE_MS, turnOf } from '../../clock/schedule.ts'
import type { PhaseContext } from './phase.ts'

/** Exchanges of one measurement. */
const EXCHANGES = 4
/** Before an instant there are more of them, after longer and longer pauses, until the clock is known so well, ms. */
const MORE = 8
const PAUSE = 5
const GOOD = 0.75
/** A measurement at `end` that takes longer says nothing, ms. */
const PATIENCE = 5_000
/** Nothing is measured any more so shortly before the instant; one further away is of a clock that was set meanwhile, ms. */
const LAST = 5
const FURTHEST = 5_000

type Where = Pick<PhaseContext, 'member' | 'ask' | 'signal'>

/** @returns how far this member's clock is from the controller's. @throws {BakError} why that is not known */
export async function measure({ member, ask, signal }: Where): Promise<Clock> {
  if (member.controller === member.self) return { offset: 0, bound: 0, at: now() }
  await sleep(turnOf(member.offer.candidates, member.self).after, undefined, { signal }).catch(() => {})
  const samples: Clock[] = []
  while (samples.length < EXCHANGES) samples.push(await ask(signal))
  return best(samples)
}

/** The same at the end of a run, whatever was known before. @returns why not, in words; the last measurement holds then */
export async function measureAgain({ member, ask, signal }: Where): Promise<string | undefined> {
  try {
    member.clock = await measure({ member, ask, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) })
    return undefined
  } catch (cause) {
    return `the clock could not be measured again: ${asBakError(cause).message}`
  }
}

/** Measures in the time that is left until an instant of the controller's clock, as well as it can be done in that. */
export async function measureBefore(at: number, { member, ask, signal }: Where): Promise<void> {
  const left = () => at - (now() + member.clock.offset)
  if (member.controller === member.self || now() - member.compared < CLOCK_MAX_AGE_MS || left() <= LAST) return
  const until = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(Math.min(left(), FURTHEST) - LAST))])
  const turn = left() - turnOf(member.offer.candidates, member.self).before
  const samples: Clock[] = []
  try {
    if (turn > 0 && turn < FURTHEST) await sleep(turn, undefined, { signal: until })
    while (samples.length < MORE) {
      samples.push(await ask(until))
      if (best(samples).bound < GOOD) break
      // at the same time others, too, found the controller busy
      await sleep(samples.length * PAUSE * (0.5 + Math.random()), undefined, { signal: until })
    }
    member.compared = now()
  } catch {
    // the time was over, or the line broke: what came until then is used, and the next `start` is for more
  }
  if (samples.length === 0) return
  member.clock = better(member.clock, best(samples))
}

/** @returns how this member reaches the controller, with the round trip of its last measurement; nothing for the controller */
export function pathNow({ member, parts }: PhaseContext): MeasuredPath | undefined {
  const path = parts.paths.of(member.controller)
  return path == null ? undefined : { ...path, roundTrip: 2 * member.clock.bound }
}
