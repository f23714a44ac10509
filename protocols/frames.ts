/**
 * Frames on a stream: four bytes of length, big-endian, then CBOR; each wait bounded, and so is what is held. Behind a frame may
 * come as many plain bytes as it says: those are neither encoded nor copied.
 */
import type { Stream } from '@libp2p/interface'
import { type ByteStream, byteStream } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { type Channel, checkSize, inTime, MAX_CLOSING, MAX_MESSAGE, type Patience } from './channel.ts'
import { decode, encode, type Schema } from './codec.ts'
import { BakError } from './errors.ts'
import type { Protocol, WaitOptions } from './stream.ts'

/** Bytes that can still come after a stream was paused: yamux's largest window, 16 MiB, and some for other muxers. */
export const MAX_IN_FLIGHT = 17 * 1024 * 1024

/**
 * Counts the bytes of one peer that have come and are not read, on all its streams: told how many more, or fewer.
 * @returns whether that is not too much
 */
export type Unread = (bytes: number) => boolean

/** Both directions of one stream, within its protocol's bounds. */
export class Frames implements Channel {
  readonly #stream: Stream
  readonly #bytes: ByteStream<Stream>
  readonly #protocol: Protocol<unknown, unknown>
  readonly #unread = new Uint8ArrayList()
  /** Bytes that arrived and were not read. */
  #waiting = 0

  /** Bytes that arrived and are in no message yet. */
  #held = 0
  #count: Unread | undefined

  constructor(stream: Stream, protocol: Protocol<never, never> | Protocol<unknown, unknown>, count?: Unread) {
    this.#stream = stream
    this.#count = count
    this.#protocol = protocol as Protocol<unknown, unknown>
    // libp2p ends a stream after two silent minutes unless it is told otherwise
    stream.inactivityTimeout = Number.isFinite(protocol.timeout) ? protocol.timeout + 5_000 : 2 ** 31 - 1
    stream.maxReadBufferLength = MAX_IN_FLIGHT
    this.#bytes = byteStream(stream, { maxBufferSize: (protocol.maxUnread ?? protocol.maxFrame) + MAX_IN_FLIGHT })
    stream.addEventListener('message', ({ data }) => this.#hold(data.byteLength))
    stream.addEventListener('close', () => {
      this.#count?.(-this.#held)
      this.#count = undefined
    })
  }

  /** A writer that is faster than the reader must wait: with more than a frame unread the stream's window closes. */
  #hold(arrived: number): void {
    this.#waiting += arrived
    this.#held += arrived
    if (this.#count?.(arrived) === false) {
      return this.#stream.abort(new BakError('busy', `${this.#protocol.id}: the peer sends more than is read`))
    }
    const most = this.#protocol.maxUnread ?? this.#protocol.maxFrame
    if (this.#waiting > most && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #letGo(): void {
    if (this.#stream.readStatus !== 'paused') return
    try {
      this.#stream.resume()
    } catch {
      // its connection is gone; what came before that can still be read
    }
  }

  get status(): string {
    return this.#stream.status === 'reset' ? 'aborted' : this.#stream.status
  }

  async write(value: unknown, options: WaitOptions = {}, plain?: Uint8Array): Promise<void> {
    const body = encode(value)
    checkSize(this.#protocol, body.length, this.#protocol.maxFrame)
    const head = new Uint8Array(4)
    new DataView(head.buffer).setUint32(0, body.length)
    const whole = plain == null ? new Uint8ArrayList(head, body) : new Uint8ArrayList(head, body, plain)
    await inTime(this.#protocol, 'take a message', options, signal => this.#bytes.write(whole, { signal }))
  }

  async read<T>(schema: Schema<T>, options: Patience & { most?: number } = {}): Promise<T | undefined> {
    const { signal, within, most = this.#protocol.maxFrame } = options
    const begun = await inTime(this.#protocol, 'answer', { signal, within }, waiting => this.#fill(4, waiting))
    if (!begun) return undefined
    const length = this.#unread.getUint32(0)
    checkSize(this.#protocol, length, most)
    await inTime(this.#protocol, 'say the rest', { signal, within: MAX_MESSAGE }, waiting =>
      this.#fill(4 + length, waiting)
    )
    const body = this.#unread.sublist(4, 4 + length)
    this.#take(4 + length)
    return decode(schema, body.subarray())
  }

  async readPlain(into: Uint8Array, { signal }: WaitOptions = {}): Promise<void> {
    await inTime(this.#protocol, 'say the rest', { signal, within: MAX_MESSAGE }, async waiting => {
      for (let at = 0; at < into.length; ) {
        if (!(await this.#fill(1, waiting))) {
          throw new BakError('unreachable', `${this.#protocol.id}: the stream ended early`)
        }
        const here = this.#unread.sublist(0, Math.min(this.#unread.byteLength, into.length - at))
        for (const piece of here) {
          into.set(piece, at)
          at += piece.length
        }
        this.#take(here.byteLength)
      }
    })
  }

  #take(length: number): void {
    this.#unread.consume(length)
    this.#held -= length
    this.#count?.(-length)
  }

  async fail(error: BakError): Promise<void> {
    try {
      await this.write({ error: { code: error.code, message: error.message.slice(0, 1024) } })
      await this.close()
    } catch {
      this.#stream.abort(error)
    }
  }

  async close(): Promise<void> {
    const waiting = new AbortController()
    const expire = () => waiting.abort(new BakError('timeout', 'the other side does not take the last words'))
    const timer = setTimeout(expire, MAX_CLOSING).unref()
    await this.#stream.close({ signal: waiting.signal }).finally(() => clearTimeout(timer))
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }

  whenGone(gone: () => void): void {
    this.#stream.addEventListener('close', gone)
  }

  /** Reads until `length` bytes are there. @returns false at the orderly end of the stream between two frames */
  async #fill(length: number, signal: AbortSignal): Promise<boolean> {
    while (this.#unread.byteLength < length) {
      if (this.#waiting === 0) this.#letGo()
      const chunk = await this.#bytes.read({ signal })
      if (chunk == null) {
        if (this.#unread.byteLength === 0 && !['reset', 'aborted'].includes(this.#stream.status)) return false
        throw new BakError('unreachable', `${this.#protocol.id}: the stream broke`)
      }
      this.#waiting -= chunk.byteLength
      this.#unread.append(chunk)
    }
    return true
  }
}
