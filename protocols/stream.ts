/**
 * How every protocol of bak uses a libp2p stream. The caller opens it and speaks first; both sides send frames: four bytes
 * of length, big-endian, then CBOR. A frame from the answering side is either `{ok: response}` or, as its last,
 * `{error: {code, message}}`, which the caller gets as the same `BakError`. A side that has no more to say closes its
 * end. Silence for longer than the protocol's timeout ends the stream on both sides.
 *
 * A protocol is one value; its handler is an async generator that knows nothing of streams.
 */
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { type ByteStream, byteStream } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import * as v from 'valibot'
import { decode, encode, type Schema } from './codec.ts'
import { asBakError, BakError } from './errors.ts'
import { code, text } from './fields.ts'
import { callSelf } from './loopback.ts'

export interface Protocol<Request, Response> {
  /** `/bak/<name>/<semver>` */
  id: string
  request: Schema<Request>
  response: Schema<Response>
  /** Longest silence of the other side in ms; Infinity for a stream that is kept open. */
  timeout: number
  /** Largest frame in bytes, either way. */
  maxFrame: number
}

/** What a handler may use beside the first request. */
export interface Exchange<Request> {
  /** The peer at the other end, proven by the connection. */
  peer: string
  /** Aborts when the stream is gone. */
  signal: AbortSignal
  /** @returns the caller's next message, or undefined when it has no more to say */
  receive(): Promise<Request | undefined>
}

export type Handler<Request, Response> = (request: Request, exchange: Exchange<Request>) => AsyncIterable<Response>

/** The caller's end. */
export interface Call<Request, Response> extends AsyncIterable<Response> {
  send(request: Request): Promise<void>
  /** @returns the next response, or undefined when the other side has no more to say */
  receive(): Promise<Response | undefined>
  /** Says that no more requests come, and lets the stream go. */
  close(): Promise<void>
  abort(error: Error): void
}

export interface WaitOptions {
  signal?: AbortSignal
}

/** Opens a stream of a protocol to one peer; `local` where that peer is this one. */
export interface Opener {
  (protocol: string, options?: WaitOptions): Promise<Stream>
  local?: (protocol: string) => { handler: Handler<never, unknown>; peer: string } | undefined
}

/** Bytes that can still come after a stream was paused: yamux's largest window, 16 MiB, and some for other muxers. */
const MAX_IN_FLIGHT = 17 * 1024 * 1024

const failure = v.object({ code, message: text })

/** Makes the handler of a protocol one that libp2p can register. `onError` sees what ended an exchange early. */
export function serve<Request, Response>(
  protocol: Protocol<Request, Response>,
  handler: Handler<Request, Response>,
  onError: (error: BakError, peer: string) => void = () => {}
): StreamHandler {
  return async (stream: Stream, connection: Connection) => {
    const peer = connection.remotePeer.toString()
    const frames = new Frames(stream, protocol)
    const gone = new AbortController()
    stream.addEventListener('close', () => gone.abort(new BakError('unreachable', `the stream of ${peer} closed`)))
    const receive = () => frames.read(protocol.request, gone.signal)
    try {
      const request = await receive()
      if (request !== undefined) {
        for await (const response of handler(request, { peer, signal: gone.signal, receive })) {
          await frames.write({ ok: response })
        }
      }
      await stream.close({ signal: AbortSignal.timeout(5_000) })
    } catch (cause) {
      const error = asBakError(cause)
      onError(error, peer)
      await frames.fail(error)
    }
  }
}

/** Starts an exchange. @throws {BakError} `unreachable` if no stream can be had */
export async function call<Request, Response>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  options: WaitOptions = {}
): Promise<Call<Request, Response>> {
  const here = open.local?.(protocol.id)
  if (here != null) return callSelf(here.handler as Handler<never, Response>, here.peer, options)
  const stream = await open(protocol.id, options)
  const frames = new Frames(stream, protocol)
  const answer = v.union([v.object({ ok: protocol.response }), v.object({ error: failure })])
  const receive = async () => {
    const frame = await frames.read(answer, options.signal)
    if (frame === undefined) return undefined
    if ('error' in frame) {
      stream.close().catch(() => {})
      throw new BakError(frame.error.code, frame.error.message)
    }
    return frame.ok
  }
  return {
    send: request => frames.write(request, options.signal),
    receive,
    close: () => stream.close({ signal: AbortSignal.timeout(5_000) }).catch(error => stream.abort(error)),
    abort: error => stream.abort(error),
    async *[Symbol.asyncIterator]() {
      let over = false
      try {
        for (let next = await receive(); next !== undefined; next = await receive()) yield next
        over = true
        stream.close().catch(() => {})
      } finally {
        // a half-closed stream would leave the other side talking to nobody
        if (!over) stream.abort(new BakError('interrupted', 'the caller has heard enough'))
      }
    }
  }
}

