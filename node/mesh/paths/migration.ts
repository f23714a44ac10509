/**
 * Brings what goes on between two peers from a relayed connection to a direct one. From the moment there is a direct one new
 * streams go over it. Gossip is moved; short exchanges end where they began; those that go on for long break when the
 * relayed connection closes, are opened again, and go on where they were. The peer with the smaller id closes it.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { attachProtocol } from '../../../protocols/events.ts'
import { runStreamProtocol } from '../../../protocols/run-stream.ts'
import { tarballProtocol } from '../../../protocols/tarball.ts'
import type { Log } from '../../log.ts'
import { moveGossip } from '../libp2p/gossip-migration.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { preferred } from './paths.ts'

/** A direct connection that lives for so long is there to stay, ms: some are made only to see whether they can be. */
const PROBATION = 500
/** Both sides have seen the direct connection after this, ms, and begin nothing on the relayed one any more. */
const SETTLE = 1_000
/** Exchanges that have not ended after this break, ms. */
const PATIENCE = 8_000
const LOOK = 100
/** Exchanges that go on for long, and know how to begin again. */
const LASTING = [runStreamProtocol, attachProtocol, tarballProtocol].map(({ id }) => id)

export interface ConnectionMigrationComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: ConnectionManager
  identify: { identify(connection: Connection): Promise<unknown> }
  pubsub: GossipSub
}

export class ConnectionMigration {
  readonly #components: ConnectionMigrationComponents
  readonly #log: Log
  readonly #self: string
  readonly #leaving = new Set<Connection>()
  #stopped = false

  constructor(components: ConnectionMigrationComponents, init: { log: Log }) {
    this.#components = components
    this.#self = components.peerId.toString()
    this.#log = init.log.with({}, 'handover')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  afterStart(): void {
    this.#components.events.addEventListener('connection:open', this.#onOpen)
    this.#components.events.addEventListener('connection:close', this.#onClose)
  }

  stop(): void {
    this.#stopped = true
    this.#components.events.removeEventListener('connection:open', this.#onOpen)
    this.#components.events.removeEventListener('connection:close', this.#onClose)
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const { remotePeer } = detail
    const all = this.#components.connectionManager.getConnections(remotePeer)
    const direct = preferred(all)
    if (direct == null || isRelayed(direct.remoteAddr)) return
    for (const each of all) if (isRelayed(each.remoteAddr)) void this.#leave(each, direct)
  }

  async #leave(relayed: Connection, direct: Connection): Promise<void> {
    if (this.#leaving.has(relayed)) return
    this.#leaving.add(relayed)
    const peer = relayed.remotePeer.toString()
    try {
      await sleep(PROBATION)
      if (!isOpen(direct) || !isOpen(relayed)) return
      await moveGossip(this.#components.pubsub, direct).catch(error =>
        this.#log.debug('gossip not moved', { peer, why: error.message })
      )
      if (this.#self > peer) return
      await sleep(SETTLE)
      const late = performance.now() + PATIENCE
      while (performance.now() < late && isOpen(relayed) && isOpen(direct) && isBusy(relayed)) await sleep(LOOK)
      // the direct one may have broken meanwhile
      if (this.#stopped || !isOpen(direct)) return
      await relayed.close()
      this.#log.debug('relayed connection closed', { peer })
    } catch (error) {
      relayed.abort(error as Error)
    } finally {
      this.#leaving.delete(relayed)
    }
  }

  /** Gossipsub may have lost the peer with that connection: it is made to look at the one that is left. */
  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const left = preferred(this.#components.connectionManager.getConnections(detail.remotePeer))
    if (left == null || this.#stopped) return
    this.#components.identify.identify(left).catch(() => {})
  }
}

const isOpen = ({ status }: Connection) => status === 'open'

/** Gossip that is still there has not been moved by the other side. */
const isBusy = ({ streams }: Connection) =>
  streams.some(({ protocol }) => protocol.startsWith('/meshsub/') || isShort(protocol))

const isShort = (protocol: string) => protocol.startsWith('/bak/') && !LASTING.includes(protocol)

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
