/** The last line that each member of a run has written, for the live screen. */
import { callDaemon } from '../protocols/control-http.ts'
import { outputOf } from './live-output.ts'
import { cleanLine, visibleOutput } from './output.ts'

/** Characters of a line; what does not fit the screen is cut there. */
const MAX_LINE = 256

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
      const line = visibleOutput(portion).trimEnd().split('\n').at(-1)?.trim()
      if (line == null || line === '') continue
      this.#lines.set(portion.member, cleanLine(line).slice(0, MAX_LINE))
      onChange()
    }
  }
}
