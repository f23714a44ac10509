/**
 * Streams to a member that this peer is not connected with and cannot reach, by way of a neighbour that is connected with both. The
 * neighbour joins two streams and can read nothing of them: the two ends run the handshake of a connection over it, Noise with the
 * mesh secret and the exchange of proofs, so that each knows who the other is. Only what runs need is forwarded.
 */
import type {
  Connection,
  ConnectionEncrypter,
  MessageStream,
  PeerId,
  Stream,
  StreamHandler,
  Upgrader
} from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { lpStream, pipe } from '@libp2p/utils'
import { decode, encode } from '../../protocols/codec.ts'
import { MAX_TIMER_MS } from '../../protocols/duration.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import {
  type ForwardRequest,
  forwardedProtocol,
  forwardProtocol,
  forwardReply,
  forwardRequest,
  MAX_FORWARD_FRAME_BYTES
} from '../../protocols/forward.ts'
import type { Log } from '../log.ts'
import { Part } from '../part.ts'
import { throttle } from './libp2p/relay-backpressure.ts'
import { SecuredStream } from './libp2p/secured-stream.ts'
import { isRelayed } from './reachability/addresses.ts'
import type { StreamForwarding, Streams } from './streams.ts'

/** Neighbours that are asked, one after the other. */
const MAX_ASKED = 4
/** Streams that this peer joins for others at the same time. */
const MAX_FORWARDED = 64
/** Longest time until both ends have finished their handshake, ms. */
const OPEN_TIMEOUT_MS = 10_000

export interface ForwardingComponents {
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  registrar: Pick<Registrar, 'handle' | 'unhandle'>
  upgrader: Pick<Upgrader, 'getConnectionEncrypters'>
  streams: Pick<Streams, 'serverOf' | 'useForwarding'>
}

export interface ForwardingInit {
  log: Log
  /** Protocols that are forwarded. */
  protocols: Array<{ id: string }>
}

export class Forwarding extends Part<ForwardingComponents, ForwardingInit> implements StreamForwarding {
  readonly #protocols = new Set(this.init.protocols.map(({ id }) => id))
  readonly #log = this.init.log.with({}, 'forwarding')
  #forwarded = 0

