import { asBakError } from '../protocols/errors.ts'
import type { WaitOptions } from '../protocols/stream.ts'

interface Waiting {
  key: string
  begin(): void
}

/** Lets only so many pieces of work go on at once, and of one key fewer, so that one that stalls holds up nobody else. */
export class Limit {
  readonly #most: number
  readonly #mostOfOne: number
  readonly #busy = new Map<string, number>()
  #count = 0
  #waiting: Waiting[] = []

  constructor({ most, mostOfOne }: { most: number; mostOfOne: number }) {
    this.#most = most
    this.#mostOfOne = mostOfOne
  }

  /** Does the work when its turn comes. @throws what the signal was aborted with while it waits */
  async use<T>(key: string, work: () => Promise<T>, { signal }: WaitOptions = {}): Promise<T> {
    await this.#turn(key, signal)
    try {
      return await work()
    } finally {
      this.#count--
      const left = (this.#busy.get(key) ?? 1) - 1
      if (left > 0) this.#busy.set(key, left)
      else this.#busy.delete(key)
      this.#next()
    }
  }

  #turn(key: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting = this.#waiting.filter(each => each !== waiting)
        reject(asBakError(signal?.reason))
      }
      const waiting = {
        key,
        begin: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        }
      }
      if (signal?.aborted) return giveUp()
      signal?.addEventListener('abort', giveUp)
      this.#waiting.push(waiting)
      this.#next()
    })
  }

  /** Begins whatever may: first come, first served, but for those whose key has its share. */
  #next(): void {
    while (this.#count < this.#most) {
      const at = this.#waiting.findIndex(({ key }) => (this.#busy.get(key) ?? 0) < this.#mostOfOne)
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1)
      if (next == null) return
      this.#count++
      this.#busy.set(next.key, (this.#busy.get(next.key) ?? 0) + 1)
      next.begin()
    }
  }
}
