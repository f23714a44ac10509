/**
 * Bounds attempts with many ports, each of which fills the tables of routers: how many run at once, and how many begin in a
 * period. An attempt beyond the first bound waits, one beyond the second is refused.
 */
import { BakError } from '../../../protocols/errors.ts'
import { Limit } from '../../limit.ts'

export interface AttemptLimitInit {
  maxConcurrent: number
  maxPerPeriod: number
  periodMs: number
}

export class AttemptLimit {
  readonly #init: AttemptLimitInit
  readonly #begun: number[] = []
  readonly #running: Limit

  constructor(init: AttemptLimitInit) {
    this.#init = init
    this.#running = new Limit({ total: init.maxConcurrent })
  }

  /**
   * Waits until an attempt may begin.
   * @returns to be called when it has ended; a second call does nothing
   * @throws {BakError} `busy` for too many in the period, or the signal's reason
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    const { maxPerPeriod, periodMs } = this.#init
    const now = performance.now()
    while (this.#begun.length > 0 && now - (this.#begun[0] as number) > periodMs) this.#begun.shift()
    if (this.#begun.length >= maxPerPeriod) {
      throw new BakError('busy', `more than ${maxPerPeriod} attempts in ${periodMs / 1000} s`)
    }
    this.#begun.push(now)
    return this.#running.acquire('', { signal })
  }
}
