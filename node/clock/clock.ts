/**
 * The offset between this peer's clock and another's, from four timestamps: question sent, question received, answer sent, answer
 * received. Half of the round trip bounds the error, so that the fastest exchanges are the best.
 */
import { clockProtocol } from '../../protocols/clock.ts'
import type { Clock as Offset } from '../../protocols/manifest.ts'
import { callWith, type Opener, type WaitOptions } from '../../protocols/stream.ts'
import { now } from '../now.ts'

/** Exchanges of one measurement. */
const EXCHANGES = 6

/** Answers the measurements of other peers. */
export async function* answerClock(
  first: { asked: number },
  exchange: { receive(): Promise<{ asked: number } | undefined> }
) {
  for (let next: { asked: number } | undefined = first; next !== undefined; next = await exchange.receive()) {
    const heard = now()
    yield { asked: next.asked, heard, answered: now() }
  }
}

/** @returns how far the other's clock is ahead of this one, and the bound of the error, both in ms */
export async function measureClock(open: Opener, options: WaitOptions = {}): Promise<Offset> {
  const samples: Offset[] = []
  await callWith(open, clockProtocol, options, async ({ send, receive }) => {
    for (let i = 0; i < EXCHANGES; i++) {
      const asked = now()
      await send({ asked })
      const answer = await receive()
      if (answer === undefined) continue
      samples.push(sampleOf(asked, answer.heard, answer.answered, now()))
    }
  })
  return best(samples)
}

/** @returns how far the other clock is ahead, from one exchange, and when it was measured, on the other clock */
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
 * @returns the offset from the fastest question and the fastest answer, which need not be of one exchange: a busy peer delays one
 * direction, and only now and then
 */
export function best(samples: Offset[]): Offset {
  if (samples.length === 0) return { offset: 0, bound: Number.MAX_SAFE_INTEGER }
  const there = Math.min(...samples.map(({ offset, bound }) => bound + offset))
  const back = Math.min(...samples.map(({ offset, bound }) => bound - offset))
  return { offset: (there - back) / 2, bound: Math.max(0, (there + back) / 2), at: samples.at(-1)?.at }
}

/** The largest drift of a clock that is not broken: 100 ppm. */
const MAX_DRIFT = 1e-4

/** @returns the measurement with the smaller error now; the later one if they contradict each other */
export function better(early: Offset, late: Offset): Offset {
  if (early.at == null || late.at == null) return late
  const bound = early.bound + MAX_DRIFT * (late.at - early.at)
  const contradict = Math.abs(early.offset - late.offset) > bound + late.bound
  return contradict || late.bound <= bound ? late : early
}

/** @returns the same measurement as the other side would tell it: how far this clock is ahead of the other */
export const reversed = ({ offset, ...rest }: Offset): Offset => ({ ...rest, offset: 0 - offset })

/**
 * From two measurements of how far a clock is ahead of the controller's.
 * @returns by how much it runs faster than the controller's, and the bound of its error, both in ppm; undefined without two different
 * instants
 */
export function driftOf(begin: Offset, end: Offset): { drift: number; bound: number } | undefined {
  if (begin.at == null || end.at == null || end.at <= begin.at) return undefined
  const passed = end.at - begin.at
  const rate = (end.offset - begin.offset) / passed
  // the time between them is itself not known better than the offsets
  const wrong = ((begin.bound + end.bound) / passed) * (1 + Math.abs(rate))
  return { drift: rate * 1e6, bound: wrong * 1e6 }
}
