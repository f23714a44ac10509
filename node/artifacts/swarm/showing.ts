/** What a peer that has all of a content shows its neighbours: each few chunks at a time, those that the others were shown and have least. */
import type { Link } from './link.ts'
import { showChunks } from './pick.ts'

/** Chunks that a neighbour was shown and does not have yet. */
const SHOWN = 4
/** When so many times the content was sent, only what no neighbour has is shown. */
const SOURCE_TIMES = 3
/** A neighbour that has got nothing new for so long has no others to get it from, and is shown more all the same, ms. */
const STARVED_MS = 5_000
/** With so few peers nobody passes anything on: all is shown. */
const FEW_PEERS = 2

export class Showing {
  readonly #total: number
  /** How many peers have each chunk. */
  readonly #copies: ArrayLike<number>
  readonly #shown: Uint16Array

  constructor(total: number, copies: ArrayLike<number>) {
    this.#total = total
    this.#copies = copies
    this.#shown = new Uint16Array(total)
  }

  /** @param sent chunks that were sent to anybody @returns what the neighbour is shown now */
  next(link: Link, sent: number): number[] {
    link.isAlone ||= performance.now() - link.grew > STARVED_MS
    const fresh = showChunks({
      ...{ total: this.#total, copies: this.#copies, shown: this.#shown },
      isKnown: chunk => link.has.has(chunk) || link.shown.has(chunk),
      onlyNew: sent > SOURCE_TIMES * this.#total && !link.isAlone,
      most: link.peers <= FEW_PEERS ? this.#total : SHOWN - link.shown.size
    })
    for (const chunk of fresh) {
      link.shown.add(chunk)
      this.#shown[chunk] = (this.#shown[chunk] as number) + 1
    }
    return fresh
  }

  /** The neighbour has a chunk now. */
  arrived(link: Link, chunk: number): void {
    if (link.shown.has(chunk)) this.#withdraw(link, chunk)
    else link.isAlone = false
  }

  gone(link: Link): void {
    for (const chunk of link.shown) this.#withdraw(link, chunk)
  }

  #withdraw(link: Link, chunk: number): void {
    link.shown.delete(chunk)
    this.#shown[chunk] = (this.#shown[chunk] as number) - 1
  }
}
