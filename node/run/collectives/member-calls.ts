/** The calls of one member: which wait, and which were answered, so that one that is sent again after a break counts once. Pure. */
import { type CallAnswer, MAX_CALLS } from '../../../protocols/calls.ts'
import { BoundedMap } from '../../bounded-map.ts'

export class MemberCalls<Call> {
  #session = ''
  readonly #open = new Map<number, Call>()
  /**
   * Answers that may have been lost: a stream loses what was sent last, and the member has no more calls that wait. Those that only read are
   * not among them, since they are answered anew.
   */
  readonly #answered = new BoundedMap<number, CallAnswer>(MAX_CALLS)

  /** @returns the calls of an earlier daemon of the member, which nobody waits for any more */
  enter(session: string): Call[] {
    if (session === this.#session) return []
    this.#session = session
    const left = [...this.#open.values()]
    this.#open.clear()
    this.#answered.clear()
    return left
  }

  get session(): string {
    return this.#session
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_CALLS
  }

  /** @returns the answer if there is one already; `waits` if the call is known */
  known(id: number): CallAnswer | 'waits' | undefined {
    return this.#open.has(id) ? 'waits' : this.#answered.get(id)
  }

  open(id: number, call: Call): void {
    this.#open.set(id, call)
  }

  /** @param reads whether it can be answered again without being counted again @returns false for a call that does not wait */
  answer(id: number, answer: CallAnswer, reads: boolean): boolean {
    if (!this.#open.delete(id)) return false
    if (!reads) this.#answered.set(id, answer)
    return true
  }

  /** @param ids those that the member still waits for @returns the others, which are over */
  keep(ids: number[]): Call[] {
    const kept = new Set(ids)
    const dropped = [...this.#open].filter(([id]) => !kept.has(id))
    for (const [id] of dropped) this.#open.delete(id)
    return dropped.map(([, call]) => call)
  }

  /** @returns all that waited */
  clear(): Call[] {
    const all = [...this.#open.values()]
    this.#open.clear()
    return all
  }
}
