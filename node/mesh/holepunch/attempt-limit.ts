/**
 * Attempts with many ports fill the tables of routers on their way: only a few go on at once, and only so many begin in a
 * period. Who comes too early waits.
 */
import { BakError } from '../../../protocols/errors.ts'

export interface AttemptLimitInit {
  atOnce: number
  inPeriod: number
  /** ms */
  period: number
}

export class AttemptLimit {
  readonly #init: AttemptLimitInit
  readonly #begun: number[] = []
  readonly #waiting: Array<() => void> = []
  #going = 0

  constructor(init: AttemptLimitInit) {
    this.#init = init
  }

  /**
   * @returns what ends the turn
   * @throws {BakError} `busy` where the period's turns are taken, or the signal's reason
   */
  async take(signal: AbortSignal): Promise<() => void> {
    const { atOnce, inPeriod, period } = this.#init
    const now = performance.now()
    while (this.#begun.length > 0 && now - (this.#begun[0] as number) > period) this.#begun.shift()
    if (this.#begun.length >= inPeriod) throw new BakError('busy', `more than ${inPeriod} attempts with many ports`)
    this.#begun.push(now)
    if (this.#going >= atOnce) await this.#wait(signal)
    this.#going++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#going--
      this.#waiting.shift()?.()
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>()
    const give = () => turn.resolve()
    const onAbort = () => {
      const at = this.#waiting.indexOf(give)
      if (at >= 0) this.#waiting.splice(at, 1)
      turn.reject(signal.reason)
    }
    this.#waiting.push(give)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    await turn.promise.finally(() => signal.removeEventListener('abort', onAbort))
  }
}
