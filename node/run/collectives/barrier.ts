/**
 * One barrier of one group: who waits at it, and when they leave. It can be used again and again; each time all leave is a round. Pure: it is
 * told who calls and who is expected, and says which calls are over.
 */
/** Who can come to a barrier, by name. Members that are excluded from the run are not among them. */
export interface Expected {
  /** In the order in which they are named. */
  names: string[]
  /** Those of them that have ended, and do not come any more. */
  ended: ReadonlySet<string>
}

export type Settled<Call> =
  | { calls: Call[]; round: number; size: number }
  /** It can never be complete. */
  | { calls: Call[]; missing: string[]; come: number; needed: number }

export class Barrier<Call> {
  /** How many there must be; all who are expected where it is left out. */
  readonly count: number | undefined
  /** By instance: the calls with which it waits. */
  readonly #waiting = new Map<string, Set<Call>>()
  #rounds = 0

  constructor(count?: number) {
    this.count = count
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** An instance that calls a second time in the same round is still one. */
  enter(instance: string, call: Call): void {
    const calls = this.#waiting.get(instance) ?? new Set()
    this.#waiting.set(instance, calls.add(call))
  }

  /** The call does not wait any more: unless another of its instance does, that instance has not come. */
  withdraw(call: Call): void {
    for (const [instance, calls] of this.#waiting) {
      if (calls.delete(call) && calls.size === 0) this.#waiting.delete(instance)
    }
  }

  /** @returns which calls are over, and how; undefined as long as all wait */
  settle(expected: Expected): Settled<Call> | undefined {
    const needed = this.count ?? expected.names.length
    if (this.isEmpty || (this.#waiting.size < needed && expected.ended.size === 0 && needed <= expected.names.length)) {
      return undefined
    }
    const missing = this.missing(expected)
    const come = expected.names.length - missing.length
    if (come >= needed) {
      // who was excluded meanwhile leaves with the others, and is not one of them
      return { calls: this.#leave(), round: ++this.#rounds, size: come }
    }
    const gone = missing.filter(name => expected.ended.has(name))
    const possible = expected.names.length - gone.length
    if (possible >= needed) return undefined
    return { calls: this.#leave(), missing, come, needed }
  }

  /** @returns those who have not come */
  missing({ names }: Expected): string[] {
    return names.filter(name => !this.#waiting.has(name))
  }

  #leave(): Call[] {
    const calls = [...this.#waiting.values()].flatMap(each => [...each])
    this.#waiting.clear()
    return calls
  }
}
