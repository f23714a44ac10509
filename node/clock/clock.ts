/**
 * How far this peer's clock is from another's, from four timestamps: when it asked, when the other heard, when the other
 * answered, when the answer came. The exchange with the shortest way is the best; half its way bounds the error.
 */

import { clockProtocol } from '../../protocols/clock.ts'
import type { Clock as Offset } from '../../protocols/manifest.ts'
import { call, type Opener, type WaitOptions } from '../../protocols/stream.ts'

/** Exchanges of one measurement. */
const EXCHANGES = 6

/** Between two looks at the clocks there may be no more, ms: whoever was held up looks again. */
const GLANCE = 0.1
const MAX_GLANCES = 5

let origin = performance.timeOrigin

/**
 * This machine's wall time in ms since 1970, with fractions. The monotonic clock tells the fractions; it is brought back to
 * the wall clock where that was set, or went on while the machine slept.
 */
export function now(): number {
  for (let glances = 1; ; glances++) {
    const before = performance.now()
    const wall = Date.now()
    const after = performance.now()
    if (after - before > GLANCE && glances < MAX_GLANCES) continue
    const fine = origin + after
    // Date.now() cuts the fractions off: the truth lies within this ms
    const truth = Math.min(Math.max(fine, wall), wall + 1)
    origin += truth - fine
    return truth
  }
}

export interface ClockComponents {
  streams: {
    serve(protocol: typeof clockProtocol, handler: typeof answerClock): Promise<void>
    unserve(protocol: typeof clockProtocol): Promise<void>
  }
}

/** Answers other peers' measurements. */
export class Clock {
  readonly #streams: ClockComponents['streams']

  constructor(components: ClockComponents) {
    this.#streams = components.streams
  }

  async start(): Promise<void> {
    await this.#streams.serve(clockProtocol, answerClock)
  }

  async stop(): Promise<void> {
    await this.#streams.unserve(clockProtocol)
  }
}

async function* answerClock(first: { asked: number }, exchange: { receive(): Promise<{ asked: number } | undefined> }) {
  for (let next: { asked: number } | undefined = first; next !== undefined; next = await exchange.receive()) {
    const heard = now()
    yield { asked: next.asked, heard, answered: now() }
  }
}

/** @returns what to add to this clock to get the other's, in ms, and how wrong that may be */
export async function measureClock(open: Opener, options: WaitOptions = {}): Promise<Offset> {
  const exchange = await call(open, clockProtocol, options)
  const samples: Offset[] = []
  try {
    for (let i = 0; i < EXCHANGES; i++) {
      const asked = now()
      await exchange.send({ asked })
      const answer = await exchange.receive()
      if (answer === undefined) continue
      samples.push(sampleOf(asked, answer.heard, answer.answered, now()))
    }
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  } finally {
    await exchange.close()
  }
  return best(samples)
}

/** @returns what one exchange tells, and when it was made */
export function sampleOf(asked: number, heard: number, answered: number, came: number): Offset {
  const sample = offsetOf(asked, heard, answered, came)
  return { ...sample, at: came + sample.offset }
}

/** NTP's formula, RFC 5905 section 8. */
export function offsetOf(asked: number, heard: number, answered: number, came: number): Offset {
  return {
    offset: (heard - asked + (answered - came)) / 2,
    bound: Math.max(0, (came - asked - (answered - heard)) / 2)
  }
}

/**
 * @returns the offset out of the shortest way there and the shortest way back, which need not be those of one exchange: who
 * is busy holds up one of the two ways, and now and then lets one through
 */
export function best(samples: Offset[]): Offset {
  if (samples.length === 0) return { offset: 0, bound: Number.MAX_SAFE_INTEGER }
  const there = Math.min(...samples.map(({ offset, bound }) => bound + offset))
  const back = Math.min(...samples.map(({ offset, bound }) => bound - offset))
  return { offset: (there - back) / 2, bound: Math.max(0, (there + back) / 2), at: samples.at(-1)?.at }
}

/** A clock goes wrong by no more than this, but for those that are broken: 100 ppm. */
const WANDERS = 1e-4

/** @returns of two measurements of a clock the one that tells more now; the later one where they contradict each other */
export function better(early: Offset, late: Offset): Offset {
  if (early.at == null || late.at == null) return late
  const bound = early.bound + WANDERS * (late.at - early.at)
  const contradict = Math.abs(early.offset - late.offset) > bound + late.bound
  return contradict || late.bound <= bound ? late : early
}

/**
 * How much faster than the controller's a clock runs, in ppm, and how wrong that may be, from two measurements of it.
 * @returns nothing where it is not known when they were made, or both were at the same time
 */
export function driftOf(begin: Offset, end: Offset): { drift: number; bound: number } | undefined {
  if (begin.at == null || end.at == null || end.at <= begin.at) return undefined
  const passed = end.at - begin.at
  const rate = (begin.offset - end.offset) / passed
  // the time that passed is itself not known better than the offsets
  const wrong = ((begin.bound + end.bound) / passed) * (1 + Math.abs(rate))
  return { drift: rate * 1e6, bound: wrong * 1e6 }
}
