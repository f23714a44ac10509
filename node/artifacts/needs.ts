/** Which artifacts are needed now, and by whom. */

export class Needs {
  readonly #digests = new Map<string, Set<string>>()

  /** @param owner who needs them, in addition to what it needs already */
  add(owner: string, digests: Iterable<string>): void {
    const needed = this.#digests.get(owner) ?? new Set()
    for (const each of digests) needed.add(each)
    this.#digests.set(owner, needed)
  }

  /** The owner needs nothing any more. */
  release(owner: string): void {
    this.#digests.delete(owner)
  }

  has(digest: string): boolean {
    return [...this.#digests.values()].some(digests => digests.has(digest))
  }
}
