/**
 * When a member compares its clock with the controller's: at `join`; while it waits for the instant of `start`, if that was not done
 * for a minute; and at `end`. At `join` all machines are busy, and a busy one answers late; before `start` nobody has anything else to
 * do. Each member has its turn: at the same time they would measure how long they wait for each other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import type { MeasuredPath } from '../../../protocols/path.ts'
import { best, better } from '../../clock/clock.ts'
import { CLOCK_MAX_AGE_MS, turnOf } from '../../clock/schedule.ts'
import { clockSteps, now } from '../../now.ts'
import { pause } from '../../wait.ts'
import type { PhaseContext } from './phase.ts'

/** Exchanges of one measurement. */
const EXCHANGES = 4
/** An exchange begins when the one before is over, and at the latest after this, ms: on a long path all take one round trip. */
const EXCHANGE_INTERVAL_MS = 3
/** Before an instant there are more exchanges, after longer and longer pauses, until the bound is small enough. */
const MAX_EXCHANGES_BEFORE = 8
const PAUSE_MS = 5
const GOOD_BOUND_MS = 0.75
/** Longest measurement at `end`, and of one that nobody waits for, ms. */
const MEASURE_TIMEOUT_MS = 5_000
/** The measurement ends so long before the instant, ms. */
const MARGIN_MS = 5
/** An instant further away, or so long ago, was agreed by a clock that was set meanwhile, ms: it is measured again at once, for so long. */
const MAX_AHEAD_MS = 5_000
const MEASURE_SET_MS = 1_000

/** From this bound on, half of a round trip, one exchange has to do at `join`, ms; more follow while the run goes on. */
const LONG_PATH_BOUND_MS = 10

type Measuring = Pick<PhaseContext, 'member' | 'ask' | 'signal'>

/**
 * @returns how far this member's clock is from the controller's, as well as it can be known without a round trip of its own on a long
 * path. @throws {BakError} why that is not known
 */
export async function measureAtJoin(context: Measuring): Promise<Clock> {
  const { member, ask, signal } = context
  if (member.controller === member.self) return measure(context)
  const first = await ask(signal)
  if (first.bound < LONG_PATH_BOUND_MS) return better(first, await measure(context))
  const later = measure({ ...context, signal: AbortSignal.timeout(MEASURE_TIMEOUT_MS) })
  later.then(
    clock => {
      member.clock = better(member.clock, clock)
    },
    () => {}
  )
  return first
}

/** Several exchanges, in this member's turn. @throws {BakError} why the clock is not known */
export async function measure({ member, ask, signal }: Measuring): Promise<Clock> {
  if (member.controller === member.self) return { offset: 0, bound: 0, at: now() }
  await pause(turnOf(member.offer.candidates, member.self).after, signal)
  const samples: Promise<Clock>[] = []
  while (samples.length < EXCHANGES) {
    const sample = ask(signal)
    samples.push(sample)
    // a failure is thrown where it is awaited
    sample.catch(() => {})
    await Promise.race([sample, pause(EXCHANGE_INTERVAL_MS)])
  }
  return best(await Promise.all(samples))
}

/** Measures at the end of a run, whatever was known before. @returns why it could not, in words; the last measurement holds then */
export async function measureAgain({ member, ask, signal }: Measuring): Promise<string | undefined> {
  try {
    member.clock = await measure({
      member,
      ask,
      signal: AbortSignal.any([signal, AbortSignal.timeout(MEASURE_TIMEOUT_MS)])
    })
    return undefined
  } catch (cause) {
    return `the clock could not be measured again: ${asBakError(cause).message}`
  }
}

/** Measures in the time that is left until an instant of the controller's clock, as well as it can be done in that. */
export async function measureBefore(at: number, { member, ask, signal }: Measuring): Promise<void> {
  const left = at - (now() - member.clock.offset)
  const wasSet = Math.abs(left) > MAX_AHEAD_MS
  if (member.controller === member.self || (!wasSet && (isFresh(member.compared) || left <= MARGIN_MS))) return
  const time = wasSet ? MEASURE_SET_MS : Math.ceil(left - MARGIN_MS)
  const until = AbortSignal.any([signal, AbortSignal.timeout(time)])
  const turn = wasSet ? 0 : left - turnOf(member.offer.candidates, member.self).before
  const samples: Clock[] = []
  try {
    if (turn > 0) await sleep(turn, undefined, { signal: until })
    while (samples.length < MAX_EXCHANGES_BEFORE) {
      samples.push(await ask(until))
      if (best(samples).bound < GOOD_BOUND_MS) break
      // other members found the controller busy at the same time
      await sleep(samples.length * PAUSE_MS * (0.5 + Math.random()), undefined, { signal: until })
    }
    member.compared = performance.now()
  } catch {
    // the time was over, or the stream broke: the samples until then are used, and the next `start` measures again
  }
  if (samples.length === 0) return
  member.clock = better(member.clock, best(samples))
}

/** Whether a comparison holds still: it is not old, and this clock was not set after it. */
const isFresh = (compared: number): boolean =>
  performance.now() - compared < CLOCK_MAX_AGE_MS && clockSteps(compared).length === 0

/** @returns how this member reaches the controller, with the round trip of its last measurement; nothing for the controller */
export function pathNow({ member, parts }: PhaseContext): MeasuredPath | undefined {
  const path = parts.paths.of(member.controller)
  return path == null ? undefined : { ...path, roundTrip: 2 * member.clock.bound }
}
