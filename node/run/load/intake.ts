/** What of a member's numbered messages has come: each number counts once, and none is left out. Pure. */
import { BakError } from '../../../protocols/errors.ts'
import { BoundedMap } from '../../bounded-map.ts'

/** A member has one for each sample of its run; earlier ones are remembered so that none of them begins anew. */
const MAX_SESSIONS = 64

export class Intake {
  #session = ''
  #taken = 0
  readonly #left = new BoundedMap<string, number>(MAX_SESSIONS)

  /** A stream opens. @returns the number up to which all has come in its session */
  enter(session: string): number {
    if (session === this.#session) return this.#taken
    if (this.#session !== '') this.#left.set(this.#session, this.#taken)
    this.#session = session
    this.#taken = this.#left.get(session) ?? 0
    return this.#taken
  }

  /** @returns whether the message is new @throws {BakError} `bad-message` where one before it is missing */
  isNew(seq: number): boolean {
    if (seq <= this.#taken) return false
    if (seq > this.#taken + 1) throw new BakError('bad-message', `${seq} came, and ${this.#taken + 1} is due`)
    return true
  }

  /** The message is counted. */
  took(seq: number): void {
    this.#taken = seq
  }

  get taken(): number {
    return this.#taken
  }
}
