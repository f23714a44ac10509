/** Streams between peers of the mesh: opens them by peer id, and serves the protocols of this peer. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection, PeerId, Stream, StreamHandler } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { asBakError, BakError, isRefusal } from '../../protocols/errors.ts'
import type { Unread } from '../../protocols/frames.ts'
import { type Handler, type Opener, type Protocol, serve } from '../../protocols/stream.ts'
import type { Log } from '../log.ts'
import { Part } from '../part.ts'
import type { PeerScore } from './limits/peer-score.ts'
import { StreamLimits } from './limits/stream-limits.ts'
import { isRelayed, preferred } from './reachability/addresses.ts'

/** Longest time to get a connection and negotiate a stream on it. */
const OPEN_TIMEOUT_MS = 10_000
/** A dial may take so long, ms, before a neighbour is asked to forward as well. */
const FORWARD_AFTER_MS = 1_000
/** Streams of one protocol that one connection may hold open: one for each of its runs, and a few transfers. */
const MAX_STREAMS = 128

export interface StreamsComponents {
  peerId: PeerId
  connectionManager: ConnectionManager
  registrar: Registrar
}

/** Opens streams to peers that this one cannot connect with. */
export interface StreamForwarding {
  open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream>
  forwards(protocol: string): boolean
}

export interface StreamsInit {
  log: Log
  /** Counts violations of other peers; without it no peer is limited. */
  peerScore?: Pick<PeerScore, 'note'>
}

export class Streams extends Part<StreamsComponents, StreamsInit> {
  readonly #log = this.init.log.with({}, 'streams')
  readonly #limits = this.init.peerScore && new StreamLimits(this.init.peerScore)
  readonly #self = this.components.peerId.toString()
  readonly #handlers = new Map<string, Handler<never, unknown>>()
  readonly #served = new Map<string, StreamHandler>()
  #forwarding: StreamForwarding | undefined
  readonly #toSelf: Opener = Object.assign(
    async (protocol: string) => {
      throw new BakError('unreachable', `this peer does not serve ${protocol}`)
    },
    {
      local: (protocol: string) => {
        const handler = this.#handlers.get(protocol)
        return handler == null ? undefined : { handler, peer: this.#self }
      }
    }
  )

  /** @returns the opener of streams to one peer, on its present connection or a new one */
  to(peer: string): Opener {
    return peer === this.#self ? this.#toSelf : this.#toOther(peer)
  }

