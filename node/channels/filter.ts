/** Reduces what flows up a tree, at each peer that has others below it. */
export interface Filter<T> {
  /** @param from the peer that sent it: this one, or one of those directly below */
  take(from: string, value: T): void
  /** @returns what goes up now, in messages that each fit into a frame; the filter is empty then */
  flush(): T[]
}
