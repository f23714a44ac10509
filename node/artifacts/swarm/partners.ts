/** Whom a peer that lacks something opens a stream to: the source, and some of the others; and when it tries one again. */
import type { BakError, ErrorCode } from '../../../protocols/errors.ts'
import { shuffle } from '../../shuffle.ts'

/** Peers beside the source that one opens streams to; others open some to it. */
const MAX_NEIGHBOURS = 8
/** After a failure, ms: doubled each time. */
const RETRY_MS = { first: 500, most: 15_000 }
/** A peer that ends a stream so has nothing to give, now and later. */
const HAS_NONE: ErrorCode[] = ['unknown-digest', 'damaged', 'io', 'mismatch', 'bad-message', 'not-allowed']
/** Reasons in one message. */
const MAX_REASONS = 4

interface PartnersInit {
  peers: string[]
  /** The peer that has all of it. */
  source?: string
  isConnected(peer: string): boolean
  now?(): number
  random?(): number
}

interface Partner {
  failures: number
  /** It is not tried again before, ms of a monotonic clock. */
  until: number
  /** Why it failed last. */
  why?: string
  isOpening: boolean
  /** It has said that it gives none of it, and has given none since. */
  hasNone: boolean
  /** Chunks that it did not give when it was asked. */
  without: Set<number>
}

export class Partners {
  readonly #init: PartnersInit
  readonly #partners = new Map<string, Partner>()

  constructor(init: PartnersInit) {
    this.#init = init
    this.add([...(init.source == null ? [] : [init.source]), ...init.peers])
  }

  add(peers: string[]): void {
    for (const peer of peers)
      if (!this.#partners.has(peer))
        this.#partners.set(peer, { failures: 0, until: 0, isOpening: false, hasNone: false, without: new Set() })
  }

  get size(): number {
    return this.#partners.size
  }

  /** @param isLinked whether there is a stream with a peer @returns those to whom one is to be opened now */
  next(isLinked: (peer: string) => boolean): string[] {
    const { source, isConnected, random } = this.#init
    const others = shuffle([...this.#partners.keys()], random).filter(peer => peer !== source)
    const taken = others.filter(peer => isLinked(peer) || this.#partners.get(peer)?.isOpening)
    const free = others.filter(peer => !taken.includes(peer) && this.#isDue(peer))
    // a new connection costs more than a stream
    free.sort((a, b) => Number(isConnected(b)) - Number(isConnected(a)))
    const chosen = free.slice(0, Math.max(0, MAX_NEIGHBOURS - taken.length))
    const first = source != null && !isLinked(source) && this.#isDue(source) ? [source] : []
    return [...first, ...chosen]
  }

  opening(peer: string, isOpening: boolean): void {
    const partner = this.#partners.get(peer)
    if (partner != null) partner.isOpening = isOpening
  }

  opened(peer: string): void {
    const partner = this.#partners.get(peer)
    if (partner != null) Object.assign(partner, { failures: 0, why: undefined })
  }

  failed(peer: string, why?: BakError): void {
    const partner = this.#partners.get(peer)
    if (partner == null) return
    const wait = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** partner.failures)
    partner.failures++
    partner.until = this.#now + wait * (0.5 + (this.#init.random ?? Math.random)())
    partner.why = why?.message
    if (why != null) partner.hasNone = HAS_NONE.includes(why.code)
  }

  gave(peer: string): void {
    const partner = this.#partners.get(peer)
    if (partner != null) partner.hasNone = false
  }

  denied(peer: string, chunk: number): void {
    this.#partners.get(peer)?.without.add(chunk)
  }

  /** @returns whether all of them have said that they do not give the same missing chunk, or anything at all */
  lackAll(isMissing: (chunk: number) => boolean): boolean {
    const all = [...this.#partners.values()]
    const lack = (chunk: number) => all.every(({ hasNone, without }) => hasNone || without.has(chunk))
    const denied = new Set(all.flatMap(({ without }) => [...without].filter(isMissing)))
    return all.every(({ hasNone }) => hasNone) || [...denied].some(lack)
  }

  /** @returns why nothing comes from them, in words */
  reasons(): string {
    const known = [...this.#partners].flatMap(([peer, { why }]) => (why == null ? [] : [`${peer.slice(-8)}: ${why}`]))
    if (this.#partners.size === 0) return 'there is nobody to ask'
    return known.slice(0, MAX_REASONS).join('; ') || 'those that are asked do not have it'
  }

  #isDue(peer: string): boolean {
    const partner = this.#partners.get(peer)
    return partner != null && !partner.isOpening && partner.until <= this.#now
  }

  get #now(): number {
    return (this.#init.now ?? performance.now.bind(performance))()
  }
}
