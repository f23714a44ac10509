/**
 * A connection of TCP that a stream carries: the caller accepted it on its machine, the other side makes it on its own loopback, to a port
 * that its owner lets be reached, or to that of a tool of a run. The caller says where to, and the other side that it is connected; then
 * both say `data` and `end`, each for its own direction, until both have said `end`. A connection that breaks aborts the stream, so that
 * nobody takes half of what was sent for all of it.
 */
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { asBakError, BakError } from './errors.ts'
import { bytes, name, runId } from './fields.ts'
import { port } from './ports.ts'
import type { Call, Exchange, Opener, Protocol, WaitOptions } from './protocol.ts'
import { call } from './stream.ts'

/** Bytes of one message: what Node reads of a socket at once. */
export const MAX_CHUNK_BYTES = 64 * 1024
/** A connection on which nothing came for so long, ms, is closed: many programs never close one that they have forgotten. */
const TUNNEL_IDLE_MS = 15 * 60_000
/** More than the other side waits for the port itself. */
const TUNNEL_OPEN_MS = 15_000

/** A persistent tool of a run on the member, for the controller of the run; or a port, for people, within `allow.forward` of its owner. */
const target = v.union([v.strictObject({ run: runId, group: name, tool: name }), v.strictObject({ port })])
export type TunnelTarget = v.InferOutput<typeof target>

const data = v.object({ type: v.literal('data'), bytes: bytes(MAX_CHUNK_BYTES) })
const end = v.object({ type: v.literal('end') })

const request = v.variant('type', [
  v.object({
    type: v.literal('open'),
    to: target,
    /** Only whether it would be let in: nothing is connected. */
    isQuestion: v.optional(v.literal(true))
  }),
  data,
  end
])
const response = v.variant('type', [v.object({ type: v.literal('open') }), data, end])
export type TunnelRequest = v.InferOutput<typeof request>
export type TunnelResponse = v.InferOutput<typeof response>

export const tunnelProtocol: Protocol<TunnelRequest, TunnelResponse> = {
  id: '/bak/tunnel/1.0.0',
  request,
  response,
  // a connection may say nothing for long: the ends have limits of their own
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: MAX_CHUNK_BYTES + 1024
}

export interface TunnelOptions extends WaitOptions {
  /** A tunnel on which nothing comes for so long ends, ms. */
  idle?: number
}

interface OpenOptions extends WaitOptions {
  /** Longest wait for the other side to be connected, ms. */
  within?: number
}

/** Asks whether a tunnel would be let in. @throws {BakError} why not */
export async function askTunnel(open: Opener, to: TunnelTarget, options: OpenOptions = {}): Promise<void> {
  const exchange = await openExchange(open, { type: 'open', to, isQuestion: true }, options)
  await exchange.close()
}

/** @returns joins a socket with the other side, which is connected. @throws {BakError} why it is not */
export async function openTunnel(
  open: Opener,
  to: TunnelTarget,
  options: OpenOptions = {}
): Promise<(socket: Duplex, options?: TunnelOptions) => Promise<void>> {
  const exchange = await openExchange(open, { type: 'open', to }, options)
  return (socket, options = {}) => carry(exchange, socket, options)
}

