/** Takes a few items at a time from a changing list: each has its turn before any has a second one. */
export class RoundRobin<T> {
  readonly #keyOf: (item: T) => string
  readonly #taken = new Set<string>()

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf
  }

  /**
   * @param items the list as it is now, the most promising items first
   * @returns up to `count` of them, those without a turn in this round first
   */
  next(items: T[], count: number): T[] {
    const fresh = items.filter(item => !this.#taken.has(this.#keyOf(item)))
    const taken = fresh.slice(0, count)
    if (taken.length < count) {
      this.#taken.clear()
      const again = items.filter(item => !taken.includes(item))
      taken.push(...again.slice(0, count - taken.length))
    }
    for (const item of taken) this.#taken.add(this.#keyOf(item))
    return taken
  }
}
