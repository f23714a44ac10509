/** Who is told of a change, until it leaves the page. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>()

  /** @param signal ends it */
  add(listener: (value: T) => void, signal?: AbortSignal): void {
    if (signal?.aborted) return
    this.#all.add(listener)
    signal?.addEventListener('abort', () => this.#all.delete(listener), { once: true })
  }

  tell(value: T): void {
    for (const listener of [...this.#all]) listener(value)
  }
}
