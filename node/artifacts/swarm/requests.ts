/** What a peer that lacks chunks asks its neighbours for, and whom it asks instead of one that is slow or silent. */
import { MAX_ASKED } from '../../../protocols/swarm.ts'
import { shuffle } from '../../shuffle.ts'
import type { Link } from './link.ts'
import { pickChunk } from './pick.ts'

/** Chunks that are on their way at once, in all and from one peer. */
const MAX_IN_FLIGHT = 16
const MOST_OF_PEER = 8
const LEAST_OF_PEER = 2
/** A second peer is asked for a chunk that has been awaited this many times as long as one takes, and at least so long, ms. */
const LATE_RATIO = 4
const LATE_MS = 3_000
/** Silence after which what a peer was asked for is asked of others, ms. */
const SILENT_MS = 10_000

export interface RequestsInit {
  links(): Iterable<Link>
  /** How many peers have each chunk. */
  copies: ArrayLike<number>
  now?(): number
  random?(): number
}

export class Requests {
  readonly missing: Set<number>
  readonly #init: RequestsInit
  /** When each chunk was asked for last, by those whom it is still awaited from. */
  readonly #asked = new Map<number, number>()
  /** From question to answer, ms, smoothed. */
  #pace = 0

  constructor(missing: Iterable<number>, init: RequestsInit) {
    this.missing = new Set(missing)
    this.#init = init
  }

  /** Asks for as much as may be on its way. */
  fill(): void {
    if (this.missing.size === 0) return
    const { copies, random } = this.#init
    const links = [...this.#init.links()].filter(link => !link.isGone && !link.isSilent && link.has.size > 0)
    const each = Math.min(MOST_OF_PEER, Math.max(LEAST_OF_PEER, Math.ceil(MAX_IN_FLIGHT / Math.max(1, links.length))))
    const late = this.#now - Math.max(LATE_MS, LATE_RATIO * this.#pace)
    // one of each peer in turn, so that all have something to send
    for (let turn = shuffle(links, random); turn.length > 0; ) {
      turn = turn.filter(link => {
        if (link.asked.size >= each || link.owed.size >= MAX_ASKED || inFlight(links) >= MAX_IN_FLIGHT) return false
        const chunk = pickChunk({
          ...{ missing: this.missing, copies, late, random },
          isOffered: each => link.has.has(each) && !link.asked.has(each),
          askedAt: each => this.#asked.get(each)
        })
        if (chunk == null) return false
        this.#asked.set(chunk, this.#now)
        link.ask(chunk, this.#now)
        return true
      })
    }
  }

  /** A chunk came, whether it is the right one or not. */
  answered(link: Link, chunk: number): void {
    const since = link.asked.get(chunk)
    if (since != null) this.#pace = this.#pace === 0 ? this.#now - since : 0.9 * this.#pace + 0.1 * (this.#now - since)
    this.#forget(link, chunk)
  }

  /** It is here. */
  got(chunk: number): void {
    this.missing.delete(chunk)
    this.#asked.delete(chunk)
  }

  /** The peer does not have it, or does not give it now. */
  denied(link: Link, chunk: number): void {
    link.has.delete(chunk)
    link.owed.delete(chunk)
    this.#forget(link, chunk)
  }

  /** What was asked of it may be asked of others. */
  release(link: Link): void {
    for (const chunk of [...link.asked.keys()]) this.#forget(link, chunk)
  }

  /** To be called about every second. */
  look(): void {
    for (const link of this.#init.links()) {
      if (link.asked.size === 0 || this.#now - link.heard < SILENT_MS) continue
      link.isSilent = true
      this.release(link)
    }
    this.fill()
  }

  get #now(): number {
    return (this.#init.now ?? performance.now.bind(performance))()
  }

  #forget(link: Link, chunk: number): void {
    link.asked.delete(chunk)
    const others = [...this.#init.links()].flatMap(each => each.asked.get(chunk) ?? [])
    if (others.length === 0) this.#asked.delete(chunk)
    else this.#asked.set(chunk, Math.max(...others))
  }
}

const inFlight = (links: Link[]) => links.reduce((sum, { asked }) => sum + asked.size, 0)
