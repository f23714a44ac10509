/**
 * Syncs with each neighbour once it is connected. Records learned in a sync are known to the peer that sent them. They are rebroadcast only
 * if another neighbour has synced earlier; the others get them in their own sync.
 */
import type { Envelope } from '../../../protocols/envelope.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { type SyncRequest, type SyncResponse, syncProtocol } from '../../../protocols/hello.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import type { Streams } from '../streams.ts'
import { type CheckedRecord, type Checks, openRecord } from './check-hello.ts'
import { Rebroadcast } from './rebroadcast.ts'
import { answerSync, type SyncContext, syncRecords } from './sync.ts'
import type { Table } from './table.ts'

export interface NeighbourSyncComponents {
  authority: Checks
  streams: Pick<Streams, 'connected' | 'serve' | 'to'>
}

export interface NeighbourSyncInit {
  log: Log
  /** This peer's id. */
  self: string
  table: Table
  /** @returns whether the record was news */
  learn(record: CheckedRecord): boolean
  /** A neighbour cannot reach this peer. */
  onLost(report: { peer: string; version: number }, by: string): void
  publish(sealed: Envelope): void
}

export class NeighbourSync extends Part<NeighbourSyncComponents, NeighbourSyncInit> {
  /** Neighbours whose table was made equal to this one; later records reach them by gossip only. */
  readonly #synced = new Set<string>()
  readonly #rebroadcast = new Rebroadcast()

  async start(): Promise<void> {
    await this.components.streams.serve(syncProtocol, (first, exchange) => this.#answer(first, exchange))
  }

  override stop(): void {
    super.stop()
    this.#rebroadcast.stop()
  }

  /** Call when the protocols of a neighbour are known. The peer with the smaller id asks, so that one sync is enough. */
  onIdentified(peer: string): void {
    if (peer < this.init.self) return
    syncRecords(this.components.streams.to(peer), peer, this.#context)
      .then(() => this.#onSynced(peer))
      .catch(error => this.init.log.debug('sync failed', { peer, why: error.message }))
  }

  onDisconnected(peer: string): void {
    this.#synced.delete(peer)
  }

  /** A record has come by gossip. */
  onPublished({ peer, version }: { peer: string; version: number }): void {
    this.#rebroadcast.onPublished(peer, version)
  }

  get #context(): SyncContext {
    return { table: this.init.table, learn: (records, peer, lost) => this.#learn(records, peer, new Set(lost)) }
  }

  async *#answer(first: SyncRequest, exchange: Exchange<SyncRequest>): AsyncGenerator<SyncResponse> {
    yield* answerSync(first, exchange, this.#context)
    this.#onSynced(exchange.peer)
  }

  #onSynced(peer: string): void {
    if (this.components.streams.connected(peer)) this.#synced.add(peer)
  }

  #learn(records: Envelope[], from: string, lost: Set<string>): void {
    for (const sealed of records) {
      try {
        const checked = openRecord(sealed, this.components.authority)
        if (this.init.learn(checked)) this.#onNews(checked, from, lost)
      } catch (cause) {
        const { code, message: why } = asBakError(cause)
        this.init.log.refused('record refused', { from, by: sealed.by, code, why })
      }
    }
  }

  #onNews({ value, sealed }: CheckedRecord, from: string, lost: Set<string>): void {
    // the last record of a lost peer is no sign of life, and is not rebroadcast
    if (lost.has(value.peer)) this.init.onLost(value, from)
    else if (this.#isNewsToOthers(from)) {
      this.#rebroadcast.plan(value.peer, value.version, () => this.init.publish(sealed))
    }
  }

  #isNewsToOthers(from: string): boolean {
    return this.#synced.size > (this.#synced.has(from) ? 1 : 0)
  }
}
