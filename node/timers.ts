/** One-shot timers of one owner, which end together. They do not keep the process alive. */
export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>()

  get size(): number {
    return this.#pending.size
  }

  after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(timer)
      act()
    }, ms)
    this.#pending.add(timer.unref())
  }

  clear(): void {
    for (const timer of this.#pending) clearTimeout(timer)
    this.#pending.clear()
  }
}
