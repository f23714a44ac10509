/**
 * Migrates two peers from a relayed connection to a direct one. New streams use the direct connection as soon as it is open. Gossip is
 * moved; short exchanges finish on the relayed connection; long ones break when it closes, and resume on the direct one. The peer with the
 * smaller id closes it.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { attachProtocol } from '../../../protocols/events.ts'
import { runStreamProtocol } from '../../../protocols/run-stream.ts'
import { tarballProtocol } from '../../../protocols/tarball.ts'
import { loadStreamProtocol } from '../../../protocols/tasks/load-stream.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { pause } from '../../wait.ts'
import { moveGossip } from '../libp2p/gossip-migration.ts'
import { isRelayed, preferred } from '../reachability/addresses.ts'

/** Some direct connections only test whether there can be one; those are closed within this time. */
const PROBATION_MS = 500
/** After this time both sides know the direct connection and open no more streams on the relayed one. */
const SETTLE_MS = 1_000
/** Short exchanges that take longer break. */
const DRAIN_TIMEOUT_MS = 8_000
const DRAIN_CHECK_MS = 100
/** Protocols of long exchanges, which resume by themselves. */
const RESUMING = [runStreamProtocol, loadStreamProtocol, attachProtocol, tarballProtocol].map(({ id }) => id)

export interface ConnectionMigrationComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  identify: { identify(connection: Connection): Promise<unknown> }
  pubsub: GossipSub
}

export class ConnectionMigration extends Part<ConnectionMigrationComponents, { log: Log }> {
  readonly #log = this.init.log.with({}, 'migration')
  readonly #self = this.components.peerId.toString()
  readonly #migrating = new Set<Connection>()

  afterStart(): void {
    listen<Libp2pEvents>(this.components.events, this.stopped, {
      'connection:open': ({ detail }) => this.#onOpen(detail.remotePeer),
      'connection:close': ({ detail }) => this.#onClose(detail.remotePeer)
    })
  }

  #onOpen(peer: PeerId): void {
    const all = this.components.connectionManager.getConnections(peer)
    const direct = preferred(all)
    if (direct == null || isRelayed(direct.remoteAddr)) return
    for (const each of all) if (isRelayed(each.remoteAddr)) void this.#migrate(each, direct)
  }

  async #migrate(relayed: Connection, direct: Connection): Promise<void> {
    if (this.#migrating.has(relayed)) return
    this.#migrating.add(relayed)
    const peer = relayed.remotePeer.toString()
    try {
      await this.#pause(PROBATION_MS)
      if (!isOpen(direct) || !isOpen(relayed)) return
      await moveGossip(this.components.pubsub, direct).catch(error =>
        this.#log.debug('gossip not moved', { peer, why: error.message })
      )
      if (this.#self > peer) return
      await this.#pause(SETTLE_MS)
      await this.#drain(relayed, direct)
      // the direct connection may have broken meanwhile
      if (this.stopped.aborted || !isOpen(direct)) return
      await relayed.close()
      this.#log.debug('relayed connection closed', { peer })
    } catch (error) {
      relayed.abort(error as Error)
    } finally {
      this.#migrating.delete(relayed)
    }
  }

  /** Waits until short exchanges on the relayed connection have finished, and gossip has moved. */
  async #drain(relayed: Connection, direct: Connection): Promise<void> {
    const deadline = performance.now() + DRAIN_TIMEOUT_MS
    while (
      !this.stopped.aborted &&
      performance.now() < deadline &&
      isOpen(relayed) &&
      isOpen(direct) &&
      isBusy(relayed)
    ) {
      await this.#pause(DRAIN_CHECK_MS)
    }
  }

  #pause(ms: number): Promise<void> {
    return pause(ms, this.stopped)
  }

  /** Gossipsub may have lost the peer with the closed connection: identify makes it use the remaining one. */
  #onClose(peer: PeerId): void {
    const remaining = preferred(this.components.connectionManager.getConnections(peer))
    if (remaining == null || this.stopped.aborted) return
    this.components.identify.identify(remaining).catch(() => {})
  }
}

const isOpen = ({ status }: Connection) => status === 'open'

/** Gossip counts while the other side has not moved it. */
const isBusy = ({ streams }: Connection) =>
  streams.some(({ protocol }) => protocol.startsWith('/meshsub/') || isShort(protocol))

const isShort = (protocol: string) => protocol.startsWith('/bak/') && !RESUMING.includes(protocol)
