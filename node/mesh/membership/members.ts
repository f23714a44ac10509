/**
 * Who is in the mesh, as this peer knows it: publishes its own record, swaps records with each peer that connects, and finds
 * out who is lost. Emits `change` whenever the table or a path did.
 */
import type { IdentifyResult, Libp2pEvents, PeerId, PeerStore, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { encode } from '../../../protocols/codec.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { type Envelope, type Signed, type Signer, seal } from '../../../protocols/envelope.ts'
import { asBakError } from '../../../protocols/errors.ts'
import {
  lostSubject,
  type MemberRecord,
  memberSubject,
  recordsProtocol,
  type SyncRequest,
  type SyncResponse,
  topicName
} from '../../../protocols/hello.ts'
import type { Notice } from '../../../protocols/notice.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import type { RunFeed } from '../../run/run-feed.ts'
import type { Gossip } from '../gossip.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import { announcedAddresses } from '../reachability/addresses.ts'
import type { Streams } from '../streams.ts'
import type { Authority } from '../trust/authority.ts'
import { type CheckedRecord, checkHello, type Hello, openRecord } from './check-hello.ts'
import { FailureDetector } from './failure-detector.ts'
import { Heartbeat, steadyOf } from './heartbeat.ts'
import { Rebroadcast } from './rebroadcast.ts'
import { Rejoin } from './rejoin.ts'
import { answerSync, syncRecords } from './sync.ts'
import { isHere, type Row, saysTheSame, Table } from './table.ts'
import { MemberViews } from './views.ts'

/** What was said last goes out in this time, ms. */
const FAREWELL = 50
/** Nobody need be connected to a peer, so that nobody sees its connection go: who missed so many announcements is dialled. */
const SILENT = 4
const MAX_PROBES = 16

export interface MembersComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: ConnectionManager
  peerStore: PeerStore
  addressManager: AddressManager
  authority: Authority
  conduct: Pick<PeerScore, 'isCutOff' | 'addEventListener' | 'removeEventListener'>
  gossip: Gossip
  streams: Streams
  follow: RunFeed
  quiet: LowNoiseMode
}

export interface MembersInit {
  log: Log
  mesh: string
  signer: Signer
  /** What this peer says of itself, but for what only the network knows. */
  self: Omit<MemberRecord, 'peer' | 'version' | 'addresses'>
}

export interface MembersEvents {
  change: CustomEvent<{ peer: string }>
  /** A peer that was thought lost is here: there may have been a cut between two parts of the mesh. */
  found: CustomEvent<{ peer: string }>
}