  async start(): Promise<void> {
    const { registrar, streams } = this.components
    streams.useForwarding(this)
    await registrar.handle(forwardProtocol, this.#guarded(this.#join))
    await registrar.handle(forwardedProtocol, this.#guarded(this.#accept))
  }

  override async stop(): Promise<void> {
    const { registrar } = this.components
    for (const protocol of [forwardProtocol, forwardedProtocol]) await registrar.unhandle(protocol)
  }

  forwards(protocol: string): boolean {
    return this.#protocols.has(protocol)
  }

  /** @throws {BakError} `unreachable` if no neighbour has a connection with the peer */
  async open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream> {
    const [name, encrypter] = this.#encrypters()[0] ?? []
    if (name == null || encrypter == null) throw new BakError('unreachable', 'there is no encrypter')
    const reasons: string[] = []
    for (const neighbour of this.#neighbours(peer)) {
      const stream = await neighbour.newStream(forwardProtocol, { signal })
      try {
        await ask(stream, { peer, protocol, encrypter: name }, signal)
        const remotePeer = peerIdFromString(peer)
        const secured = await encrypter.secureOutbound(stream, { signal, remotePeer, skipStreamMuxerNegotiation: true })
        return new SecuredStream(secured.connection, { id: stream.id, protocol })
      } catch (cause) {
        const error = asBakError(cause)
        stream.abort(error)
        signal.throwIfAborted()
        reasons.push(error.message)
      }
    }
    throw new BakError('unreachable', `no neighbour forwards to ${peer}: ${reasons.join('; ') || 'there is none'}`)
  }

  /** The neighbour's part: joins the caller's stream with one to the peer that it names. */
  readonly #join = async (near: Stream, connection: Connection, signal: AbortSignal): Promise<void> => {
    const request = await receive(near, signal)
    if (!this.forwards(request.protocol)) throw new BakError('not-allowed', `${request.protocol} is not forwarded`)
    if (this.#forwarded >= MAX_FORWARDED) throw new BakError('busy', `${MAX_FORWARDED} streams are forwarded already`)
    const next = this.#connections(peerIdFromString(request.peer))[0]
    if (next == null) throw new BakError('unreachable', `there is no connection with ${request.peer} here`)
    const far = await next.newStream(forwardedProtocol, { signal })
    try {
      await ask(far, { ...request, peer: connection.remotePeer.toString() }, signal)
      await reply(near, { ok: true }, signal)
    } catch (cause) {
      far.abort(asBakError(cause))
      throw cause
    }
    this.#forwarded++
    joinStreams(near, far, () => this.#forwarded--)
  }

  /** The addressee's part: finds out who is at the other end, and serves the protocol. */
  readonly #accept = async (stream: Stream, _: Connection, signal: AbortSignal): Promise<void> => {
    const { peer, protocol, encrypter: name } = await receive(stream, signal)
    const serve = this.forwards(protocol) ? this.components.streams.serverOf(protocol) : undefined
    const encrypter = new Map(this.#encrypters()).get(name)
    if (serve == null) throw new BakError('not-allowed', `${protocol} is not forwarded`)
    if (encrypter == null) throw new BakError('not-allowed', `this peer does not use ${name}`)
    await reply(stream, { ok: true }, signal)
    const secured = await encrypter.secureInbound(stream, { signal, skipStreamMuxerNegotiation: true })
    if (secured.remotePeer.toString() !== peer) throw new BakError('not-allowed', `${peer} is another peer`)
    serve(new SecuredStream(secured.connection, { id: stream.id, protocol }), peer)
  }

  /** A request that is refused is answered with the reason, and the stream ends. */
  #guarded(handle: (stream: Stream, connection: Connection, signal: AbortSignal) => Promise<void>): StreamHandler {
    return async (stream, connection) => {
      const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
      try {
        await handle(stream, connection, signal)
      } catch (cause) {
        const { code, message } = asBakError(cause)
        this.#log.refused('forwarding refused', { from: connection.remotePeer.toString(), code, why: message })
        await reply(stream, { code, message }, signal).catch(() => {})
        await stream.close().catch(() => {})
      }
    }
  }

  /** Direct connections with other peers than the addressee, one of each peer. */
  #neighbours(peer: string): Connection[] {
    const byPeer = new Map(this.#connections().map(each => [each.remotePeer.toString(), each]))
    byPeer.delete(peer)
    return [...byPeer.values()].slice(0, MAX_ASKED)
  }

  #connections(peer?: PeerId): Connection[] {
    const all = this.components.connectionManager.getConnections(peer)
    return all.filter(({ status, remoteAddr }) => status === 'open' && !isRelayed(remoteAddr))
  }

  #encrypters(): Array<[string, ConnectionEncrypter<unknown>]> {
    return [...this.components.upgrader.getConnectionEncrypters()]
  }
}

async function ask(stream: Stream, request: ForwardRequest, signal: AbortSignal): Promise<void> {
  const frames = lpStream(stream, { maxDataLength: MAX_FORWARD_FRAME_BYTES })
  await frames.write(encode(request), { signal })
  const answer = decode(forwardReply, (await frames.read({ signal })).subarray())
  if ('code' in answer) throw new BakError(answer.code, answer.message)
  frames.unwrap()
}

async function receive(stream: Stream, signal: AbortSignal): Promise<ForwardRequest> {
  const frames = lpStream(stream, { maxDataLength: MAX_FORWARD_FRAME_BYTES })
  const request = decode(forwardRequest, (await frames.read({ signal })).subarray())
  frames.unwrap()
  return request
}

async function reply(stream: MessageStream, answer: Parameters<typeof encode>[0], signal: AbortSignal): Promise<void> {
  const frames = lpStream(stream, { maxDataLength: MAX_FORWARD_FRAME_BYTES })
  await frames.write(encode(answer), { signal })
  frames.unwrap()
}

/** Passes bytes, ends and failures on in both directions, and holds back an end that sends faster than the other one reads. */
function joinStreams(near: Stream, far: Stream, onEnd: () => void): void {
  throttle(near, far)
  throttle(far, near)
  // the two live as long as the exchange of their ends, which has limits of its own
  for (const stream of [near, far]) stream.inactivityTimeout = MAX_TIMER_MS
  pipe(near, far, near)
    .catch(cause => {
      for (const stream of [near, far]) stream.abort(asBakError(cause))
    })
    .finally(onEnd)
}