async function openExchange(open: Opener, first: TunnelRequest, { signal, within = TUNNEL_OPEN_MS }: OpenOptions) {
  const waiting = new AbortController()
  const expire = () => waiting.abort(new BakError('timeout', `the tunnel was not open within ${within / 1000} s`))
  const timer = setTimeout(expire, within).unref()
  const stop = () => waiting.abort(asBakError(signal?.reason))
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  let exchange: Call<TunnelRequest, TunnelResponse> | undefined
  try {
    // the signal of the call would be that of the whole exchange
    exchange = await call(open, tunnelProtocol, { signal: waiting.signal })
    await exchange.send(first)
    const answer = await exchange.receive()
    if (answer?.type !== 'open')
      throw new BakError('bad-message', `${tunnelProtocol.id}: it did not say that it is open`)
    return exchange
  } catch (cause) {
    exchange?.abort(asBakError(cause))
    throw cause
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** The caller's end. @throws {BakError} what broke it; the socket is reset then */
async function carry(
  exchange: Call<TunnelRequest, TunnelResponse>,
  socket: Duplex,
  { signal, idle }: TunnelOptions
): Promise<void> {
  const watch = watchOver(socket, { signal, idle })
  try {
    const there = async () => {
      for await (const message of read(socket, watch)) await exchange.send(message)
    }
    const back = write(socket, () => exchange.receive(), watch)
    await Promise.race([Promise.all([there(), back]), watch.broken])
    await exchange.close()
  } catch (cause) {
    const error = asBakError(cause)
    exchange.abort(error)
    throw error
  } finally {
    watch.end()
  }
}

/** The other side's end. @param socket is connected with what the tunnel leads to */
export async function* answerTunnel(
  socket: Duplex,
  { receive, signal }: Pick<Exchange<TunnelRequest>, 'receive' | 'signal'>,
  { idle }: Pick<TunnelOptions, 'idle'> = {}
): AsyncGenerator<TunnelResponse> {
  const watch = watchOver(socket, { signal, idle })
  try {
    yield { type: 'open' }
    const there = write(socket, receive, watch)
    // the bytes that come are taken while those that go wait for their reader
    there.catch(cause => watch.fail(cause))
    yield* read(socket, watch)
    await Promise.race([there, watch.broken])
  } finally {
    watch.end()
  }
}

interface Watch {
  /** Bytes have moved. */
  touch(): void
  fail(cause: unknown): void
  /** Rejects when the connection breaks, or is ended by `fail`, the signal or its silence; resolves never. */
  broken: Promise<never>
  /** Closes what is still open, as broken unless both directions have ended. */
  end(): void
}

function watchOver(socket: Duplex, { signal, idle = TUNNEL_IDLE_MS }: TunnelOptions): Watch {
  const { promise: broken, reject } = Promise.withResolvers<never>()
  broken.catch(() => {})
  const fail = (cause: unknown) => {
    reject(asBakError(cause))
    reset(socket)
  }
  const expire = () => fail(new BakError('timeout', `nothing came on the connection for ${idle / 1000} s`))
  const timer = setTimeout(expire, idle).unref()
  const stop = () => fail(signal?.reason)
  const onClose = () => {
    if (!isOver(socket)) reject(new BakError('unreachable', `the connection broke${why(socket.errored)}`))
  }
  // an error is always followed by `close`
  socket.on('error', () => {})
  socket.on('close', onClose)
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  else if (socket.destroyed) onClose()
  return {
    broken,
    fail,
    touch: () => void timer.refresh(),
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      if (!isOver(socket)) reset(socket)
    }
  }
}

const isOver = (socket: Duplex) => socket.readableEnded && socket.writableFinished && socket.errored == null

const why = (error: Error | null) => (error == null ? '' : `: ${error.message}`)

/** As a connection breaks: its other end is not to take it for an orderly end. */
function reset(socket: Duplex): void {
  if ('resetAndDestroy' in socket) (socket as Duplex & { resetAndDestroy(): void }).resetAndDestroy()
  else socket.destroy()
}

/** What a socket says, and its end. @throws what breaks it */
async function* read(
  socket: Duplex,
  { touch, broken }: Watch
): AsyncGenerator<{ type: 'data'; bytes: Uint8Array } | { type: 'end' }> {
  try {
    // the other direction may go on
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length; at += MAX_CHUNK_BYTES) {
        yield { type: 'data', bytes: chunk.subarray(at, at + MAX_CHUNK_BYTES) }
        touch()
      }
    }
  } catch {
    await broken
  }
  if (!socket.readableEnded) await broken
  yield { type: 'end' }
}

/** Gives a socket what the other side says, as fast as it takes that, and then its end. */
async function write(
  socket: Duplex,
  receive: () => Promise<TunnelRequest | TunnelResponse | undefined>,
  { touch, broken }: Watch
): Promise<void> {
  for (let message = await receive(); message?.type !== 'end'; message = await receive()) {
    if (message == null) throw new BakError('unreachable', 'the other side ended before the connection did')
    if (message.type !== 'data') throw new BakError('bad-message', 'the tunnel is open already')
    touch()
    if (!socket.write(message.bytes)) await drained(socket)
    if (socket.destroyed) await broken
    touch()
  }
  await Promise.race([new Promise<void>(resolve => socket.end(resolve)), broken])
}

/** Until it takes more, or is closed. A race against `broken` would add to what that promise keeps with each wait. */
async function drained(socket: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (socket.destroyed) resolve()
  socket.once('drain', resolve).once('close', resolve)
  await promise
  socket.off('drain', resolve).off('close', resolve)
}
