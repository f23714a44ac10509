/** Events of a simulated time: a heap, the earliest on top; of equal ones the one that was planned first. */

interface Entry {
  at: number
  order: number
  act(): void
}

export class Agenda {
  readonly #heap: Entry[] = []
  #order = 0
  #now = 0

  /** ms since the beginning. */
  get now(): number {
    return this.#now
  }

  plan(at: number, act: () => void): void {
    const heap = this.#heap
    heap.push({ at: Math.max(at, this.#now), order: this.#order++, act })
    for (let i = heap.length - 1; i > 0; ) {
      const above = (i - 1) >> 1
      if (!earlier(heap[i] as Entry, heap[above] as Entry)) return
      swap(heap, i, above)
      i = above
    }
  }

  /** Goes on until nothing is planned. */
  run(): void {
    for (let next = this.#take(); next != null; next = this.#take()) {
      this.#now = next.at
      next.act()
    }
  }

  #take(): Entry | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first == null || last == null || heap.length === 0) return first
    heap[0] = last
    for (let i = 0; ; ) {
      const below = [2 * i + 1, 2 * i + 2].filter(at => at < heap.length)
      const least = below.reduce((best, at) => (earlier(heap[at] as Entry, heap[best] as Entry) ? at : best), i)
      if (least === i) return first
      swap(heap, i, least)
      i = least
    }
  }
}

const earlier = (one: Entry, other: Entry) => one.at < other.at || (one.at === other.at && one.order < other.order)

function swap(heap: Entry[], i: number, k: number): void {
  const kept = heap[i] as Entry
  heap[i] = heap[k] as Entry
  heap[k] = kept
}
