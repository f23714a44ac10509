/** Asks members for results by keys: what is asked for within one turn of the event loop goes in few messages, since a graph may begin with thousands. */
import { type Envelope, open, type Signed } from '../../../protocols/envelope.ts'
import { type JobResult, jobResultSubject } from '../../../protocols/jobs/job-result.ts'

/** Keys of one question (jobs/job-stream.ts). */
const MAX_KEYS_OF_LOOK = 16

interface Looked {
  look(keys: string[]): Promise<Envelope[]>
}

export class LookBatch {
  readonly #askable: () => Looked[]
  #waiting = new Map<string, PromiseWithResolvers<Signed<JobResult>[]>>()

  /** @param askable the members that can be asked now */
  constructor(askable: () => Looked[]) {
    this.#askable = askable
  }

  /** @returns the results of these keys that members have; who does not answer has none. Never rejects */
  async look(keys: string[]): Promise<Signed<JobResult>[]> {
    const found = await Promise.all(keys.map(key => this.#join(key)))
    return found.flat()
  }

  #join(key: string): Promise<Signed<JobResult>[]> {
    if (this.#waiting.size === 0) setImmediate(() => this.#ask())
    let answer = this.#waiting.get(key)
    if (answer == null) {
      answer = Promise.withResolvers()
      this.#waiting.set(key, answer)
    }
    return answer.promise
  }

  #ask(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    const keys = [...waiting.keys()]
    for (let at = 0; at < keys.length; at += MAX_KEYS_OF_LOOK) {
      const some = keys.slice(at, at + MAX_KEYS_OF_LOOK)
      void this.#askAll(some).then(results => {
        const byKey = Map.groupBy(results, ({ value }) => value.key)
        for (const key of some) waiting.get(key)?.resolve(byKey.get(key) ?? [])
      })
    }
  }

  async #askAll(keys: string[]): Promise<Signed<JobResult>[]> {
    const answers = await Promise.all(this.#askable().map(member => member.look(keys).catch(() => [])))
    return answers.flat().flatMap(opened)
  }
}

/** What is not what its signer signed is no result. */
function opened(sealed: Envelope): Signed<JobResult>[] {
  try {
    return [open(jobResultSubject, sealed)]
  } catch {
    return []
  }
}
