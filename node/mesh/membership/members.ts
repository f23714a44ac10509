/**
 * The members of the mesh as this peer knows them: announces its own record, syncs with each neighbour, and detects losses. Emits
 * `change` whenever the table or a path has changed.
 */
import type { IdentifyResult, Libp2pEvents, PeerId, PeerStore, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { encode } from '../../../protocols/codec.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { type Envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import { type LostReport, lostSubject, type MemberRecord, topicName } from '../../../protocols/hello.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { pause } from '../../wait.ts'
import type { Gossip } from '../gossip.ts'
import type { LowNoiseEvents, LowNoiseMode } from '../idle/low-noise.ts'
import type { PeerScore, PeerScoreEvents } from '../limits/peer-score.ts'
import type { Streams } from '../streams.ts'
import type { Authority, AuthorityEvents } from '../trust/authority.ts'
import { type CheckedRecord, checkHello, type Hello } from './check-hello.ts'
import { FailureDetector } from './failure-detector.ts'
import { Heartbeat } from './heartbeat.ts'
import { NeighbourSync } from './neighbour-sync.ts'
import { Rejoin } from './rejoin.ts'
import type { RunActivity, RunActivityEvents } from './run-activity.ts'
import { type Description, SelfRecord, type SelfRecordComponents } from './self-record.ts'
import { isSameState, type Row, Table } from './table.ts'
import { MemberViews } from './views.ts'

/** The last announcement is sent within this time. */
const FLUSH_MS = 50

type Listen = 'addEventListener'

export interface MembersComponents extends Pick<SelfRecordComponents, 'addressManager'> {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  peerStore: Pick<PeerStore, 'patch'>
  authority: Pick<Authority, 'check' | 'learn' | 'roleOf' | 'ownProofBytes' | Listen>
  peerScore: Pick<PeerScore, 'isCutOff' | Listen>
  gossip: Pick<Gossip, 'publish' | 'subscribe'>
  streams: Pick<Streams, 'connected' | 'isRelayed' | 'serve' | 'to'>
  lowNoise: Pick<LowNoiseMode, 'active' | Listen>
}

export interface MembersInit {
  log: Log
  mesh: string
  signer: Signer
  self: Description
  runs: RunActivity
  /** Peers that were gone for so long are forgotten, ms. */
  forgetAfterMs: number
}

export interface MembersEvents {
  change: CustomEvent<{ peer: string }>
  /** A peer that was held for lost is reachable: a partition may be over. */
  rejoined: CustomEvent<{ peer: string }>
  /** A person said that a peer will not come back. */
  forgotten: CustomEvent<{ peer: string }>
}

export class Members extends TypedEventEmitter<MembersEvents> {
  readonly #components: MembersComponents
  readonly #init: MembersInit
  readonly #log: Log
  readonly #topic: string
  readonly #table = new Table()
  readonly #self: SelfRecord
  readonly #views: MemberViews
  readonly #sync: NeighbourSync
  readonly #failures: FailureDetector
  readonly #heartbeat: Heartbeat
  readonly #rejoin = new Rejoin(() => this.#heartbeat.announce())
  readonly #stopped = new AbortController()

  constructor(components: MembersComponents, init: MembersInit) {
    super()
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'members')
    this.#topic = topicName(init.mesh, 'hello')
    const { table, log, runs } = { table: this.#table, log: this.#log, runs: init.runs }
    const self = init.signer.peer
    this.#self = new SelfRecord(components, { signer: init.signer, description: init.self })
    this.#views = new MemberViews(components, { self, table, runs, forgetAfterMs: init.forgetAfterMs })
    this.#sync = new NeighbourSync(components, {
      ...{ log, self, table },
      learn: record => this.#learn(record),
      onLost: (report, by) => this.#onReport(report, by),
      publish: sealed => this.#publish('record', sealed)
    })
    this.#failures = new FailureDetector(components, {
      ...{ table, runs },
      onDetected: row => this.#onDetected(row),
      onReported: (peer, by) => {
        log.debug('lost', { peer, by })
        this.#changed(peer)
      }
    })
    this.#heartbeat = new Heartbeat({
      publish: version => this.#announce(version),
      members: () => table.size,
      mayPostpone: () => components.lowNoise.active,
      onPeriod: () => this.#failures.suspectSilent()
    })
  }

  async afterStart(): Promise<void> {
    const { authority, gossip } = this.#components
    await this.#sync.start()
    const check = (bytes: Uint8Array, claim: (signer: string) => void) => checkHello(bytes, authority, claim)
    gossip.subscribe({ name: this.#topic, check, handle: message => this.#onHello(message) })
    this.#listen()
    this.#heartbeat.start()
  }

  #listen(): void {
    const { events, authority, peerScore, lowNoise } = this.#components
    const { signal } = this.#stopped
    listen<AuthorityEvents>(authority, signal, {
      refused: ({ detail: { peer } }) => {
        if (this.#table.remove(peer)) this.#changed(peer)
      },
      renewed: () => this.update({})
    })
    listen<PeerScoreEvents>(peerScore, signal, { 'cut-off': ({ detail: { peer } }) => this.#changed(peer) })
    listen<Libp2pEvents>(events, signal, {
      'peer:connect': ({ detail }: CustomEvent<PeerId>) => this.#onConnect(detail.toString()),
      'peer:identify': ({ detail }: CustomEvent<IdentifyResult>) => this.#sync.onIdentified(detail.peerId.toString()),
      'peer:disconnect': ({ detail }: CustomEvent<PeerId>) => this.#onDisconnect(detail.toString()),
      'self:peer:update': () => {
        if (this.#self.hasMoved) this.update({})
      }
    })
    listen<RunActivityEvents>(this.#init.runs, signal, {
      participants: ({ detail: { controller } }) => this.#changed(controller)
    })
    listen<LowNoiseEvents>(lowNoise, signal, {
      change: () => {
        if (!lowNoise.active) this.#heartbeat.catchUp()
      }
    })
  }

  /** Announces that this peer leaves, while its connections are still open. */
  async beforeStop(): Promise<void> {
    this.#self.change({ state: 'left' })
    this.#heartbeat.announce()
    this.#heartbeat.stop()
    this.#failures.stop()
    this.#rejoin.stop()
    await pause(FLUSH_MS)
  }

  stop(): void {
    this.#stopped.abort()
    this.#sync.stop()
  }

  get self(): MemberRecord {
    return this.#self.value
  }

  /** Changes the record of this peer, and announces it. */
  update(change: Partial<Description>): void {
    this.#self.change(change)
    this.#heartbeat.announceSoon()
  }

  /** @returns all known peers, this one included, sorted by name; peers that left long ago are dropped */
  list(): MemberView[] {
    return this.#views.list()
  }

  get(peer: string): MemberView | undefined {
    return this.#views.get(peer)
  }

  /** @returns the addresses that a peer announces, this one too; none if it is not known */
  addressesOf(peer: string): string[] {
    if (peer === this.#self.peer) return this.#self.value.addresses
    return this.#table.get(peer)?.record.addresses ?? []
  }

  /** @returns whether messages to the peer can be expected to arrive */
  isHere(peer: string): boolean {
    return this.#views.isHere(peer)
  }

  #announce(version: number): void {
    const { record, sealed } = this.#self.sealAs(version)
    this.#table.learn(record, sealed, Date.now())
    this.#publish('record', sealed)
    this.#changed(record.peer)
  }

  #publish(type: 'record' | 'lost', sealed: Envelope): void {
    this.#components.gossip.publish(this.#topic, encode({ type, sealed }))
  }

  #onHello(message: Hello): void {
    if (message.type === 'lost') return this.#onReport(message.value, message.by)
    this.#sync.onPublished(message.value)
    this.#learn(message)
  }

  /** @returns whether the record was news */
  #learn({ value: record, sealed, proof }: CheckedRecord): boolean {
    if (record.peer === this.#self.peer) {
      // two daemons with one key would outbid each other for ever
      if (this.#self.value.twin !== true) this.#heartbeat.outbid(record.version)
      return false
    }
    const known = this.#table.get(record.peer)
    if (!this.#table.learn(record, sealed, Date.now())) return false
    this.#components.authority.learn(proof)
    const { lost } = this.#table.get(record.peer) as Row
    if (!lost && known?.record.name !== record.name) this.#compareNames(record)
    // a peer that was restarted does not mean that there was a partition
    if (known?.lost === true && !lost && known.record.started === record.started) this.#onRejoined(record.peer)
    const multiaddrs = record.addresses.map(address => multiaddr(address))
    // replaces the addresses: those behind former relays lead nowhere
    this.#components.peerStore.patch(peerIdFromString(record.peer), { multiaddrs }).catch(() => {})
    if (known == null || known.lost !== lost || !isSameState(known.record, record)) this.#changed(record.peer)
    return true
  }

  /** Names need not be unique, but whoever chose this one may not know that it is taken. */
  #compareNames({ peer, name, state }: MemberRecord): void {
    if (state === 'left' || name !== this.#self.value.name) return
    const remedy = 'both are named with the end of their ids; --name gives this one another'
    this.#log.warn('another member has the name of this one', { name, peer, remedy })
  }

  /** Drops a peer that is gone, in the whole mesh; it is known again when it announces itself. */
  forget(peer: string): void {
    const row = this.#table.get(peer)
    if (row == null) return
    const { version } = row.record
    this.#publish('lost', seal(lostSubject, { peer, version, forget: true }, this.#init.signer))
    this.#forget(peer, version)
  }

  #forget(peer: string, version: number): void {
    if (!this.#table.forget(peer, version)) return
    this.dispatchEvent(new CustomEvent('forgotten', { detail: { peer } }))
    this.#changed(peer)
  }

  #onReport({ forget, ...report }: LostReport, by: string): void {
    // a newer record refutes it
    if (report.peer === this.#self.peer) this.update({})
    else if (forget) this.#forget(report.peer, report.version)
    else this.#failures.report(report, by)
  }

  #onDetected({ record: { peer, name, version } }: Row): void {
    this.#log.info('peer lost', { peer, name })
    this.#publish('lost', seal(lostSubject, { peer, version }, this.#init.signer))
    this.#changed(peer)
  }

  #onConnect(peer: string): void {
    if (this.#table.markConnected(peer, Date.now())) this.#onRejoined(peer)
    // after a time without any connection others may hold this peer for lost
    if (this.#components.connectionManager.getConnections().length === 1) this.update({})
    this.#changed(peer)
  }

  #onDisconnect(peer: string): void {
    this.#sync.onDisconnected(peer)
    this.#failures.suspect(peer)
    this.#changed(peer)
  }

  #onRejoined(peer: string): void {
    this.#rejoin.onRejoined()
    this.dispatchEvent(new CustomEvent('rejoined', { detail: { peer } }))
  }

  #changed(peer: string): void {
    this.dispatchEvent(new CustomEvent('change', { detail: { peer } }))
  }
}
