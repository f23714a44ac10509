/** Acts that exclude each other: one after the other, in the order in which they were asked for. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve()

  /** What one of them throws is its caller's alone. */
  run<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act)
    this.#last = done.catch(() => {})
    return done
  }

  /** When all that was asked for so far is done, however it ended. */
  async settled(): Promise<void> {
    await this.#last
  }
}