  #toOther(peer: string): Opener {
    return async (protocol, options = {}) => {
      const deadline = AbortSignal.timeout(OPEN_TIMEOUT_MS)
      const signal = options.signal == null ? deadline : AbortSignal.any([options.signal, deadline])
      try {
        return await this.#open(peer, protocol, signal)
      } catch (cause) {
        if (options.signal?.aborted) throw asBakError(options.signal.reason)
        throw new BakError('unreachable', `${peer} cannot be reached for ${protocol}: ${(cause as Error).message}`, {
          cause
        })
      }
    }
  }

  async #open(peer: string, protocol: string, signal: AbortSignal): Promise<Stream> {
    const direct = this.#openDirect(peer, protocol, signal)
    if (this.connected(peer) || !this.#forwarding?.forwards(protocol)) return await direct
    const settled = new AbortController()
    const first = await Promise.race([
      direct.catch(() => undefined),
      sleep(FORWARD_AFTER_MS, undefined, { signal: settled.signal }).catch(() => undefined)
    ])
    settled.abort()
    if (first != null) return first
    const forwarded = this.#forwarding.open(peer, protocol, signal)
    const stream = await Promise.any([direct, forwarded]).catch(({ errors }: AggregateError) => {
      throw errors[0]
    })
    const closeOther = async (opened: Promise<Stream>) => {
      const other = await opened
      if (other !== stream) await other.close()
    }
    for (const opened of [direct, forwarded]) closeOther(opened).catch(() => {})
    return stream
  }

  async #openDirect(peer: string, protocol: string, signal: AbortSignal): Promise<Stream> {
    const connection = await this.#connect(peerId(peer), signal)
    return await connection.newStream(protocol, {
      signal,
      runOnLimitedConnection: true,
      maxOutboundStreams: MAX_STREAMS
    })
  }

  /** Sets the fallback for peers that cannot be dialled. */
  useForwarding(forwarding: StreamForwarding): void {
    this.#forwarding = forwarding
  }

  /** @returns the handler of streams of a protocol, with which a stream that a neighbour forwards is served as well */
  serverOf(protocol: string): ((stream: Stream, peer: string) => void) | undefined {
    const served = this.#served.get(protocol)
    return served && ((stream, peer) => void served(stream, forwardedFrom(peer)))
  }

  async serve<Request, Response>(
    protocol: Protocol<Request, Response>,
    handler: Handler<Request, Response>
  ): Promise<void> {
    this.#handlers.set(protocol.id, handler as Handler<never, unknown>)
    const served = serve(protocol, handler, this.#onFailure(protocol.id), peer => this.#unreadCounter(peer))
    const limited = this.#limited(protocol.id, served)
    this.#served.set(protocol.id, limited)
    await this.components.registrar.handle(protocol.id, limited, {
      maxInboundStreams: MAX_STREAMS,
      maxOutboundStreams: MAX_STREAMS,
      runOnLimitedConnection: true
    })
  }

  /** @returns the callback for exchanges of a protocol that fail */
  #onFailure(protocol: string) {
    return ({ code, message: why }: BakError, from: string, isMalformed: boolean) => {
      if (isMalformed) this.init.peerScore?.note(from, 'bad-request')
      const about = { protocol, from, code, why }
      if (isRefusal(code)) this.#log.refused('request refused', about)
      else this.#log.debug('exchange ended early', about)
    }
  }

  /** Refuses streams beyond the limits of their peer. */
  #limited(protocol: string, served: StreamHandler): StreamHandler {
    return (stream, connection) => {
      const release = this.#limits?.admit(connection.remotePeer.toString(), protocol)
      if (this.#limits != null && release == null) {
        return stream.abort(new BakError('busy', 'too many streams from this peer'))
      }
      if (release != null) stream.addEventListener('close', release, { once: true })
      return served(stream, connection)
    }
  }

  #unreadCounter(peer: string): Unread {
    return this.#limits?.unread(peer) ?? (() => true)
  }

  /** What is still served ends with the peer. */
  override async stop(): Promise<void> {
    super.stop()
    for (const id of this.#served.keys()) await this.unserve({ id })
  }

  /** Ends one protocol while the peer goes on. */
  async unserve(protocol: { id: string }): Promise<void> {
    this.#handlers.delete(protocol.id)
    this.#served.delete(protocol.id)
    await this.components.registrar.unhandle(protocol.id)
  }

  connected(peer: string): boolean {
    if (peer === this.#self) return true
    return this.components.connectionManager.getConnections(peerId(peer)).some(c => c.status === 'open')
  }

  /** @returns whether the only way to a peer is through another */
  isRelayed(peer: string): boolean {
    const connection = preferred(this.components.connectionManager.getConnections(peerId(peer)))
    return connection != null && isRelayed(connection.remoteAddr)
  }

  async #connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const open = preferred(this.components.connectionManager.getConnections(peer))
    return open ?? (await this.components.connectionManager.openConnection(peer, { signal }))
  }
}

/** The fields of a connection that handlers read, for a forwarded stream, which has none. */
const forwardedFrom = (peer: string) =>
  ({ remotePeer: peerId(peer), remoteAddr: multiaddr(`/p2p-circuit/p2p/${peer}`) }) as Connection

const parsedIds = new Map<string, PeerId>()
const MAX_PARSED_IDS = 16_384

/** Cached: to parse a peer id costs more than the rest of finding a connection. */
function peerId(peer: string): PeerId {
  const known = parsedIds.get(peer) ?? peerIdFromString(peer)
  if (parsedIds.size < MAX_PARSED_IDS) parsedIds.set(peer, known)
  return known
}
