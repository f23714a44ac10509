/**
 * What gives up the one request that a client has open: its timeout, and the end of the task. One timer for all of its requests, as a new one for
 * each costs more.
 */
import { onAbort } from '../../../wait.ts'
import { CUT, TIMEOUT } from './error-kinds.ts'

export class RequestTimer {
  readonly #ms: number
  readonly #giveUp: (kind: string) => void
  readonly #ignoreAbort: () => void
  #timer: NodeJS.Timeout | undefined
  #isOpen = false
  /** The task is cut short: no request begins. */
  isCut = false

  /** @param ms 0 is never @param signal aborts when the task is cut short @param giveUp is told the kind of error that it is */
  constructor(ms: number, signal: AbortSignal, giveUp: (kind: string) => void) {
    this.#ms = ms
    this.#giveUp = giveUp
    this.#ignoreAbort = onAbort(signal, () => {
      this.isCut = true
      giveUp(CUT)
    })
  }

  /** A request begins. */
  start(): void {
    this.#isOpen = true
    if (this.#ms === 0) return
    if (this.#timer == null) this.#timer = setTimeout(() => this.#expire(), Math.min(this.#ms, 2 ** 31 - 1))
    else this.#timer.refresh()
  }

  /** It has ended. */
  stop(): void {
    this.#isOpen = false
  }

  close(): void {
    this.#ignoreAbort()
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #expire(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#giveUp(TIMEOUT)
  }
}
