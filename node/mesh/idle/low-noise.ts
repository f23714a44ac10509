/**
 * Low-noise mode: between `start` and `stop` of a run the daemon of a member does only what it must, so that it does not disturb the
 * measurement. Parts with periodic work ask here before they choose their period.
 */
import { TypedEventEmitter } from 'main-event'

export interface LowNoiseEvents {
  /** The mode was entered or left. */
  change: CustomEvent
}

export class LowNoiseMode extends TypedEventEmitter<LowNoiseEvents> {
  readonly #runs = new Set<string>()

  /** True while at least one run measures this peer. */
  get active(): boolean {
    return this.#runs.size > 0
  }

  /** @param active whether this peer is between `start` and `stop` of the run */
  set(run: string, active: boolean): void {
    const before = this.active
    if (active) this.#runs.add(run)
    else this.#runs.delete(run)
    if (this.active !== before) this.dispatchEvent(new CustomEvent('change'))
  }
}
