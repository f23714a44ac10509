/** A queue between two asynchronous functions. */
import { BakError } from './errors.ts'

/** A bounded queue: `put` waits while it is full, `take` while it is empty. */
export class Queue<T> {
  readonly #items: T[] = []
  #ended = false
  #error: Error | undefined
  #changed = Promise.withResolvers<void>()
  readonly #bound: number

  constructor(bound = 16) {
    this.#bound = bound
  }

  async put(item: T): Promise<void> {
    while (this.#items.length >= this.#bound && this.#error == null && !this.#ended) await this.#changed.promise
    if (this.#error != null) throw this.#error
    if (this.#ended) throw new BakError('unreachable', 'the reader of this queue has ended')
    this.#items.push(item)
    this.#wake()
  }

  /** Puts the item unless the queue is full. @returns whether it was put */
  offer(item: T): boolean {
    if (this.#ended || this.#error != null || this.#items.length >= this.#bound) return false
    this.#items.push(item)
    this.#wake()
    return true
  }

  /** @returns undefined when the queue has ended */
  async take(): Promise<T | undefined> {
    while (this.#items.length === 0 && !this.#ended && this.#error == null) await this.#changed.promise
    if (this.#error != null) throw this.#error
    const item = this.#items.shift()
    this.#wake()
    return item
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
