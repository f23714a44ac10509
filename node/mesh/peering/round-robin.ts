/** Takes from a set that changes, a few at a time, so that everything in it has its turn before anything has two. */
export class RoundRobin<T> {
  readonly #keyOf: (each: T) => string
  readonly #had = new Set<string>()

  constructor(keyOf: (each: T) => string) {
    this.#keyOf = keyOf
  }

  /**
   * @param all what there is now, most hopeful first
   * @returns up to `count` of it that have had no turn for the longest
   */
  next(all: T[], count: number): T[] {
    const fresh = all.filter(each => !this.#had.has(this.#keyOf(each)))
    const taken = fresh.slice(0, count)
    if (taken.length < count) {
      this.#had.clear()
      const again = all.filter(each => !taken.includes(each))
      taken.push(...again.slice(0, count - taken.length))
    }
    for (const each of taken) this.#had.add(this.#keyOf(each))
    return taken
  }
}
