/** One member as the controller of a graph sees it: its link, its slots, and whether it is gone. */
import type { JobMember } from './eligible.ts'
import type { JobLink } from './job-link.ts'
import type { SlotsSaid } from './link-events.ts'

export class GraphMember {
  readonly facts: JobMember
  readonly link: JobLink
  readonly #linked = Promise.withResolvers<void>()
  #left: string | undefined
  /** Slots of what it was offered and what has not ended. */
  ours = 0
  #said = { max: 0, taken: 0, free: 0 }
  /** Offers of this stream, and the slots of those that the member has not counted yet. */
  #offers = 0
  #uncounted: Array<{ number: number; slots: number }> = []

  constructor(facts: JobMember, link: JobLink) {
    this.facts = facts
    this.link = link
    this.#said.max = facts.slots
  }

  /** It takes no part any more, for this reason. */
  get left(): string | undefined {
    return this.#left
  }

  /** Settles when it could be asked for the first time, or has left. */
  get linked(): Promise<void> {
    return this.#linked.promise
  }

  leave(reason: string): void {
    this.#left ??= reason
    this.#linked.resolve()
  }

  get peer(): string {
    return this.facts.peer
  }

  get name(): string {
    return this.facts.name
  }

  get rank(): number {
    return this.facts.rank
  }

  get max(): number {
    return this.#said.max
  }

  get taken(): number {
    return this.#said.taken + this.#offered
  }

  /** Slots that it can be offered jobs for now. */
  get free(): number {
    return this.link.isUp ? Math.max(0, this.#said.free - this.#offered) : 0
  }

  get #offered(): number {
    return this.#uncounted.reduce((sum, { slots }) => sum + slots, 0)
  }

  offered(slots: number): void {
    this.#uncounted.push({ number: ++this.#offers, slots })
  }

  /** @param isFirst of a stream, on which nothing was offered yet */
  said({ max, taken, free, offers }: SlotsSaid, isFirst: boolean): void {
    if (isFirst) {
      this.#offers = 0
      this.#uncounted = []
    }
    this.#linked.resolve()
    this.#said = { max, taken, free }
    this.#uncounted = this.#uncounted.filter(({ number }) => number > offers)
  }
}
