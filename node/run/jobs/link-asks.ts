/** Questions to a member over its stream of jobs, each with a number and a deadline. */
import { BakError } from '../../../protocols/errors.ts'
import { inTime } from '../../wait.ts'

/**
 * Longest waits for an answer, ms. A member that answers later is not asked again until it has. What a member knows only saves work, and all that
 * is ready waits for the last of those that were asked: one that hangs must not hold up the others for long.
 */
export const ASK_MS = { hold: 10_000, look: 2_000 }

export class LinkAsks<Answer extends { id: number }> {
  readonly #open = new Map<number, PromiseWithResolvers<Answer>>()
  #number = 0
  /** One of the questions was not answered in time, and nothing has come since. */
  #isLate = false

  get isLate(): boolean {
    return this.#isLate
  }

  /** @param send puts the question on its way @throws {BakError} `timeout`, or as `fail` says */
  async ask(send: (id: number) => void, ms: number): Promise<Answer> {
    const id = ++this.#number
    const answer = Promise.withResolvers<Answer>()
    this.#open.set(id, answer)
    const late = () => {
      this.#isLate = true
      return new BakError('timeout', 'the member did not answer')
    }
    try {
      send(id)
      return await inTime(answer.promise, { ms, late })
    } finally {
      this.#open.delete(id)
    }
  }

  /** An answer that nobody waits for is dropped. */
  take(answer: Answer): void {
    this.#isLate = false
    this.#open.get(answer.id)?.resolve(answer)
  }

  /** No answer comes any more. */
  fail(why: Error): void {
    this.#isLate = false
    for (const { reject } of this.#open.values()) reject(why)
  }
}
