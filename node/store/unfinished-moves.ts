/**
 * Results that other peers have begun to move here: each has an inbox, so that a transfer can go on after a break. A peer has so many at
 * most; beyond them the one that it began first makes room. What was refused leaves nothing.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { Sink, TarballOffer } from '../../protocols/tarball.ts'
import { BoundedMap } from '../bounded-map.ts'
import type { Home } from './home.ts'
import { closeInbox, type Inbox, openInbox } from './inbox.ts'
import { removeTree } from './remove-tree.ts'
import { hasResult } from './stored-results.ts'

const MAX_UNFINISHED = 8
/** Peers that have some. */
const MAX_PEERS = 1_000

export class UnfinishedMoves {
  readonly #home: Home
  /** Runs by peer, in the order in which they were begun. */
  readonly #begun = new BoundedMap<string, Set<string>>(MAX_PEERS)
  /** Runs in transfer now. */
  readonly #open = new Map<string, number>()

  constructor(home: Home) {
    this.#home = home
  }

  /** Removes what no peer of this life of the daemon has begun. */
  async sweep(): Promise<void> {
    for (const run of await readdir(this.#home.inbox()).catch(() => []))
      if (!hasResult(this.#home, run)) await removeTree(this.#home.inbox(run)).catch(() => {})
  }

  /** @returns the inbox of a run, if there is one */
  async inbox(run: string): Promise<Inbox | undefined> {
    const folder = this.#home.inbox(run)
    return existsSync(folder) ? openInbox(folder) : undefined
  }

  /**
   * @param takeIn puts the whole result to its place, and calls `onWhole` right before; if it throws, nothing of the transfer stays
   * @throws {BakError} `busy` while it is in transfer
   */
  async sink(
    offer: TarballOffer,
    peer: string,
    takeIn: (tarball: string | Uint8Array, onWhole: () => Promise<void>) => Promise<void>
  ): Promise<Sink> {
    const { run } = offer
    await this.#begin(run, peer)
    let isRefused = false
    const folder = this.#home.inbox(run)
    const inbox = await openInbox(folder)
    const sink = await inbox.sink(offer, async tarball => {
      try {
        await takeIn(tarball, () => inbox.noteWhole(offer.digest))
        this.#end(run, peer)
      } catch (cause) {
        isRefused = true
        throw cause
      }
    })
    this.#open.set(run, (this.#open.get(run) ?? 0) + 1)
    return {
      ...sink,
      close: async () => {
        await sink.close()
        const others = (this.#open.get(run) ?? 1) - 1
        if (others > 0) this.#open.set(run, others)
        else this.#open.delete(run)
        if (!isRefused || others > 0) return
        this.#end(run, peer)
        await closeInbox(folder, true)
      }
    }
  }

  async #begin(run: string, peer: string): Promise<void> {
    const runs = this.#begun.get(peer) ?? new Set()
    this.#begun.set(peer, runs.add(run))
    const [oldest] = [...runs].filter(each => each !== run && !this.#open.has(each))
    if (runs.size <= MAX_UNFINISHED || oldest == null) return
    this.#end(oldest, peer)
    await closeInbox(this.#home.inbox(oldest), true)
  }

  #end(run: string, peer: string): void {
    this.#begun.get(peer)?.delete(run)
  }
}
