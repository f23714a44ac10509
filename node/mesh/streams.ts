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
import type { PeerScore } from './limits/peer-score.ts'
import { StreamLimits } from './limits/stream-limits.ts'
import { isRelayed, preferred } from './reachability/addresses.ts'

/** Longest time to get a connection and negotiate a stream on it, in ms. */
const OPEN_TIMEOUT = 10_000
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
  /** Where it is kept what other peers do; without it they may do as much as they like. */
  peerScore?: Pick<PeerScore, 'note'>
}

export class Streams {
  readonly #components: StreamsComponents
  readonly #log: Log
  readonly #conduct: StreamsInit['peerScore']
  readonly #bounds: StreamLimits | undefined
  readonly #self: string
  readonly #handlers = new Map<string, Handler<never, unknown>>()
  readonly #served = new Map<string, StreamHandler>()
  #forwarding: StreamForwarding | undefined
  readonly #here: Opener = Object.assign(
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

  constructor(components: StreamsComponents, init: StreamsInit) {
    this.#components = components
    this.#conduct = init.peerScore
    if (init.peerScore != null) this.#bounds = new StreamLimits(init.peerScore)
    this.#self = components.peerId.toString()
    this.#log = init.log.with({}, 'streams')
  }

  /** @returns what opens streams to one peer, over the connection that is there or a new one */
  to(peer: string): Opener {
    return peer === this.#self ? this.#here : this.#over(peer)
  }

  #over(peer: string): Opener {
    return async (protocol, options = {}) => {
      const deadline = AbortSignal.timeout(OPEN_TIMEOUT)
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

  /** Peers that cannot be dialled are reached this way from now on. */
  useForwarding(forwarding: StreamForwarding): void {
    this.#forwarding = forwarding
  }

  /** @returns what serves a stream of the protocol that came over a connection of its own, or of a neighbour's */
  serverOf(protocol: string): ((stream: Stream, peer: string) => void) | undefined {
    const served = this.#served.get(protocol)
    return served && ((stream, peer) => void served(stream, forwardedFrom(peer)))
  }

  async serve<Request, Response>(
    protocol: Protocol<Request, Response>,
    handler: Handler<Request, Response>
  ): Promise<void> {
    this.#handlers.set(protocol.id, handler as Handler<never, unknown>)
    const served = serve(protocol, handler, this.#noting(protocol.id), peer => this.#unread(peer))
    const bounded = this.#bounded(protocol.id, served)
    this.#served.set(protocol.id, bounded)
    await this.#components.registrar.handle(protocol.id, bounded, {
      maxInboundStreams: MAX_STREAMS,
      maxOutboundStreams: MAX_STREAMS,
      runOnLimitedConnection: true
    })
  }

  /** @returns what is told of an exchange that ended early */
  #noting(protocol: string) {
    return ({ code, message: why }: BakError, from: string, nonsense: boolean) => {
      if (nonsense) this.#conduct?.note(from, 'bad-request')
      const about = { protocol, from, code, why }
      if (isRefusal(code)) this.#log.refused('request refused', about)
      else this.#log.debug('exchange ended early', about)
    }
  }

  /** Lets no peer have more streams than it can need. */
  #bounded(protocol: string, served: StreamHandler): StreamHandler {
    return (stream, connection) => {
      const release = this.#bounds?.admit(connection.remotePeer.toString(), protocol)
      if (this.#bounds != null && release == null) {
        return stream.abort(new BakError('busy', 'it opens more streams than any peer needs'))
      }
      if (release != null) stream.addEventListener('close', release, { once: true })
      return served(stream, connection)
    }
  }

  #unread(peer: string): Unread {
    return this.#bounds?.unread(peer) ?? (() => true)
  }

  async unserve(protocol: { id: string }): Promise<void> {
    this.#handlers.delete(protocol.id)
    this.#served.delete(protocol.id)
    await this.#components.registrar.unhandle(protocol.id)
  }

  connected(peer: string): boolean {
    if (peer === this.#self) return true
    return this.#components.connectionManager.getConnections(peerId(peer)).some(c => c.status === 'open')
  }

  /** @returns whether the only way to a peer is through another */
  isRelayed(peer: string): boolean {
    const connection = preferred(this.#components.connectionManager.getConnections(peerId(peer)))
    return connection != null && isRelayed(connection.remoteAddr)
  }

  async #connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const open = preferred(this.#components.connectionManager.getConnections(peer))
    return open ?? (await this.#components.connectionManager.openConnection(peer, { signal }))
  }
}

/** What handlers ask of a connection, for a stream without one. */
const forwardedFrom = (peer: string) =>
  ({ remotePeer: peerId(peer), remoteAddr: multiaddr(`/p2p-circuit/p2p/${peer}`) }) as Connection

const ids = new Map<string, PeerId>()
const MAX_IDS = 16_384

/** Reading a peer id costs more than all else of looking for a connection. */
function peerId(peer: string): PeerId {
  const known = ids.get(peer) ?? peerIdFromString(peer)
  if (ids.size < MAX_IDS) ids.set(peer, known)
  return known
}
