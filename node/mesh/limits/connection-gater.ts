/**
 * Decides which connections are let in. Before its handshake only the address of a connection is known, and many honest peers may share
 * it: an address is refused only while its handshakes fail in masses, and a connection with a slow handshake makes room for the next.
 * After the handshake everything is counted by peer.
 */
import type { ConnectionGater as Libp2pConnectionGater, PeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { BakError } from '../../../protocols/errors.ts'
import type { Log } from '../../log.ts'
import {
  CONNECTIONS,
  FAILED_HANDSHAKES,
  MAX_CONNECTIONS_OF_PEER,
  MAX_PENDING,
  MAX_PENDING_OF_ADDRESS
} from './constants.ts'
import { originOf } from './origin.ts'
import type { PeerScore } from './peer-score.ts'
import { TokenBuckets } from './token-bucket.ts'

interface Pending {
  remoteAddr: Multiaddr
  abort(error: Error): void
  addEventListener(event: 'close', listener: () => void): void
}

export interface ConnectionGaterInit {
  peerScore: Pick<PeerScore, 'note' | 'isCutOff'>
  log: Log
  /** ms, of a monotonic clock */
  now?(): number
}

export class ConnectionGater {
  readonly #peerScore: ConnectionGaterInit['peerScore']
  readonly #log: Log
  readonly #now: () => number
  readonly #failures = new TokenBuckets(FAILED_HANDSHAKES)
  readonly #connections = new TokenBuckets(CONNECTIONS)
  /** Inbound connections in their handshake, with their origins, oldest first. */
  readonly #pending = new Map<Pending, string>()
  readonly #byOrigin = new Map<string, Set<Pending>>()
  #manager: Pick<ConnectionManager, 'getConnections'> | undefined

  constructor({ peerScore, log, now = () => performance.now() }: ConnectionGaterInit) {
    this.#peerScore = peerScore
    this.#log = log.with({}, 'gater')
    this.#now = now
  }

  /** libp2p needs the gater before it has components: it becomes one of the services here. */
  serve(components: { connectionManager: Pick<ConnectionManager, 'getConnections'> }): this {
    this.#manager = components.connectionManager
    return this
  }

  get callbacks(): Libp2pConnectionGater {
    return {
      denyDialMultiaddr: () => false,
      denyDialPeer: peer => this.#peerScore.isCutOff(peer.toString()),
      denyInboundConnection: connection => !this.begin(connection),
      denyInboundUpgradedConnection: (peer, connection) => !this.#admit(peer, connection)
    }
  }

  /** Registers a connection before its handshake. @returns whether the handshake may begin */
  begin(connection: Pending): boolean {
    const origin = originOf(connection.remoteAddr)
    if (!this.#failures.has(origin, this.#now())) {
      const why = 'too many handshakes from this address have failed'
      this.#log.refused('connection refused', { from: origin, code: 'busy', why })
      return false
    }
    const siblings = this.#byOrigin.get(origin) ?? new Set()
    this.#byOrigin.set(origin, siblings.add(connection))
    this.#pending.set(connection, origin)
    connection.addEventListener('close', () => this.#onFailed(connection))
    if (siblings.size > MAX_PENDING_OF_ADDRESS) this.#makeRoom(siblings.values())
    if (this.#pending.size > MAX_PENDING) this.#makeRoom(this.#pending.keys())
    return true
  }

  #makeRoom([oldest]: Iterable<Pending>): void {
    oldest?.abort(new BakError('busy', 'the handshake took too long while other connections wait'))
  }

  #onFailed(connection: Pending): void {
    const origin = this.forget(connection)
    if (origin != null) this.#failures.take(origin, this.#now())
  }

  /** Takes a connection off the pending ones without counting a failure. @returns its origin, if it was pending */
  forget(connection: Pending): string | undefined {
    const origin = this.#pending.get(connection)
    if (origin == null) return undefined
    this.#pending.delete(connection)
    const siblings = this.#byOrigin.get(origin)
    siblings?.delete(connection)
    if (siblings?.size === 0) this.#byOrigin.delete(origin)
    return origin
  }

  /** Judges a connection after its handshake: the peer is known and belongs to the mesh. */
  #admit(peerId: PeerId, connection: Pending): boolean {
    this.forget(connection)
    const peer = peerId.toString()
    if (this.#peerScore.isCutOff(peer)) return false
    const open = this.#manager?.getConnections(peerId).length ?? 0
    if (this.#connections.take(peer, this.#now()) && open < MAX_CONNECTIONS_OF_PEER) return true
    const why = `${open} connections of this peer are open, or it makes new ones too fast`
    this.#log.refused('connection refused', { from: peer, code: 'busy', why })
    this.#peerScore.note(peer, 'too-many-connections')
    return false
  }
}
