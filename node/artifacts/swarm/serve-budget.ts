/** How much one peer may be sent of one content in some time: a few times all of it, for one that lost what it had. */
import { BoundedMap } from '../../bounded-map.ts'

/** Contents in this time, and bytes on top for small ones. */
const TIMES = 4
const BASE_BYTES = 4 * 1024 * 1024
const WINDOW_MS = 600_000
const MAX_COUNTED = 4096

export class ServeBudget {
  readonly #now: () => number
  readonly #sent = new BoundedMap<string, { since: number; bytes: number }>(MAX_COUNTED)

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @param whole bytes of the content @returns false if that would be too much; nothing is counted then */
  take(peer: string, content: string, bytes: number, whole: number): boolean {
    const key = `${peer} ${content}`
    const known = this.#sent.get(key)
    const sent = known == null || this.#now() - known.since > WINDOW_MS ? { since: this.#now(), bytes: 0 } : known
    if (sent.bytes + bytes > TIMES * whole + BASE_BYTES) return false
    sent.bytes += bytes
    this.#sent.set(key, sent)
    return true
  }
}
