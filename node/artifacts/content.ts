/**
 * Get by digest: any peer that has some content sends it to any peer that asks for it, one portion a request, so that the
 * caller sets the pace. Offers and manifests are fetched this way; content is checked against its digest before it is used.
 */
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { callWith, type WaitOptions } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'

const PORTION_BYTES = 256 * 1024
/** Largest content, and the sum of all content in memory. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024
const MAX_STORED_BYTES = 64 * 1024 * 1024
/** Offer and manifest of each of the 128 runs that a peer may take part in. */
const MAX_STORED = 256
/** Each fetch may need memory for the largest content. */
const FETCHES = { total: 8, perKey: 2 }

interface ContentComponents {
  streams: Pick<Streams, 'serve' | 'to'>
}

interface Portion {
  digest: string
  offset: number
  length: number
}

export class Content extends Part<ContentComponents> {
  readonly #streams = this.components.streams
  /** By digest, the least recently used first. */
  readonly #stored = new Map<string, Uint8Array>()
  readonly #fetches = new Limit(FETCHES)
  #storedBytes = 0
  /** Callers of `expect`, by digest. */
  readonly #expecting = new Map<string, Set<(bytes: Uint8Array) => void>>()

  async start(): Promise<void> {
    await this.#streams.serve(getProtocol, (request, exchange) => this.#serve(request, exchange.receive))
  }

  /** Stores content, and drops the least recently used beyond the bounds. @returns the digest by which other peers can get it */
  put(bytes: Uint8Array): string {
    const digest = digestOf(bytes)
    if (!this.#stored.has(digest)) this.#storedBytes += bytes.length
    this.#stored.delete(digest)
    this.#stored.set(digest, bytes)
    for (const onArrival of this.#expecting.get(digest) ?? []) onArrival(bytes)
    for (const [oldest, old] of this.#stored) {
      const isWithin = this.#storedBytes <= MAX_STORED_BYTES && this.#stored.size <= MAX_STORED
      if (isWithin || oldest === digest) break
      this.#stored.delete(oldest)
      this.#storedBytes -= old.length
    }
    return digest
  }

  /**
   * @param from peers to ask one after the other, the most likely to have it first
   * @throws {BakError} `unknown-digest` with the error of each peer
   */
  async get(digest: string, from: string[], options: WaitOptions = {}): Promise<Uint8Array> {
    const stored = this.local(digest)
    if (stored != null) return stored
    const errors: string[] = []
    for (const peer of from) {
      try {
        const bytes = await this.#fetches.run(peer, () => this.#fetch(digest, peer, options), options)
        this.put(bytes)
        return bytes
      } catch (cause) {
        if (options.signal?.aborted) throw asBakError(options.signal.reason)
        errors.push(asBakError(cause).message)
      }
    }
    throw new BakError('unknown-digest', `no peer has ${digest}: ${errors.join('; ') || 'there was none to ask'}`)
  }

  /** Waits for content that another peer sends unasked. @returns undefined if it has not arrived after `timeout` ms */
  async expect(digest: string, timeout: number): Promise<Uint8Array | undefined> {
    const stored = this.local(digest)
    if (stored != null) return stored
    const arrival = Promise.withResolvers<Uint8Array | undefined>()
    const timer = setTimeout(() => arrival.resolve(undefined), timeout)
    const expecting = this.#expecting.get(digest) ?? new Set()
    this.#expecting.set(digest, expecting.add(arrival.resolve))
    try {
      return await arrival.promise
    } finally {
      clearTimeout(timer)
      expecting.delete(arrival.resolve)
      if (expecting.size === 0) this.#expecting.delete(digest)
    }
  }

  /** @returns content that this peer has, which then counts as just used */
  local(digest: string): Uint8Array | undefined {
    const stored = this.#stored.get(digest)
    if (stored == null) return undefined
    this.#stored.delete(digest)
    this.#stored.set(digest, stored)
    return stored
  }

  async #fetch(digest: string, peer: string, options: WaitOptions): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    await callWith(this.#streams.to(peer), getProtocol, options, async ({ send, receive }) => {
      let offset = 0
      for (let total: number | undefined; total === undefined || offset < total; ) {
        await send({ digest, offset, length: PORTION_BYTES })
        const part = await receive()
        if (part === undefined) throw new BakError('unknown-digest', 'the answer ended early')
        total = checkPart(part, offset, total)
        offset += part.bytes.length
        parts.push(part.bytes)
      }
    })
    const bytes = new Uint8Array(Buffer.concat(parts))
    if (digestOf(bytes) !== digest)
      throw new BakError('mismatch', `the bytes from ${peer} do not have the digest ${digest}`)
    return bytes
  }

  async *#serve(first: Portion, receive: () => Promise<Portion | undefined>) {
    for (let request: Portion | undefined = first; request !== undefined; request = await receive()) {
      const { digest, offset, length } = request
      const stored = this.local(digest)
      if (stored == null) throw new BakError('unknown-digest', `${digest} is not on this peer`)
      yield { total: stored.length, bytes: stored.subarray(offset, offset + length) }
    }
  }
}

/** A portion must be complete: a peer could otherwise keep a fetch open with a byte at a time. @returns bytes of the whole */
function checkPart({ total, bytes }: { total: number; bytes: Uint8Array }, offset: number, before = total): number {
  if (total > MAX_CONTENT_BYTES) throw new BakError('bad-message', `content of ${total} bytes is too large`)
  if (total !== before)
    throw new BakError('bad-message', `the size of the content changed from ${before} to ${total} bytes`)
  const expected = Math.min(PORTION_BYTES, total - offset)
  if (bytes.length === expected) return total
  throw new BakError('bad-message', `asked for ${expected} bytes at ${offset}, got ${bytes.length}`)
}
