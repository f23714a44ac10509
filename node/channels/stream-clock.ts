/**
 * Asks the controller over a member's line what time it is there: one small message each way on a stream that is open anyway,
 * so that nothing but the way is measured. Who asks waits until the line is up, and asks again where it broke meanwhile.
 */
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Clock } from '../../protocols/manifest.ts'
import type { FromController, FromMember } from '../../protocols/phase.ts'
import { now, sampleOf } from '../clock/clock.ts'

type Answer = Extract<FromController, { type: 'time' }>
type Say = (message: FromMember) => Promise<void>

/** Longest wait for the line and for an answer, ms. */
const PATIENCE = 30_000

export class StreamClock {
  #line = Promise.withResolvers<Say>()
  #question: { asked: number; answered: PromiseWithResolvers<Clock | undefined> } | undefined

  /** The line is up. */
  up(say: Say): void {
    this.#line.resolve(say)
  }

  /** The line broke: what was asked over it is not answered any more. */
  down(): void {
    this.#line = Promise.withResolvers()
    this.#question?.answered.resolve(undefined)
  }

  /** To be told at once: the instant at which it is counts. */
  heard({ asked, heard, answered }: Answer): void {
    const came = now()
    if (this.#question?.asked === asked) this.#question.answered.resolve(sampleOf(asked, heard, answered, came))
  }

  /** One exchange. @throws {BakError} `timeout`, or the signal's reason */
  async ask(signal: AbortSignal): Promise<Clock> {
    const over = Promise.withResolvers<never>()
    const stop = () => over.reject(asBakError(signal.reason))
    const expire = () =>
      over.reject(new BakError('timeout', `the controller did not tell its time within ${PATIENCE / 1000} s`))
    const timer = setTimeout(expire, PATIENCE)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    try {
      for (;;) {
        const say = await Promise.race([this.#line.promise, over.promise])
        const sample = await Promise.race([this.#askOver(say), over.promise])
        if (sample != null) return sample
      }
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  /** @returns nothing if the line broke */
  async #askOver(say: Say): Promise<Clock | undefined> {
    const question = { asked: now(), answered: Promise.withResolvers<Clock | undefined>() }
    this.#question = question
    // a line that takes nothing is down soon
    say({ type: 'time', asked: question.asked }).catch(() => {})
    return await question.answered.promise
  }
}
