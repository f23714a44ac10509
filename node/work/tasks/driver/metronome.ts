/**
 * A thread that sleeps until the next moment that a worker thread has told it, and wakes that up. Node's timers have milliseconds: a request that
 * is paced by them goes out 0.6 ms late in the middle, which its latency would have in it.
 */
import { sharedOffset } from '../shared-clock.ts'
import type { Alarm } from './load-clock.ts'

/** One word by which sleepers are told of an earlier moment, then for each worker one by which it is woken; behind them the moments. */
const TOLD = 0
const wordOf = (slot: number) => 1 + slot
const momentsAt = (slots: number) => 8 * Math.ceil((4 * (1 + slots)) / 8)

export function sharedMetronome(slots: number): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(momentsAt(slots) + 8 * slots)
  momentsIn(shared, slots).fill(Number.POSITIVE_INFINITY)
  return shared
}

const momentsIn = (shared: SharedArrayBuffer, slots: number) => new Float64Array(shared, momentsAt(slots), slots)

/** Never returns: a thread of its own. */
export function runMetronome(shared: SharedArrayBuffer, slots: number): void {
  const words = new Int32Array(shared, 0, 1 + slots)
  const moments = momentsIn(shared, slots)
  const base = sharedOffset()
  for (;;) {
    const told = Atomics.load(words, TOLD)
    const now = performance.now() + base
    let next = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < slots; slot++) {
      const moment = moments[slot] as number
      if (moment > now) next = Math.min(next, moment)
      else {
        moments[slot] = Number.POSITIVE_INFINITY
        Atomics.add(words, wordOf(slot), 1)
        Atomics.notify(words, wordOf(slot))
      }
    }
    Atomics.wait(words, TOLD, told, next - now)
  }
}

/** The end of one worker thread. */
export class MetronomeAlarm implements Alarm {
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #moments: Float64Array
  readonly #slot: number
  readonly #base = sharedOffset()
  #ring = () => {}
  #isWaiting = false

  constructor({ shared, slot, slots }: { shared: SharedArrayBuffer; slot: number; slots: number }) {
    this.#words = new Int32Array(shared, 0, 1 + slots)
    this.#moments = momentsIn(shared, slots)
    this.#slot = slot
  }

  set(moment: number, ring: () => void): void {
    this.#ring = ring
    void this.#wait()
    // one that is overwritten as it rings is set again by what rings
    this.#moments[this.#slot] = moment + this.#base
    Atomics.add(this.#words, TOLD, 1)
    Atomics.notify(this.#words, TOLD)
  }

  clear(): void {
    this.#moments[this.#slot] = Number.POSITIVE_INFINITY
  }

  async #wait(): Promise<void> {
    if (this.#isWaiting) return
    this.#isWaiting = true
    const word = wordOf(this.#slot)
    const { value } = Atomics.waitAsync(this.#words, word, Atomics.load(this.#words, word))
    await value
    this.#isWaiting = false
    this.#ring()
  }
}
