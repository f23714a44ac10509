/**
 * Get by digest: any peer that holds some content gives it to any peer that asks, a portion at a time at the pace of the one
 * who asks. Offers and manifests travel so; what came is checked against its digest before it is used.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { call, type WaitOptions } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import type { Streams } from '../mesh/streams.ts'

const PORTION = 256 * 1024
/** Largest content that is held in memory, one piece and all of it. */
const MAX_PIECE = 16 * 1024 * 1024
const MAX_HELD = 64 * 1024 * 1024
/** Pieces that are held: the offers and manifests of as many runs as a peer follows, and as many again. */
const MAX_PIECES = 256
/** Pieces that are fetched at once, of all peers and of one: each may come to the largest. */
const FETCHES = { most: 8, mostOfOne: 2 }

export interface ContentComponents {
  streams: Streams
}

export class Content {
  readonly #streams: Streams
  /** In order of use, the latest last. */
  readonly #held = new Map<string, Uint8Array>()
  readonly #lanes = new Limit(FETCHES)
  #size = 0
  /** Digests that are waited for. */
  readonly #expected = new Map<string, PromiseWithResolvers<Uint8Array>>()

  constructor(components: ContentComponents) {
    this.#streams = components.streams
  }

  async start(): Promise<void> {
    await this.#streams.serve(getProtocol, (request, exchange) => this.#answer(request, exchange.receive))
  }

  async stop(): Promise<void> {
    await this.#streams.unserve(getProtocol)
  }

  /** @returns the digest under which other peers can have it from here */
  put(bytes: Uint8Array): string {
    const digest = digestOf(bytes)
    if (!this.#held.has(digest)) this.#size += bytes.length
    this.#held.delete(digest)
    this.#held.set(digest, bytes)
    this.#expected.get(digest)?.resolve(bytes)
    for (const [oldest, old] of this.#held) {
      if ((this.#size <= MAX_HELD && this.#held.size <= MAX_PIECES) || oldest === digest) break
      this.#held.delete(oldest)
      this.#size -= old.length
    }
    return digest
  }

  /**
   * @param from peers that may have it, most hopeful first; the next is asked when one has it not
   * @throws {BakError} `unknown-digest` with what each of them said
   */
  async get(digest: string, from: string[], options: WaitOptions = {}): Promise<Uint8Array> {
    const held = this.#use(digest)
    if (held != null) return held
    const whys: string[] = []
    for (const peer of from) {
      try {
        const bytes = await this.#lanes.use(peer, () => this.#fetch(digest, peer, options), options)
        this.put(bytes)
        return bytes
      } catch (cause) {
        if (options.signal?.aborted) throw asBakError(options.signal.reason)
        whys.push(asBakError(cause).message)
      }
    }
    throw new BakError('unknown-digest', `nobody gave ${digest}: ${whys.join('; ') || 'nobody to ask'}`)
  }

  /** Waits for content that another peer sends by itself. @returns nothing if it has not come after so many ms */
  async expect(digest: string, ms: number): Promise<Uint8Array | undefined> {
    const held = this.#use(digest)
    if (held != null) return held
    const arrival = this.#expected.get(digest) ?? Promise.withResolvers<Uint8Array>()
    this.#expected.set(digest, arrival)
    const timeout = new AbortController()
    try {
      return await Promise.race([
        arrival.promise,
        sleep(ms, undefined, { signal: timeout.signal }).catch(() => undefined)
      ])
    } finally {
      timeout.abort()
      this.#expected.delete(digest)
    }
  }

  /** @returns what is here under a digest */
  held(digest: string): Uint8Array | undefined {
    return this.#use(digest)
  }

  /** What is asked for stays, what nobody asks for goes first. */
  #use(digest: string): Uint8Array | undefined {
    const held = this.#held.get(digest)
    if (held == null) return undefined
    this.#held.delete(digest)
    this.#held.set(digest, held)
    return held
  }

  async #fetch(digest: string, peer: string, options: WaitOptions): Promise<Uint8Array> {
    const exchange = await call(this.#streams.to(peer), getProtocol, options)
    const parts: Uint8Array[] = []
    try {
      let offset = 0
      for (let total: number | undefined; total === undefined || offset < total; ) {
        await exchange.send({ digest, offset, length: PORTION })
        const part = await exchange.receive()
        if (part === undefined) throw new BakError('unknown-digest', 'the answer broke off')
        total = checkPart(part, offset, total)
        offset += part.bytes.length
        parts.push(part.bytes)
      }
    } catch (error) {
      exchange.abort(error as Error)
      throw error
    } finally {
      await exchange.close()
    }
    const bytes = new Uint8Array(Buffer.concat(parts))
    if (digestOf(bytes) !== digest) throw new BakError('mismatch', `what ${peer} gave is not ${digest}`)
    return bytes
  }

  async *#answer(first: Portion, receive: () => Promise<Portion | undefined>) {
    for (let asked: Portion | undefined = first; asked !== undefined; asked = await receive()) {
      const held = this.#use(asked.digest)
      if (held == null) throw new BakError('unknown-digest', `${asked.digest} is not here`)
      yield { total: held.length, bytes: held.subarray(asked.offset, asked.offset + asked.length) }
    }
  }
}

/** A peer that drips gives nothing. @returns the size of the whole */
function checkPart({ total, bytes }: { total: number; bytes: Uint8Array }, offset: number, before = total): number {
  if (total > MAX_PIECE) throw new BakError('bad-message', `content of ${total} bytes is too large`)
  if (total !== before) throw new BakError('bad-message', `content of ${before} bytes has become one of ${total}`)
  const expected = Math.min(PORTION, total - offset)
  if (bytes.length === expected) return total
  throw new BakError('bad-message', `asked for ${expected} bytes at ${offset}, got ${bytes.length}`)
}

interface Portion {
  digest: string
  offset: number
  length: number
}
