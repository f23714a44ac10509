/** Who uses the result of a run just now, in this daemon: each of them writes to its folder or removes it, so there is one at a time. */
import { BakError } from '../../protocols/errors.ts'

export class InUse {
  readonly #uses = new Map<string, string>()

  /**
   * @param use what is done with the result, behind `run ID `
   * @returns what ends the use. @throws {BakError} `busy`, with the use that there is
   */
  claim(run: string, use: string): () => void {
    const other = this.#uses.get(run)
    if (other != null) throw new BakError('busy', `run ${run} ${other}`)
    this.#uses.set(run, use)
    return () => this.#uses.delete(run)
  }

  /** Does `work` while nobody else may use the result. @throws as `claim` and `work` do */
  async during<T>(run: string, use: string, work: () => Promise<T>): Promise<T> {
    const release = this.claim(run, use)
    try {
      return await work()
    } finally {
      release()
    }
  }
}
