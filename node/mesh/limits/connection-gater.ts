/**
 * Who may connect. Before a connection has shown whose it is, only its address is known, which many honest peers may share: so
 * nobody is refused for its address but while handshakes of that address fail in masses, and a connection that dawdles makes
 * room for the next. Afterwards all is counted by peer.
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
import { TokenBuckets } from './token-buckets.ts'

interface Pending {
  remoteAddr: Multiaddr
  abort(why: Error): void
  addEventListener(event: 'close', listener: () => void): void
}

export interface ConnectionGaterInit {
  conduct: Pick<PeerScore, 'note' | 'isCutOff'>
  log: Log
  /** ms, of a clock that never goes back */
  now?(): number
}

export class ConnectionGater {
  readonly #conduct: ConnectionGaterInit['conduct']
  readonly #log: Log
  readonly #now: () => number
  readonly #failures = new TokenBuckets(FAILED_HANDSHAKES)
  readonly #connections = new TokenBuckets(CONNECTIONS)
  /** Connections on their way in, with their origins, oldest first. */
  readonly #pending = new Map<Pending, string>()
  readonly #byOrigin = new Map<string, Set<Pending>>()
  #manager: ConnectionManager | undefined

  constructor({ conduct, log, now = () => performance.now() }: ConnectionGaterInit) {
    this.#conduct = conduct
    this.#log = log.with({}, 'gate')
    this.#now = now
  }

  /** libp2p asks it whom to let in; it becomes one of its services here. */
  serve(components: { connectionManager: ConnectionManager }): this {
    this.#manager = components.connectionManager
    return this
  }

  /** libp2p starts only what has both. */
  start(): void {}

  stop(): void {
    this.#manager = undefined
  }

  get gater(): Libp2pConnectionGater {
    return {
      denyDialMultiaddr: () => false,
      denyDialPeer: peer => this.#conduct.isCutOff(peer.toString()),
      denyInboundConnection: connection => !this.begin(connection),
      denyInboundUpgradedConnection: (peer, connection) => !this.#letIn(peer, connection)
    }
  }

  /** A connection that has shown nothing yet. @returns whether it may go on */
  begin(connection: Pending): boolean {
    const origin = originOf(connection.remoteAddr)
    if (!this.#failures.has(origin, this.#now())) {
      const why = 'too many handshakes of this address have failed'
      this.#log.refused('connection refused', { from: origin, code: 'busy', why })
      return false
    }
    const siblings = this.#byOrigin.get(origin) ?? new Set()
    this.#byOrigin.set(origin, siblings.add(connection))
    this.#pending.set(connection, origin)
    connection.addEventListener('close', () => this.#failed(connection))
    if (siblings.size > MAX_PENDING_OF_ADDRESS) this.#makeRoom(siblings.values())
    if (this.#pending.size > MAX_PENDING) this.#makeRoom(this.#pending.keys())
    return true
  }

  #makeRoom([oldest]: Iterable<Pending>): void {
    oldest?.abort(new BakError('busy', 'its handshake took too long, while others wait'))
  }

  #failed(connection: Pending): void {
    const origin = this.forget(connection)
    if (origin != null) this.#failures.take(origin, this.#now())
  }

  /** It is not on its way in any more, and has done nothing wrong. @returns where it came from, if it was */
  forget(connection: Pending): string | undefined {
    const origin = this.#pending.get(connection)
    if (origin == null) return undefined
    this.#pending.delete(connection)
    const siblings = this.#byOrigin.get(origin)
    siblings?.delete(connection)
    if (siblings?.size === 0) this.#byOrigin.delete(origin)
    return origin
  }

  /** A connection that has shown whose it is, and that it belongs to the mesh. */
  #letIn(peerId: PeerId, connection: Pending): boolean {
    this.forget(connection)
    const peer = peerId.toString()
    if (this.#conduct.isCutOff(peer)) return false
    const open = this.#manager?.getConnections(peerId).length ?? 0
    if (this.#connections.take(peer, this.#now()) && open < MAX_CONNECTIONS_OF_PEER) return true
    const why = `it has ${open} connections, and makes more`
    this.#log.refused('connection refused', { from: peer, code: 'busy', why })
    this.#conduct.note(peer, 'too-many-connections')
    return false
  }
}
