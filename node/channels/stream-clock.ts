/**
 * Compares this member's clock with the controller's over the run stream: one small message each way on a stream that is open anyway,
 * so that nothing but the path is measured. A caller waits until the stream is open; a question that a broken stream lost is asked again.
 */
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Clock } from '../../protocols/manifest.ts'
import type { FromController, FromMember } from '../../protocols/run-stream.ts'
import { sampleOf } from '../clock/clock.ts'
import { now } from '../now.ts'
import { onAbort, within } from '../wait.ts'

type Answer = Extract<FromController, { type: 'time' }>
type Send = (message: FromMember) => Promise<void>

/** Longest wait for the stream and for an answer, ms. */
const ANSWER_TIMEOUT_MS = 30_000

export class StreamClock {
  #open = Promise.withResolvers<Send>()
  /** An exchange that began before anybody asked for it. */
  #primed: Promise<Clock> | undefined
  /** Questions without an answer, by the clock that they carry. */
  readonly #asked = new Map<number, PromiseWithResolvers<Clock | undefined>>()

  /** The stream is open. */
  up(send: Send): void {
    this.#open.resolve(send)
  }

  /** The stream broke: what was asked over it is not answered any more. */
  down(): void {
    this.#open = Promise.withResolvers()
    for (const answered of this.#asked.values()) answered.resolve(undefined)
    this.#asked.clear()
  }

  /** To be called as soon as the answer is there: the instant of its arrival counts. */
  onAnswer({ asked, heard, answered }: Answer): void {
    const arrived = now()
    this.#asked.get(asked)?.resolve(sampleOf(asked, heard, answered, arrived))
    this.#asked.delete(asked)
  }

  /** Begins an exchange as soon as the stream opens, for the next caller of `ask`: it costs no round trip of its own. */
  prime(): void {
    const sample = this.#exchange(AbortSignal.timeout(ANSWER_TIMEOUT_MS))
    sample.catch(() => {})
    this.#primed = sample
  }

  /** One exchange; several may be under way. @throws {BakError} `timeout`, or the signal's reason */
  async ask(signal: AbortSignal): Promise<Clock> {
    const primed = this.#primed
    this.#primed = undefined
    return primed == null ? this.#exchange(signal) : within(primed, signal)
  }

  async #exchange(signal: AbortSignal): Promise<Clock> {
    const over = Promise.withResolvers<never>()
    const expire = () =>
      over.reject(new BakError('timeout', `the controller's clock did not come within ${ANSWER_TIMEOUT_MS / 1000} s`))
    const timer = setTimeout(expire, ANSWER_TIMEOUT_MS).unref()
    const removeListener = onAbort(signal, () => over.reject(asBakError(signal.reason)))
    try {
      for (;;) {
        const send = await Promise.race([this.#open.promise, over.promise])
        const sample = await Promise.race([this.#askOver(send), over.promise])
        if (sample != null) return sample
      }
    } finally {
      clearTimeout(timer)
      removeListener()
    }
  }

  /** @returns nothing if the stream broke */
  #askOver(send: Send): Promise<Clock | undefined> {
    const answered = Promise.withResolvers<Clock | undefined>()
    let asked = now()
    // it names the question
    while (this.#asked.has(asked)) asked += 0.001
    this.#asked.set(asked, answered)
    // a stream that takes nothing is down soon
    send({ type: 'time', asked }).catch(() => {})
    return answered.promise
  }
}
