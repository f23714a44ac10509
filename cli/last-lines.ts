/** The last line that each member of a run has written, for the live screen. */
import { callDaemon } from '../protocols/control-http.ts'
import { outputOf } from './live-output.ts'
import { cleanLine, visibleOutput } from './output.ts'

/** Characters of a line; what does not fit the screen is cut there. */
const MAX_LINE = 256

/** What a workload says to its run by `#BAK:` is on the screen beside it. @returns undefined where there is no other line */
export const lastLineIn = (text: string): string | undefined =>
  text
    .split('\n')
    .map(line => line.trim())
    .findLast(line => line !== '' && !line.startsWith('#BAK:'))

export class LastLines {
  readonly #socket: string
  readonly #leaving = new AbortController()
  readonly #lines = new Map<string, string>()
  #isFollowing = false

  /** @param socket the daemon's control socket */
  constructor(socket: string) {
    this.#socket = socket
  }

  /** By member. */
  get lines(): ReadonlyMap<string, string> {
    return this.#lines
  }

  /** Follows the output of a run, once; what cannot be had is not shown. */
  follow(run: string, onChange: () => void): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    void this.#follow(run, onChange).catch(() => {})
  }

  end(): void {
    this.#leaving.abort()
  }

  async #follow(run: string, onChange: () => void): Promise<void> {
    const { signal } = this.#leaving
    for await (const portion of outputOf(callDaemon(this.#socket, 'logs', { run, follow: true }, { signal }))) {
      const line = lastLineIn(visibleOutput(portion))
      if (line == null) continue
      this.#lines.set(portion.member, cleanLine(line).slice(0, MAX_LINE))
      onChange()
    }
  }
}