export class Members extends TypedEventEmitter<MembersEvents> {
  readonly #components: MembersComponents
  readonly #init: MembersInit
  readonly #log: Log
  readonly #table = new Table()
  readonly #views: MemberViews
  readonly #topic: string
  /** Neighbours whose table and this one were made equal, and to whom what came since is to be told. */
  readonly #swapped = new Set<string>()
  readonly #news = new Rebroadcast()
  readonly #loss: FailureDetector
  readonly #announcer = new Heartbeat({
    say: () => this.#announce(),
    members: () => this.#table.size,
    rests: () => this.#components.quiet.measuring,
    onSteady: () => this.#probeSilent()
  })
  readonly #reunion = new Rejoin(() => this.#announcer.now())
  #self: MembersInit['self']

  constructor(components: MembersComponents, init: MembersInit) {
    super()
    this.#components = components
    this.#init = init
    this.#self = init.self
    this.#log = init.log.with({}, 'members')
    this.#topic = topicName(init.mesh, 'hello')
    this.#views = new MemberViews(components, { self: init.signer.peer, table: this.#table })
    this.#loss = new FailureDetector(components, {
      isMissed: peer => this.#isMissed(peer),
      onLost: peer => this.#report(peer)
    })
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    const { events, authority, conduct, gossip, streams, follow, quiet } = this.#components
    await streams.serve(recordsProtocol, (first, exchange) => this.#answer(first, exchange))
    const check = (bytes: Uint8Array, claim: (signer: string) => void) => checkHello(bytes, authority, claim)
    gossip.subscribe({ name: this.#topic, check, handle: message => this.#onHello(message) })
    authority.addEventListener('refused', this.#onRefused)
    authority.addEventListener('renewed', this.#onRenewed)
    conduct.addEventListener('cut-off', this.#onCutOff)
    events.addEventListener('peer:identify', this.#onIdentify)
    events.addEventListener('peer:connect', this.#onConnect)
    events.addEventListener('peer:disconnect', this.#onDisconnect)
    events.addEventListener('self:peer:update', this.#onAddresses)
    follow.addEventListener('notice', this.#onNotice)
    quiet.addEventListener('change', this.#onQuiet)
    this.#announcer.start()
  }

  /** Says good-bye while the connections still stand. */
  async beforeStop(): Promise<void> {
    this.#self = { ...this.#self, state: 'left' }
    this.#announcer.now()
    this.#announcer.stop()
    this.#loss.stop()
    this.#news.stop()
    this.#reunion.stop()
    await new Promise(resolve => setTimeout(resolve, FAREWELL))
  }

  async stop(): Promise<void> {
    const { events, authority, conduct, streams, follow, quiet } = this.#components
    quiet.removeEventListener('change', this.#onQuiet)
    authority.removeEventListener('refused', this.#onRefused)
    authority.removeEventListener('renewed', this.#onRenewed)
    conduct.removeEventListener('cut-off', this.#onCutOff)
    events.removeEventListener('peer:identify', this.#onIdentify)
    events.removeEventListener('peer:connect', this.#onConnect)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    events.removeEventListener('self:peer:update', this.#onAddresses)
    follow.removeEventListener('notice', this.#onNotice)
    await streams.unserve(recordsProtocol)
  }

  get self(): MemberRecord {
    const { peer } = this.#init.signer
    const { addressManager } = this.#components
    const proven = addressManager.getAddresses().map(String)
    const addresses = announcedAddresses(proven, addressManager.getAddressesWithMetadata(), peer).slice(0, 32)
    const { ownProofBytes: proof } = this.#components.authority
    return { ...this.#self, peer, version: this.#announcer.version, addresses, proof }
  }

  /** Changes what this peer says of itself, and tells the mesh. */
  update(change: Partial<MembersInit['self']>): void {
    this.#self = { ...this.#self, ...change }
    this.#announcer.soon()
  }

  /** @returns everyone known, this peer included, in order of names; who left long ago is forgotten */
  list(): MemberView[] {
    return this.#views.list()
  }

  get(peer: string): MemberView | undefined {
    return this.list().find(member => member.peer === peer)
  }

  /** @returns whether messages to the peer can be expected to arrive */
  isHere(peer: string): boolean {
    return this.#views.isHere(peer)
  }

  #announce(): void {
    const sealed = seal(memberSubject, this.self, this.#init.signer)
    this.#table.learn(this.self, sealed, Date.now())
    this.#publish('record', sealed)
    this.#changed(this.#init.signer.peer)
  }

  #probeSilent(): void {
    const before = Date.now() - SILENT * steadyOf(this.#table.size)
    // who measures says nothing without a reason
    const measures = (peer: string) => this.#components.follow.runsOf(peer).length > 0
    const silent = this.#table
      .rows()
      .filter(({ heard, record: { peer } }) => heard < before && this.#isMissed(peer) && !measures(peer))
    for (const { record } of silent.slice(0, MAX_PROBES)) this.#loss.suspect(record.peer)
  }

  #publish(type: 'record' | 'lost', sealed: Envelope): void {
    this.#components.gossip.publish(this.#topic, encode({ type, sealed }))
  }

  #onHello(message: Hello): void {
    if (message.type === 'lost') return this.#onReport(message.value, message.by)
    this.#news.heard(message.value.peer, message.value.version)
    this.#learn(message)
  }

  /** @returns whether it was news */
  #learn({ value: record, sealed, proof }: CheckedRecord): boolean {
    if (record.peer === this.#init.signer.peer) {
      this.#announcer.outdo(record.version)
      return false
    }
    const known = this.#table.get(record.peer)
    if (!this.#table.learn(record, sealed, Date.now())) return false
    this.#components.authority.learn(proof)
    const { lost } = this.#table.get(record.peer) as Row
    // one that was started again does not mean that there was a cut
    if (known?.lost === true && !lost && known.record.started === record.started) this.#found(record.peer)
    const multiaddrs = record.addresses.map(address => multiaddr(address))
    // the addresses of yesterday's relays lead nowhere
    this.#components.peerStore.patch(peerIdFromString(record.peer), { multiaddrs }).catch(() => {})
    if (known == null || known.lost !== lost || !saysTheSame(known.record, record)) this.#changed(record.peer)
    return true
  }

  get #swapping() {
    const take = (records: Envelope[], peer: string, lost?: string[]) => this.#take(records, peer, new Set(lost))
    return { table: this.#table, take }
  }

  async *#answer(first: SyncRequest, exchange: Exchange<SyncRequest>): AsyncGenerator<SyncResponse> {
    yield* answerSync(first, exchange, this.#swapping)
    this.#onSwapped(exchange.peer)
  }

  #onSwapped(peer: string): void {
    if (this.#components.streams.connected(peer)) this.#swapped.add(peer)
  }

  /** Learns from a swap, and sees to it that others hear what was news. */
  #take(records: Envelope[], from: string, lost: Set<string>): void {
    for (const sealed of records) {
      try {
        const checked = openRecord(sealed, this.#components.authority)
        const { value } = checked
        if (!this.#learn(checked)) continue
        // the last record of a lost peer is no sign of life, and not passed on
        if (lost.has(value.peer)) this.#onReport(value, from)
        else if (this.#isNewsToOthers(from))
          this.#news.plan(value.peer, value.version, () => this.#publish('record', sealed))
      } catch (cause) {
        const { code, message: why } = asBakError(cause)
        this.#log.refused('record refused', { from, by: sealed.by, code, why })
      }
    }
  }

  /** What a swap brought is known where it came from, and to be told by a swap to whom there was none with yet. */
  #isNewsToOthers(from: string): boolean {
    return this.#swapped.size > (this.#swapped.has(from) ? 1 : 0)
  }

  #onReport({ peer, version }: { peer: string; version: number }, by: string): void {
    if (peer === this.#init.signer.peer) return this.update({})
    if (this.#components.streams.connected(peer)) return
    // who has a later record than the one that lost it sees for itself: perhaps nobody else does
    if (!this.#table.lose(peer, version, Date.now())) return this.#loss.suspect(peer)
    this.#log.debug('lost', { peer, by })
    this.#changed(peer)
  }

  /** Where this peer can be reached has changed: those who look for it must know. */
  readonly #onAddresses = (): void => {
    const said = this.#table.get(this.#init.signer.peer)?.record.addresses
    if (String(said) !== String(this.self.addresses)) this.update({})
  }

  readonly #onConnect = (event: CustomEvent<PeerId>): void => {
    const peer = event.detail.toString()
    if (this.#table.find(peer, Date.now())) this.#found(peer)
    // after having been alone it may be thought lost
    if (this.#components.connectionManager.getConnections().length === 1) this.update({})
    this.#changed(peer)
  }

  /** Swaps as soon as the other side's protocols are known. The smaller id asks, so that one swap is enough. */
  readonly #onIdentify = (event: CustomEvent<IdentifyResult>): void => {
    const peer = event.detail.peerId.toString()
    if (peer < this.#init.signer.peer) return
    const open = this.#components.streams.to(peer)
    syncRecords(open, peer, this.#swapping)
      .then(() => this.#onSwapped(peer))
      .catch(error => this.#log.debug('no swap', { peer, why: error.message }))
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    const peer = event.detail.toString()
    this.#swapped.delete(peer)
    this.#loss.suspect(peer)
    this.#changed(peer)
  }

  readonly #onRefused = ({ detail: { peer } }: CustomEvent<{ peer: string }>): void => {
    if (this.#table.remove(peer)) this.#changed(peer)
  }

  readonly #onCutOff = ({ detail: { peer } }: CustomEvent<{ peer: string }>): void => this.#changed(peer)

  readonly #onRenewed = (): void => this.update({})

  readonly #onNotice = ({ detail: { by, value } }: CustomEvent<Signed<Notice>>): void => {
    if (value.phases.some(({ phase }) => phase === 'join' || phase === 'terminate')) this.#changed(by)
  }

  readonly #onQuiet = (): void => {
    if (!this.#components.quiet.measuring) this.#announcer.rested()
  }

  #isMissed(peer: string): boolean {
    const { conduct, streams } = this.#components
    const row = this.#table.get(peer)
    // that this peer has cut it off is nothing to tell others
    return this.#announcer.running && row != null && isHere(row) && !streams.connected(peer) && !conduct.isCutOff(peer)
  }

  #report(peer: string): void {
    const row = this.#table.get(peer)
    if (row == null || !this.#table.lose(peer, row.record.version, Date.now())) return
    this.#log.info('peer lost', { peer, name: row.record.name })
    this.#publish('lost', seal(lostSubject, { peer, version: row.record.version }, this.#init.signer))
    this.#changed(peer)
  }

  #found(peer: string): void {
    this.#reunion.found()
    this.dispatchEvent(new CustomEvent('found', { detail: { peer } }))
  }

  #changed(peer: string): void {
    this.dispatchEvent(new CustomEvent('change', { detail: { peer } }))
  }
}
