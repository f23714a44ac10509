/**
 * Who is in the mesh, as this peer knows it: publishes its own record, swaps tables with each peer that connects, passes on
 * what it learns, and finds out who is lost. Emits `change` whenever the table or a path did.
 */
import type { Libp2pEvents, PeerId, PeerStore, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { decode, encode } from '../../protocols/codec.ts'
import type { MemberView } from '../../protocols/control.ts'
import { type Envelope, open, type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import {
  helloMessage,
  lostSubject,
  type MemberRecord,
  memberSubject,
  recordsProtocol,
  topicName
} from '../../protocols/hello.ts'
import { ask } from '../../protocols/stream.ts'
import type { Log } from '../log.ts'
import type { Gossip } from './gossip.ts'
import type { Streams } from './streams.ts'
import { isHere, type Row, shownNames, stateOf, Table } from './table.ts'

/** A change is announced this much later, together with what else changes by then. */
const COALESCE = 50
/** Announced again at these times after joining, as topics are still being grafted; then once a minute. */
const REPEATS = [300, 1_000, 3_000]
const STEADY = 60_000
/** A broken connection may come back by itself for this long. */
const GRACE = 1_000
/** Who left is shown no more after this, who is lost after a day. */
const KEEP_LEFT = 60_000
const KEEP_LOST = 86_400_000
const RECORDS_PER_FRAME = 200

export interface MembersComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: ConnectionManager
  peerStore: PeerStore
  addressManager: AddressManager
  gossip: Gossip
  streams: Streams
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
  /** A peer is gone for now, or for good. */
  gone: CustomEvent<{ peer: string; why: 'lost' | 'left' }>
}

export class Members extends TypedEventEmitter<MembersEvents> {
  readonly #components: MembersComponents
  readonly #init: MembersInit
  readonly #log: Log
  readonly #table = new Table()
  readonly #topic: string
  readonly #timers = new Set<NodeJS.Timeout>()
  #self: MembersInit['self']
  #version = 0
  #pending: NodeJS.Timeout | undefined
  #running = false

  constructor(components: MembersComponents, init: MembersInit) {
    super()
    this.#components = components
    this.#init = init
    this.#self = init.self
    this.#log = init.log.with({}, 'members')
    this.#topic = topicName(init.mesh, 'hello')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    const { events, gossip, streams } = this.#components
    this.#running = true
    await streams.serve(recordsProtocol, request => this.#answerRecords(request))
    gossip.subscribe({
      name: this.#topic,
      check: bytes => checkHello(bytes),
      handle: message => this.#onHello(message)
    })
    events.addEventListener('peer:identify', this.#onIdentify)
    events.addEventListener('peer:connect', this.#onConnect)
    events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#announce()
    for (const delay of REPEATS) this.#later(delay, () => this.#announce())
    this.#repeat()
  }

  /** Says good-bye while the connections still stand. */
  async beforeStop(): Promise<void> {
    this.#self = { ...this.#self, state: 'left' }
    this.#announce()
    this.#running = false
    for (const timer of this.#timers) clearTimeout(timer)
    await new Promise(resolve => setTimeout(resolve, COALESCE))
  }

  async stop(): Promise<void> {
    const { events, streams } = this.#components
    events.removeEventListener('peer:identify', this.#onIdentify)
    events.removeEventListener('peer:connect', this.#onConnect)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    await streams.unserve(recordsProtocol)
  }

  get self(): MemberRecord {
    return { ...this.#self, peer: this.#init.signer.peer, version: this.#version, addresses: this.#addresses() }
  }

  /** Changes what this peer says of itself, and tells the mesh. */
  update(change: Partial<MembersInit['self']>): void {
    this.#self = { ...this.#self, ...change }
    if (!this.#running || this.#pending != null) return
    this.#pending = this.#later(COALESCE, () => {
      this.#pending = undefined
      this.#announce()
    })
  }

  /** @returns everyone known, this peer included, in order of names; who left long ago is forgotten */
  list(): MemberView[] {
    const now = Date.now()
    this.#table.forget(now - KEEP_LOST)
    const rows = this.#table.rows().filter(row => stateOf(row) !== 'left' || row.since > now - KEEP_LEFT)
    const shown = shownNames(rows.filter(isHere).map(row => row.record))
    return rows
      .map(row => this.#view(row, shown.get(row.record.peer) ?? row.record.name))
      .sort((a, b) => (a.shown < b.shown ? -1 : a.shown > b.shown ? 1 : a.peer < b.peer ? -1 : 1))
  }

  get(peer: string): MemberView | undefined {
    return this.list().find(member => member.peer === peer)
  }

  /** @returns whether messages to the peer can be expected to arrive */
  isHere(peer: string): boolean {
    if (peer === this.#init.signer.peer) return true
    const row = this.#table.get(peer)
    return row == null ? this.#components.streams.connected(peer) : isHere(row)
  }

  #view({ record, lost, since }: Row, shown: string): MemberView {
    const path =
      record.peer === this.#init.signer.peer
        ? 'self'
        : this.#components.streams.connected(record.peer)
          ? 'direct'
          : lost || record.state === 'left'
            ? 'none'
            : 'indirect'
    return { ...record, state: lost ? 'lost' : record.state, shown, path, since }
  }

  #addresses(): string[] {
    return this.#components.addressManager.getAddresses().map(String).slice(0, 32)
  }

  #announce(): void {
    this.#version = Math.max(this.#version + 1, Date.now())
    const sealed = seal(memberSubject, this.self, this.#init.signer)
    this.#table.learn(this.self, sealed, Date.now())
    this.#publish('record', sealed)
    this.#changed(this.#init.signer.peer)
  }

  #repeat(): void {
    this.#later(STEADY * (0.75 + Math.random() / 2), () => {
      this.#announce()
      this.#repeat()
    })
  }

  #publish(type: 'record' | 'lost', sealed: Envelope): void {
    this.#components.gossip.publish(this.#topic, encode({ type, sealed }))
  }

  #onHello(message: Hello): void {
    if (message.type === 'record') this.#learn(message.value, message.sealed)
    else this.#onReport(message.value, message.by)
  }

  /** @returns whether it was news */
  #learn(record: MemberRecord, sealed: Envelope): boolean {
    if (record.peer === this.#init.signer.peer) {
      // an earlier life of this peer, or one that was said to have left
      if (record.version > this.#version && this.#running) this.#announce()
      return false
    }
    const before = this.#table.get(record.peer)
    if (!this.#table.learn(record, sealed, Date.now())) return false
    if (record.state === 'left' && before?.record.state !== 'left') this.#gone(record.peer, 'left')
    this.#remember(record)
    this.#changed(record.peer)
    return true
  }

  #onReport({ peer, version }: { peer: string; version: number }, by: string): void {
    if (peer === this.#init.signer.peer) return this.#announce()
    const connected = this.#components.streams.connected(peer)
    if (connected || !this.#table.lose(peer, version, Date.now())) return
    this.#log.debug('lost', { peer, by })
    this.#gone(peer, 'lost')
    this.#changed(peer)
  }

  readonly #onConnect = (event: CustomEvent<PeerId>): void => {
    const peer = event.detail.toString()
    if (this.#table.find(peer, Date.now())) this.#announce()
    this.#changed(peer)
  }

  /** Swaps tables as soon as the other side's protocols are known. The smaller id asks, so that one swap is enough. */
  readonly #onIdentify = (event: CustomEvent<{ peerId: PeerId }>): void => {
    const peer = event.detail.peerId.toString()
    if (peer < this.#init.signer.peer) return
    this.#swap(peer).catch(error => this.#log.debug('no swap', { peer, why: error.message }))
  }

  async #swap(peer: string): Promise<void> {
    const request = { records: this.#sealed() }
    for await (const { records } of ask(this.#components.streams.to(peer), recordsProtocol, request))
      this.#take(records)
  }

  async *#answerRecords(request: { records: Envelope[] }) {
    this.#take(request.records)
    const all = this.#sealed()
    for (let i = 0; i < all.length; i += RECORDS_PER_FRAME) yield { records: all.slice(i, i + RECORDS_PER_FRAME) }
  }

  /** Learns from a swap, and passes on what was news, as others may have missed it. */
  #take(records: Envelope[]): void {
    for (const sealed of records) {
      try {
        const { value, by } = open(memberSubject, sealed)
        if (by === value.peer && this.#learn(value, sealed)) this.#publish('record', sealed)
      } catch (cause) {
        this.#log.warn('record refused', { by: sealed.by, why: asBakError(cause).message })
      }
    }
  }

  #sealed(): Envelope[] {
    return this.#table.rows().map(row => row.sealed)
  }

  /** A connection went: it may come back by itself; if it does not and a dial fails, the peer is lost. */
  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    const peer = event.detail.toString()
    this.#changed(peer)
    this.#later(GRACE * (0.5 + Math.random()), () => {
      const row = this.#table.get(peer)
      if (row == null || !isHere(row) || this.#components.streams.connected(peer)) return
      this.#probe(peer).catch(() => this.#report(peer))
    })
  }

  async #probe(peer: string): Promise<void> {
    await this.#components.connectionManager.openConnection(peerIdFromString(peer), {
      signal: AbortSignal.timeout(4_000)
    })
  }

  #report(peer: string): void {
    const row = this.#table.get(peer)
    if (!this.#running || row == null || !this.#table.lose(peer, row.record.version, Date.now())) return
    this.#log.info('peer lost', { peer, name: row.record.name })
    const report = { peer, version: row.record.version }
    this.#publish('lost', seal(lostSubject, report, this.#init.signer))
    this.#gone(peer, 'lost')
    this.#changed(peer)
  }

  /** Gives libp2p the addresses, so that the peer can be dialled by its id. */
  #remember(record: MemberRecord): void {
    const multiaddrs = record.addresses.map(address => multiaddr(address))
    this.#components.peerStore.merge(peerIdFromString(record.peer), { multiaddrs }).catch(() => {})
  }

  #gone(peer: string, why: 'lost' | 'left'): void {
    this.dispatchEvent(new CustomEvent('gone', { detail: { peer, why } }))
  }

  #changed(peer: string): void {
    this.dispatchEvent(new CustomEvent('change', { detail: { peer } }))
  }

  #later(delay: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#running) act()
    }, delay)
    timer.unref()
    this.#timers.add(timer)
    return timer
  }
}

type Hello =
  | { type: 'record'; value: MemberRecord; by: string; sealed: Envelope }
  | { type: 'lost'; value: { peer: string; version: number }; by: string; sealed: Envelope }

function checkHello(bytes: Uint8Array): Hello {
  const { type, sealed } = decode(helloMessage, bytes)
  if (type === 'lost') return { type, ...open(lostSubject, sealed), sealed }
  const { value, by } = open(memberSubject, sealed)
  if (by !== value.peer) throw new Error(`a record of ${value.peer} signed by ${by}`)
  return { type, value, by, sealed }
}
