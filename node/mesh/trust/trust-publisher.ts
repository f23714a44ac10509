/**
 * Brings trust entries to every peer: publishes decisions on the topic `trust`, and syncs with each peer that connects. Gossip
 * may lose messages, so it also syncs with a random connected peer from time to time.
 */
import type { IdentifyResult, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { decode, encode } from '../../../protocols/codec.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { topicName } from '../../../protocols/hello.ts'
import { type TrustEntry, trustEntryId, trustMessage, trustProtocol } from '../../../protocols/trust-entries.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { Timers } from '../../timers.ts'
import type { Gossip } from '../gossip.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import { Rebroadcast } from '../membership/rebroadcast.ts'
import type { Streams } from '../streams.ts'
import type { Authority } from './authority.ts'
import { checkTrustEntry } from './trust-log.ts'
import { answerTrustSync, syncTrust, type TrustSyncing } from './trust-sync.ts'

/** A decision is published again after these delays: gossip right after a connection may not have reached all. */
const REPEAT_DELAYS_MS = [300, 1_000, 3_000]
/** Mean period of syncs with a random connected peer, each a quarter more or less; none while a run measures. */
const SYNC_PERIOD_MS = 240_000

export interface TrustPublisherComponents {
  authority: Authority
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
  gossip: Gossip
  lowNoise: LowNoiseMode
  streams: Streams
}

export class TrustPublisher extends Part<TrustPublisherComponents, { log: Log; self: string }> {
  readonly #log = this.init.log.with({}, 'trust')
  readonly #topic = topicName(this.components.authority.mesh, 'trust')
  readonly #rebroadcast = new Rebroadcast()
  readonly #timers = new Timers()

  async afterStart(): Promise<void> {
    const { authority, events, gossip, streams } = this.components
    await streams.serve(trustProtocol, (first, exchange) => answerTrustSync(first, exchange, this.#syncing))
    gossip.subscribe({
      name: this.#topic,
      check: (bytes, claim) => {
        const { entry } = decode(trustMessage, bytes)
        if (entry.type !== 'use') claim(entry.sealed.by)
        const checked = checkTrustEntry(authority.mesh, entry)
        // a use is signed with the key of its invitation
        if (checked.type === 'use') claim(checked.proof.invitation ?? checked.proof.peer)
        return entry
      },
      handle: entry => {
        this.#rebroadcast.onPublished(trustEntryId(entry), 1)
        this.#add(entry, 'gossip')
      }
    })
    listen<Libp2pEvents>(events, this.stopped, { 'peer:identify': this.#onIdentify })
    this.#scheduleSync()
  }

  override stop(): void {
    super.stop()
    this.#rebroadcast.stop()
    this.#timers.clear()
  }

  /** Adds and publishes a decision of this peer. @throws {BakError} if it is no admin */
  decide(entry: TrustEntry): void {
    this.components.authority.addEntry(entry)
    this.#publish(entry)
    for (const [i, delay] of REPEAT_DELAYS_MS.entries()) this.#timers.after(delay, () => this.#publish(entry, i + 1))
  }

  #publish(entry: TrustEntry, attempt = 0): void {
    this.components.gossip.publish(this.#topic, encode({ entry, attempt }))
  }

  /** @throws {BakError} if it is not valid: a peer that keeps to the protocol passes on valid entries only */
  #add(entry: TrustEntry, from: string): boolean {
    try {
      return this.components.authority.addEntry(entry) != null
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      this.#log.refused('trust entry refused', { from, type: entry.type, code, why })
      if (code !== 'busy') throw cause
      return false
    }
  }

  get #syncing(): TrustSyncing {
    const add = (entry: TrustEntry, from: string) => {
      if (this.#add(entry, from)) this.#rebroadcast.plan(trustEntryId(entry), 1, () => this.#publish(entry))
    }
    return { log: this.components.authority.trustLog, add }
  }

  /** The peer with the smaller id asks, so that the two sync once. */
  readonly #onIdentify = (event: CustomEvent<IdentifyResult>): void => {
    const peer = event.detail.peerId.toString()
    if (peer > this.init.self) this.#sync(peer)
  }

  #scheduleSync(): void {
    this.#timers.after(SYNC_PERIOD_MS * (0.75 + Math.random() / 2), () => {
      const connections = this.components.connectionManager.getConnections()
      const one = connections[Math.floor(Math.random() * connections.length)]
      if (one != null && !this.components.lowNoise.active) this.#sync(one.remotePeer.toString())
      this.#scheduleSync()
    })
  }

  #sync(peer: string): void {
    syncTrust(this.components.streams.to(peer), peer, this.#syncing).catch(error =>
      this.#log.debug('trust sync failed', { peer, why: asBakError(error).message })
    )
  }
}
