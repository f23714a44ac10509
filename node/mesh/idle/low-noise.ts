/**
 * Whether this peer measures: between `start` and `stop` of a run its daemon does only what must be done. Whatever it does again
 * and again asks here how often.
 */
import { TypedEventEmitter } from 'main-event'

export interface LowNoiseEvents {
  /** It has begun to measure, or ended. */
  change: CustomEvent
}

export class LowNoiseMode extends TypedEventEmitter<LowNoiseEvents> {
  readonly #runs = new Set<string>()

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  get measuring(): boolean {
    return this.#runs.size > 0
  }

  /** Says of one run whether this peer is between its `start` and its `stop`. */
  note(run: string, measures: boolean): void {
    const before = this.measuring
    if (measures) this.#runs.add(run)
    else this.#runs.delete(run)
    if (this.measuring !== before) this.dispatchEvent(new CustomEvent('change'))
  }
}
