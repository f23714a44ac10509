/** The second connections that stand: by peer, closed when nobody has used them for a while. */
import type { Use } from '../../../protocols/bulk.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Wire } from '../../../protocols/wire.ts'

/** Between two transfers of one run there is hardly more, ms. */
const IDLE = 20_000
const LOOK = 5_000
/** As many transfers, and runs, at once as there may be between two peers, each way; further ones go over the first connection. */
const MAX_OF_PEER = 4
const MAX_LINES = 256
/** Lines of runs among them: the rest is for transfers. */
const MAX_ACKS = 192

export interface Line {
  peer: string
  wire: Wire
  /** Whether it is this peer that begins what goes over it; else the other one does. */
  calls: boolean
  use: Use
}

export class Lines {
  readonly #idle: number
  readonly #byPeer = new Map<string, Set<Line>>()
  readonly #timers = new Map<Line, NodeJS.Timeout>()

  /** @param idle ms without a transfer after which a connection is closed, by who begins them */
  constructor(idle = IDLE) {
    this.#idle = idle
  }

  /** @returns one on which this peer can begin something now */
  free(peer: string, use: Use): Line | undefined {
    for (const line of this.#byPeer.get(peer) ?? []) {
      if (line.calls && line.use === use && line.wire.isFree) return line
    }
    return undefined
  }

  get size(): number {
    return this.#timers.size
  }

  hasRoom(peer: string, calls: boolean, use: Use): boolean {
    const most = use === 'acks' ? MAX_ACKS : MAX_LINES
    return this.#ofPeer(peer, calls, use) < MAX_OF_PEER && this.size < most
  }

  /** @throws {BakError} `busy` where there are as many as may be */
  checkRoom(peer: string, calls: boolean, use: Use): void {
    if (this.hasRoom(peer, calls, use)) return
    const ofPeer = this.#ofPeer(peer, calls, use)
    throw new BakError('busy', `there are ${ofPeer} bulk connections with it, and ${this.size} in all`)
  }

  add(line: Line): void {
    const { peer, wire } = line
    const lines = this.#byPeer.get(peer) ?? new Set()
    this.#byPeer.set(peer, lines.add(line))
    let used = performance.now()
    // who begins what goes over it ends it first, so that nothing is begun on what is just being ended
    const idle = line.calls ? this.#idle : 2 * this.#idle
    const timer = setInterval(
      () => {
        if (!wire.isFree) used = performance.now()
        else if (performance.now() - used >= idle) wire.end()
      },
      Math.min(LOOK, idle)
    ).unref()
    this.#timers.set(line, timer)
    wire.whenGone(() => this.#drop(line))
  }

  /** Ends those of one peer, or all. */
  end(peer?: string): void {
    const theirs = [...this.#timers.keys()].filter(line => peer == null || line.peer === peer)
    for (const line of theirs) {
      this.#drop(line)
      line.wire.destroy()
    }
  }

  #drop(line: Line): void {
    clearInterval(this.#timers.get(line))
    this.#timers.delete(line)
    const lines = this.#byPeer.get(line.peer)
    lines?.delete(line)
    if (lines?.size === 0) this.#byPeer.delete(line.peer)
  }

  #ofPeer(peer: string, calls: boolean, use: Use): number {
    const lines = [...(this.#byPeer.get(peer) ?? [])]
    return lines.filter(line => line.calls === calls && line.use === use).length
  }
}
