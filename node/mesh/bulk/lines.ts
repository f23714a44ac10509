/** The bulk connections that stand: by peer, closed when nobody has used them for a while. */
import type { Connection } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import { hangUpOn } from '../hang-up.ts'

/** Between two transfers of one run there is hardly more, ms. */
const IDLE = 20_000
const LOOK = 5_000
/** One that each of the two asked for. */
const MAX_OF_PEER = 2
const MAX_LINES = 256

export class Lines {
  readonly #idle: number
  readonly #byPeer = new Map<string, Set<Connection>>()
  #count = 0

  /** @param idle ms without a stream after which a connection is closed */
  constructor(idle = IDLE) {
    this.#idle = idle
  }

  /** @returns one that can be used */
  of(peer: string): Connection | undefined {
    for (const line of this.#byPeer.get(peer) ?? []) if (line.status === 'open') return line
    return undefined
  }

  get size(): number {
    return this.#count
  }

  /** @throws {BakError} `busy` where there are as many as may be */
  checkRoom(peer: string): void {
    const ofPeer = this.#byPeer.get(peer)?.size ?? 0
    if (ofPeer < MAX_OF_PEER && this.#count < MAX_LINES) return
    throw new BakError('busy', `there are ${ofPeer} bulk connections with it, and ${this.#count} in all`)
  }

  add(line: Connection): void {
    const peer = line.remotePeer.toString()
    const lines = this.#byPeer.get(peer) ?? new Set()
    this.#byPeer.set(peer, lines.add(line))
    this.#count++
    let used = performance.now()
    const timer = setInterval(
      () => {
        if (line.streams.length > 0) used = performance.now()
        else if (performance.now() - used >= this.#idle) line.close().catch(error => line.abort(error))
      },
      Math.min(LOOK, this.#idle)
    ).unref()
    const gone = () => {
      clearInterval(timer)
      if (!lines.delete(line)) return
      this.#count--
      if (lines.size === 0 && this.#byPeer.get(peer) === lines) this.#byPeer.delete(peer)
    }
    line.addEventListener('close', gone)
    if (line.status !== 'open') gone()
  }

  /** Ends those of one peer, or all. */
  end(why: string, peer?: string): void {
    const theirs = peer == null ? [...this.#byPeer.values()] : [this.#byPeer.get(peer) ?? []]
    for (const lines of theirs) for (const line of lines) hangUpOn(line, new BakError('not-allowed', why))
  }
}
