/**
 * How every protocol of bak uses a libp2p stream. The caller opens it and speaks first; both sides send frames: four bytes
 * of length, big-endian, then CBOR. A frame from the answering side is either `{ok: response}` or, as its last,
 * `{error: {code, message}}`, which the caller gets as the same `BakError`. A side that has no more to say closes its
 * end. Silence for longer than the protocol's timeout ends the stream on both sides.
 *
 * A protocol is one value; its handler is an async generator that knows nothing of streams.
 */
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import * as v from 'valibot'
import { asBakError, BakError } from './errors.ts'
import { code, text } from './fields.ts'
import { Frames, type Unread } from './frames.ts'
import { callSelf } from './loopback.ts'
import type { Carrier } from './path.ts'
import type { Call, Handler, Opener, Protocol, WaitOptions } from './protocol.ts'

export type { Call, Exchange, Handler, Opener, Protocol, WaitOptions } from './protocol.ts'

/** Longest wait of the answering side for the first message. */
const REQUEST_TIMEOUT_MS = 15_000

const failure = v.object({ code, message: text })

/**
 * Makes the handler of a protocol one that libp2p can register.
 * @param onError gets the error of an exchange that failed, and whether its cause is a malformed message of the caller
 * @param unread counts the unread bytes of a peer
 */
export function serve<Request, Response>(
  protocol: Protocol<Request, Response>,
  handler: Handler<Request, Response>,
  onError: (error: BakError, peer: string, nonsense: boolean) => void = () => {},
  unread?: (peer: string) => Unread
): StreamHandler {
  return async (stream: Stream, connection: Connection) => {
    const peer = connection.remotePeer.toString()
    const frames = new Frames(stream, protocol, unread?.(peer))
    await answer(protocol, handler, frames, { peer, carrier: carrierOf(connection) }, onError)
  }
}

/** A connection with a socket of its own is TLS: a side that does not turn is refused. */
const carrierOf = ({ remoteAddr }: Connection): Carrier =>
  String(remoteAddr).includes('/p2p-circuit') ? 'noise' : 'tls'

/** One exchange at the answering side. Never rejects; `onError` is that of `serve`. */
async function answer<Request, Response>(
  protocol: Protocol<Request, Response>,
  handler: Handler<Request, Response>,
  frames: Frames,
  { peer, carrier }: { peer: string; carrier: Carrier },
  onError: (error: BakError, peer: string, nonsense: boolean) => void
): Promise<void> {
  const gone = new AbortController()
  frames.whenGone(() => gone.abort(new BakError('unreachable', `the stream of ${peer} closed`)))
  const { signal } = gone
  let nonsense: unknown
  const receive = (within?: number) =>
    frames.read(protocol.request, { signal, within, most: protocol.maxRequest }).catch(cause => {
      if (asBakError(cause).code === 'bad-message') nonsense = cause
      throw cause
    })
  try {
    const request = await receive(REQUEST_TIMEOUT_MS)
    if (request !== undefined) {
      const receivePlain = (into: Uint8Array) => frames.readPlain(into, { signal })
      const exchange = { peer, carrier, signal, receive: () => receive(), receivePlain }
      for await (const response of handler(request, exchange)) {
        await frames.write({ ok: response })
      }
    }
    await frames.close()
  } catch (cause) {
    const error = asBakError(cause)
    onError(error, peer, error === nonsense)
    await frames.fail(error)
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
  const frames = new Frames(await open(protocol.id, options), protocol)
  const answered = v.union([v.object({ ok: protocol.response }), v.object({ error: failure })])
  const receive = async () => {
    const frame = await frames.read(answered, options)
    if (frame === undefined) return undefined
    if ('error' in frame) {
      frames.close().catch(() => {})
      throw new BakError(frame.error.code, frame.error.message)
    }
    return frame.ok
  }
  return {
    send: (request, plain) => frames.write(request, options, plain),
    receive,
    close: () => frames.close().catch(error => frames.abort(error)),
    abort: error => frames.abort(error),
    async *[Symbol.asyncIterator]() {
      let over = false
      try {
        for (let next = await receive(); next !== undefined; next = await receive()) yield next
        over = true
        frames.close().catch(() => {})
      } finally {
        // a half-closed stream would leave the other side talking to nobody
        if (!over) frames.abort(new BakError('interrupted', 'the caller has heard enough'))
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

/** One exchange: its stream is closed when the work is done, and aborted when that fails. @throws as `call` and the work do */
export async function callWith<Request, Response, T>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  options: WaitOptions,
  work: (exchange: Call<Request, Response>) => Promise<T>
): Promise<T> {
  const exchange = await call(open, protocol, options)
  try {
    const result = await work(exchange)
    await exchange.close()
    return result
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  }
}

/** One request and its only response. @throws {BakError} `bad-message` if there is none */
export function askOne<Request, Response>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  request: Request,
  options: WaitOptions = {}
): Promise<Response> {
  return callWith(open, protocol, options, async ({ send, receive }) => {
    await send(request)
    const response = await receive()
    if (response === undefined) throw new BakError('bad-message', `${protocol.id}: the answer is missing`)
    return response
  })
}
