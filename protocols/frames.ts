/**
 * Frames on a stream: four bytes of length, big-endian, then CBOR. Each wait is bounded, and so are the bytes that are held. As many plain
 * bytes as a frame says may follow it: those are not encoded.
 */
import type { Stream } from '@libp2p/interface'
import { type ByteStream, byteStream } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { decode, encode, type Schema } from './codec.ts'
import { asBakError, BakError } from './errors.ts'
import type { Protocol, WaitOptions } from './protocol.ts'

/** Longest wait for the rest of a message that has begun, ms. */
const MESSAGE_TIMEOUT_MS = 30_000
/** Longest wait for the other side to take the last bytes, ms. */
const CLOSE_TIMEOUT_MS = 5_000
/** Largest window of a stream, bytes: 320 MiB/s at a round trip of 100 ms, more than the processor encrypts. */
export const MAX_STREAM_WINDOW_BYTES = 32 * 1024 * 1024
/** Bytes that can still come after a stream was paused: the largest window, and some for other muxers. */
export const MAX_IN_FLIGHT_BYTES = MAX_STREAM_WINDOW_BYTES + 1024 * 1024

/**
 * Counts the bytes of one peer that arrived and were not read, on all its streams.
 * @param bytes that arrived, or were read if negative
 * @returns false if they are too many
 */
export type Unread = (bytes: number) => boolean

export interface ReadOptions extends WaitOptions {
  /** Longest wait for the message to begin in ms, where it is shorter than the protocol's. */
  within?: number
  /** Largest message in bytes, where it is smaller than the protocol's. */
  most?: number
}

/** Both directions of one stream, within the bounds of its protocol. All errors are a `BakError`. */
export class Frames {
  readonly #stream: Stream
  readonly #bytes: ByteStream<Stream>
  readonly #protocol: Protocol<unknown, unknown>
  readonly #unread = new Uint8ArrayList()
  /** Bytes that arrived and were not read. */
  #waiting = 0
  #isResuming = false
  /** Bytes that arrived and are in no message yet. */
  #held = 0
  #count: Unread | undefined

  constructor(stream: Stream, protocol: Protocol<never, never> | Protocol<unknown, unknown>, count?: Unread) {
    this.#stream = stream
    this.#count = count
    this.#protocol = protocol as Protocol<unknown, unknown>
    // libp2p ends a stream after two silent minutes unless it is told otherwise
    stream.inactivityTimeout = Number.isFinite(protocol.timeout) ? protocol.timeout + 5_000 : 2 ** 31 - 1
    stream.maxReadBufferLength = MAX_IN_FLIGHT_BYTES
    this.#bytes = byteStream(stream, { maxBufferSize: (protocol.maxUnread ?? protocol.maxFrame) + MAX_IN_FLIGHT_BYTES })
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
    if (!this.#isResuming) this.#pauseIfFull()
  }

  #pauseIfFull(): void {
    const most = this.#protocol.maxUnread ?? this.#protocol.maxFrame
    if (this.#waiting > most && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #letGo(): void {
    if (this.#stream.readStatus !== 'paused') return
    this.#isResuming = true
    try {
      this.#stream.resume()
    } catch {
      // its connection is gone; what came before that can still be read
    } finally {
      this.#isResuming = false
    }
    // the stream gives out what it holds before it opens its window: a pause in between would not hold the other side back
    this.#pauseIfFull()
  }

  /** @param plain follows the message as it is, and must not be changed any more */
  async write(value: unknown, options: WaitOptions = {}, plain?: Uint8Array): Promise<void> {
    const body = encode(value)
    checkSize(this.#protocol, body.length, this.#protocol.maxFrame)
    const head = new Uint8Array(4)
    new DataView(head.buffer).setUint32(0, body.length)
    const whole = plain == null ? new Uint8ArrayList(head, body) : new Uint8ArrayList(head, body, plain)
    await inTime(this.#protocol, 'take a message', options, signal => this.#bytes.write(whole, { signal }))
  }

  /** @returns undefined at the orderly end of the other side's messages */
  async read<T>(schema: Schema<T>, options: ReadOptions = {}): Promise<T | undefined> {
    const { signal, within, most = this.#protocol.maxFrame } = options
    const begun = await inTime(this.#protocol, 'answer', { signal, within }, waiting => this.#fill(4, waiting))
    if (!begun) return undefined
    const length = this.#unread.getUint32(0)
    checkSize(this.#protocol, length, most)
    await inTime(this.#protocol, 'say the rest', { signal, within: MESSAGE_TIMEOUT_MS }, waiting =>
      this.#fill(4 + length, waiting)
    )
    const body = this.#unread.sublist(4, 4 + length)
    this.#take(4 + length)
    return decode(schema, body.subarray())
  }

  /** Fills `into` with plain bytes, as many as the message before them said. */
  async readPlain(into: Uint8Array, { signal }: WaitOptions = {}): Promise<void> {
    await inTime(this.#protocol, 'say the rest', { signal, within: MESSAGE_TIMEOUT_MS }, async waiting => {
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

  /** Tells the other side why the exchange ends early. */
  async fail(error: BakError): Promise<void> {
    try {
      await this.write({ error: { code: error.code, message: error.message.slice(0, 1024) } })
      await this.close()
    } catch {
      this.#stream.abort(error)
    }
  }

  /** Sends no more. @throws if the other side does not take what was written before */
  async close(): Promise<void> {
    const waiting = new AbortController()
    const expire = () => waiting.abort(new BakError('timeout', 'the other side does not take the last words'))
    const timer = setTimeout(expire, CLOSE_TIMEOUT_MS).unref()
    await this.#stream.close({ signal: waiting.signal }).finally(() => clearTimeout(timer))
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }

  /** Calls `gone` when the stream has ended, in whatever way. */
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

/** @throws {BakError} `bad-message` for a frame of more than `most` bytes */
function checkSize({ id }: Pick<Protocol<never, never>, 'id'>, length: number, most: number): void {
  if (length > most) throw new BakError('bad-message', `${id}: a frame of ${length} bytes is too large`)
}

/** Bounds one wait for the other side, and names what ended it. */
async function inTime<T>(
  { id, timeout }: Pick<Protocol<never, never>, 'id' | 'timeout'>,
  what: string,
  { signal, within }: ReadOptions,
  wait: (waiting: AbortSignal) => Promise<T>
): Promise<T> {
  const longest = Math.min(timeout, within ?? timeout)
  const waiting = new AbortController()
  const stop = () => waiting.abort(asBakError(signal?.reason))
  const expire = () =>
    waiting.abort(new BakError('timeout', `${id}: the peer did not ${what} within ${longest / 1000} s`))
  // AbortSignal.timeout would stay until its time has come, however soon the wait is over
  const timer = Number.isFinite(longest) ? setTimeout(expire, longest).unref() : undefined
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  try {
    return await wait(waiting.signal)
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    if (waiting.signal.aborted) throw waiting.signal.reason
    throw new BakError('unreachable', `${id}: the stream broke: ${(cause as Error).message}`, { cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
