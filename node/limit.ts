/** Limits concurrent work, in all and of one key. */
import { asBakError } from '../protocols/errors.ts'
import type { WaitOptions } from '../protocols/stream.ts'
import { onAbort } from './wait.ts'

interface Waiting {
  key: string
  begin(): void
}

/** Work of one key has a lower limit, so that a key that stalls does not hold up the others. */
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

  /** Does the work when its turn comes. @throws {BakError} the signal's reason, if it aborts before that */
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
      let stop = () => {}
      const waiting = {
        key,
        begin: () => {
          stop()
          resolve()
        }
      }
      this.#waiting.push(waiting)
      if (signal != null) {
        stop = onAbort(signal, () => {
          this.#waiting = this.#waiting.filter(each => each !== waiting)
          reject(asBakError(signal.reason))
        })
      }
      this.#next()
    })
  }

  /** Begins waiting work in order of arrival, but for keys at their limit. */
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