/** One request and its responses. */
export async function* ask<Request, Response>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  request: Request,
  options: WaitOptions = {}
): AsyncGenerator<Response> {
  const exchange = await call(open, protocol, options)
  await exchange.send(request)
  yield* exchange
}

/** One request and its only response. @throws {BakError} `bad-message` if there is none */
export async function askOne<Request, Response>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  request: Request,
  options: WaitOptions = {}
): Promise<Response> {
  const exchange = await call(open, protocol, options)
  try {
    await exchange.send(request)
    const response = await exchange.receive()
    if (response === undefined) throw new BakError('bad-message', `${protocol.id}: the answer is missing`)
    await exchange.close()
    return response
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  }
}

/** Length-prefixed CBOR on a stream, in both directions, within the protocol's bounds. */
class Frames {
  readonly #stream: Stream
  readonly #bytes: ByteStream<Stream>
  readonly #protocol: Protocol<unknown, unknown>
  readonly #unread = new Uint8ArrayList()
  /** Bytes that arrived and were not read. */
  #waiting = 0

  constructor(stream: Stream, protocol: Protocol<never, never> | Protocol<unknown, unknown>) {
    this.#stream = stream
    this.#protocol = protocol as Protocol<unknown, unknown>
    // libp2p ends a stream after two silent minutes unless it is told otherwise
    stream.inactivityTimeout = Number.isFinite(protocol.timeout) ? protocol.timeout + 5_000 : 2 ** 31 - 1
    stream.maxReadBufferLength = MAX_IN_FLIGHT
    this.#bytes = byteStream(stream, { maxBufferSize: protocol.maxFrame + MAX_IN_FLIGHT })
    stream.addEventListener('message', ({ data }) => this.#hold(data.byteLength))
  }

  /** A writer that is faster than the reader must wait: with more than a frame unread the stream's window closes. */
  #hold(arrived: number): void {
    this.#waiting += arrived
    if (this.#waiting > this.#protocol.maxFrame && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #letGo(): void {
    if (this.#stream.readStatus !== 'paused') return
    try {
      this.#stream.resume()
    } catch {
      // its connection is gone; what came before that can still be read
    }
  }

  async write(value: unknown, signal?: AbortSignal): Promise<void> {
    const body = encode(value)
    if (body.length > this.#protocol.maxFrame) {
      throw new BakError('bad-message', `${this.#protocol.id}: a frame of ${body.length} bytes is too large`)
    }
    const head = new Uint8Array(4)
    new DataView(head.buffer).setUint32(0, body.length)
    await this.#guard(signal, 'take a message', waiting =>
      this.#bytes.write(new Uint8ArrayList(head, body), { signal: waiting })
    )
  }

  /** @returns undefined at the orderly end of the stream */
  async read<T>(schema: Schema<T>, signal?: AbortSignal): Promise<T | undefined> {
    return this.#guard(signal, 'answer', async waiting => {
      if (!(await this.#fill(4, waiting))) return undefined
      const length = this.#unread.getUint32(0)
      if (length > this.#protocol.maxFrame) {
        throw new BakError('bad-message', `${this.#protocol.id}: a frame of ${length} bytes is too large`)
      }
      await this.#fill(4 + length, waiting)
      const body = this.#unread.sublist(4, 4 + length)
      this.#unread.consume(4 + length)
      return decode(schema, body.subarray())
    })
  }

  /** Tells the other side why, if it still listens, and ends the stream. */
  async fail(error: BakError): Promise<void> {
    try {
      await this.write({ error: { code: error.code, message: error.message.slice(0, 1024) } })
      await this.#stream.close({ signal: AbortSignal.timeout(5_000) })
    } catch {
      this.#stream.abort(error)
    }
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

  /** Bounds one wait and names what ended it. */
  async #guard<T>(
    signal: AbortSignal | undefined,
    what: string,
    wait: (waiting: AbortSignal) => Promise<T>
  ): Promise<T> {
    const { timeout, id } = this.#protocol
    const deadline = Number.isFinite(timeout) ? AbortSignal.timeout(timeout) : undefined
    const waiting = AbortSignal.any([signal, deadline].filter(s => s != null))
    try {
      return await wait(waiting)
    } catch (cause) {
      if (cause instanceof BakError) throw cause
      if (signal?.aborted) throw asBakError(signal.reason)
      if (deadline?.aborted) {
        throw new BakError('timeout', `${id}: the peer did not ${what} within ${timeout / 1000} s`, { cause })
      }
      throw new BakError('unreachable', `${id}: the stream broke: ${(cause as Error).message}`, { cause })
    }
  }
}
