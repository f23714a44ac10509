/** So many pieces of work at once, and fewer for one key, so that one peer that stalls delays no other. */
import { asBakError } from '../protocols/errors.ts'
import type { WaitOptions } from '../protocols/stream.ts'

interface LimitInit {
  /** Pieces of work at once. */
  total: number
  /** Pieces of work at once for one key; as many as `total` by default. */
  perKey?: number
}

interface Waiter {
  key: string
  admit(): void
}

export class Limit {
  readonly #total: number
  readonly #perKey: number
  readonly #runningByKey = new Map<string, number>()
  #running = 0
  #queue: Waiter[] = []

  constructor({ total, perKey = total }: LimitInit) {
    this.#total = total
    this.#perKey = perKey
  }

  /** Does the work when there is room for it. @throws as `acquire` and the work do */
  async run<T>(key: string, work: () => Promise<T>, options: WaitOptions = {}): Promise<T> {
    const release = await this.acquire(key, options)
    try {
      return await work()
    } finally {
      release()
    }
  }

  /**
   * Waits for room: first come, first served, except that a key at its own limit does not delay others.
   * @returns what gives the room back; further calls of it do nothing
   * @throws {BakError} the reason of the signal, if it aborts first
   */
  acquire(key: string, { signal }: WaitOptions = {}): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#queue = this.#queue.filter(each => each !== waiter)
        reject(asBakError(signal?.reason))
      }
      const waiter = {
        key,
        admit: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(this.#enter(key))
        }
      }
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort)
      this.#queue.push(waiter)
      this.#admitNext()
    })
  }

  #enter(key: string): () => void {
    this.#running++
    this.#runningByKey.set(key, this.#runningOf(key) + 1)
    let entered = true
    return () => {
      if (!entered) return
      entered = false
      this.#running--
      const left = this.#runningOf(key) - 1
      if (left > 0) this.#runningByKey.set(key, left)
      else this.#runningByKey.delete(key)
      this.#admitNext()
    }
  }

  #runningOf(key: string): number {
    return this.#runningByKey.get(key) ?? 0
  }

  #admitNext(): void {
    while (this.#running < this.#total) {
      const at = this.#queue.findIndex(({ key }) => this.#runningOf(key) < this.#perKey)
      if (at < 0) return
      this.#queue.splice(at, 1)[0]?.admit()
    }
  }
}

/** Does the work for each item, `total` of them at once. @returns the results in the order of the items, each when it is there */
export function eachLimited<T, R>(items: T[], total: number, work: (item: T) => Promise<R>): Promise<R>[] {
  const limit = new Limit({ total })
  return items.map(each => limit.run('', () => work(each)))
}
