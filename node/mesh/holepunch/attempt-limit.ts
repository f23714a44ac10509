/**
 * Bounds attempts with many ports, each of which fills the tables of routers: how many run at once, and how many begin in a
 * period. An attempt beyond the first bound waits, one beyond the second is refused.
 */
import { BakError } from '../../../protocols/errors.ts'
import { onAbort } from '../../wait.ts'

export interface AttemptLimitInit {
  maxConcurrent: number
  maxPerPeriod: number
  periodMs: number
}

export class AttemptLimit {
  readonly #init: AttemptLimitInit
  readonly #begun: number[] = []
  readonly #waiting: Array<() => void> = []
  #running = 0

  constructor(init: AttemptLimitInit) {
    this.#init = init
  }

  /**
   * Waits until an attempt may begin.
   * @returns to be called when it has ended; a second call does nothing
   * @throws {BakError} `busy` for too many in the period, or the signal's reason
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    const { maxConcurrent, maxPerPeriod, periodMs } = this.#init
    const now = performance.now()
    while (this.#begun.length > 0 && now - (this.#begun[0] as number) > periodMs) this.#begun.shift()
    if (this.#begun.length >= maxPerPeriod) {
      throw new BakError('busy', `more than ${maxPerPeriod} attempts in ${periodMs / 1000} s`)
    }
    this.#begun.push(now)
    if (this.#running >= maxConcurrent) await this.#wait(signal)
    this.#running++
    let released = false
    return () => {
      if (released) return
      released = true
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>()
    const begin = () => turn.resolve()
    this.#waiting.push(begin)
    const stop = onAbort(signal, () => {
      const at = this.#waiting.indexOf(begin)
      if (at >= 0) this.#waiting.splice(at, 1)
      turn.reject(signal.reason)
    })
    await turn.promise.finally(stop)
  }
}
