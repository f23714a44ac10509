/** The values of keys, and who waits for one. The last value that was put is that of the key. Pure. */
export interface KeyBounds {
  keys: number
  /** Of all values. */
  bytes: number
}

export class Keys<Call> {
  readonly #bounds: KeyBounds
  readonly #values = new Map<string, Uint8Array>()
  readonly #waiting = new Map<Call, string>()
  #bytes = 0

  constructor(bounds: KeyBounds) {
    this.#bounds = bounds
  }

  /** @returns why not, if it is too much */
  put(key: string, value: Uint8Array): string | undefined {
    const before = this.#values.get(key)
    const bytes = this.#bytes - (before?.length ?? 0) + value.length
    if (before == null && this.#values.size >= this.#bounds.keys) return `there are ${this.#bounds.keys} keys already`
    if (bytes > this.#bounds.bytes) return `the values of all keys have at most ${this.#bounds.bytes} bytes`
    this.#values.set(key, value)
    this.#bytes = bytes
    return undefined
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  wait(call: Call, key: string): void {
    this.#waiting.set(call, key)
  }

  withdraw(call: Call): void {
    this.#waiting.delete(call)
  }

  /** @returns the calls whose key has a value now */
  settle(): Array<{ call: Call; value: Uint8Array }> {
    return [...this.#waiting].flatMap(([call, key]) => {
      const value = this.#values.get(key)
      if (value == null) return []
      this.#waiting.delete(call)
      return [{ call, value }]
    })
  }
}
