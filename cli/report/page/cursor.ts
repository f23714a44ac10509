/** The time under the pointer, one for the whole page: who sees it says it, all plots show it. */
import { oncePerFrame } from './dom.ts'
import { Listeners } from './listeners.ts'

export class Cursor {
  #time: number | undefined
  readonly #listeners = new Listeners<number | undefined>()
  readonly #tell = oncePerFrame(() => this.#listeners.tell(this.#time))

  /** @param time s of the run; undefined when the pointer has left */
  point(time: number | undefined): void {
    if (time === this.#time) return
    this.#time = time
    this.#tell()
  }

  /** @param signal ends it */
  onMove(listener: (time: number | undefined) => void, signal?: AbortSignal): void {
    this.#listeners.add(listener, signal)
  }
}
