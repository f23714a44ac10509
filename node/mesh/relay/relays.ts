/**
 * Keeps a peer reachable that others cannot dial: holds reservations with two relays of the mesh where there are two, and takes
 * another one as soon as one is gone. The addresses behind them are in the peer's record.
 */
import type { Connection, PeerId } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Opener } from '../../../protocols/stream.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import type { ObservingRelay } from '../holepunch/observe.ts'
import { AlignedTimer } from '../idle/timer.ts'
import type { ConnectionMonitor } from '../libp2p/connection-monitor.ts'
import { Reservations } from '../libp2p/relay-reservations.ts'
import type { Members, MembersEvents } from '../membership/members.ts'
import { isRelayed, needsNoRelay } from '../reachability/addresses.ts'
import { addressBehind } from './choose.ts'
import { type KnownRelay, KnownRelays } from './known-relays.ts'

/** How often reservations and relays are checked; and while no relay is known, which a change of members reports anyway. */
const CHECK_PERIOD_MS = 3_000
const IDLE_CHECK_PERIOD_MS = 30_000
/** Changes of members within this time are handled together. */
const CHANGE_DELAY_MS = 50
const CONNECT_TIMEOUT_MS = 5_000

export interface RelaysComponents {
  peerId: PeerId
  addressManager: Pick<AddressManager, 'getAddressesWithMetadata'>
  connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  transportManager: Pick<TransportManager, 'getTransports'>
  members: Pick<Members, 'list' | 'update' | 'addEventListener'>
  monitor: Pick<ConnectionMonitor, 'probe'>
}

export interface RelaysEvents {
  /** This peer can be reached through one more relay. */
  reserved: CustomEvent<{ relay: string }>
}

export class Relays extends TypedEventEmitter<RelaysEvents> {
  readonly #components: RelaysComponents
  readonly #log: Log
  readonly #self: string
  readonly #reservations: Reservations
  readonly #known: KnownRelays
  /** Relays whose connection is being checked. */
  readonly #checking = new Set<string>()
  readonly #timer = new AlignedTimer(
    () => this.#check(),
    () => (this.#known.size > 0 ? CHECK_PERIOD_MS : IDLE_CHECK_PERIOD_MS)
  )
  /** The next check besides those of the timer. */
  #extra: { timer: NodeJS.Timeout; at: number } | undefined
  readonly #stopped = new AbortController()

  constructor(components: RelaysComponents, init: { log: Log }) {
    super()
    this.#components = components
    this.#self = components.peerId.toString()
    this.#log = init.log.with({}, 'relays')
    this.#known = new KnownRelays(this.#self)
    this.#reservations = new Reservations(components)
  }

  afterStart(): void {
    const { signal } = this.#stopped
    this.#reservations.onLost(peer => this.#onLost(peer), signal)
    listen<MembersEvents>(this.#components.members, signal, { change: () => this.#checkAfter(CHANGE_DELAY_MS) })
    this.#timer.start()
    this.#check()
  }

  beforeStop(): void {
    this.#stopped.abort()
    this.#timer.stop()
    clearTimeout(this.#extra?.timer)
  }

  /** @returns ids of the relays through which this peer can be reached now */
  reserved(): string[] {
    return this.#known.reserved().map(({ peer }) => peer)
  }

  /** @returns this peer's addresses behind them */
  addresses(): string[] {
    return this.#known.reserved().flatMap(({ addressBehind }) => addressBehind ?? [])
  }

  /** @returns connected relays, which can observe this peer's ports; those with a reservation first */
  observers(): ObservingRelay[] {
    return this.#known
      .list()
      .sort((a, b) => Number(b.addressBehind != null) - Number(a.addressBehind != null))
      .flatMap(({ peer }) => {
        const connection = this.#connection(peer)
        const host = connection?.remoteAddr.toString().split('/')[2]
        if (connection == null || host == null) return []
        const open: Opener = (protocol, options) =>
          connection.newStream(protocol, { ...options, runOnLimitedConnection: true })
        return [{ host, open }]
      })
  }

  #checkAfter(delay: number): void {
    const at = performance.now() + delay
    if (this.#stopped.signal.aborted || (this.#extra != null && this.#extra.at <= at)) return
    clearTimeout(this.#extra?.timer)
    const timer = setTimeout(() => {
      this.#extra = undefined
      this.#check()
    }, delay)
    this.#extra = { timer: timer.unref(), at }
  }

  #check(): void {
    if (this.#stopped.signal.aborted) return
    const before = this.#known.size
    this.#known.update(this.#components.members.list())
    // the period depends on the number
    if (before === 0 && this.#known.size > 0) this.#timer.start()
    for (const { peer } of this.#known.reserved()) void this.#checkConnection(peer)
    if (needsNoRelay(this.#components.addressManager.getAddressesWithMetadata())) return
    const isConnected = (peer: string) => this.#connection(peer) != null
    for (const relay of this.#known.toAsk(isConnected, performance.now())) void this.#reserve(relay)
  }

  async #reserve(relay: KnownRelay): Promise<void> {
    const { peer } = relay
    relay.reserving = true
    try {
      await this.#connect(relay)
      const id = peerIdFromString(peer)
      const address = addressBehind(await this.#reservations.make(id), this.#self)
      if (address == null || this.#stopped.signal.aborted) return
      if (!this.#reservations.has(id)) throw new BakError('unreachable', 'its connection broke')
      relay.addressBehind = address
      relay.backoff.reset()
      this.#log.info('reachable through a relay', { relay: peer })
      this.#components.members.update({})
      this.dispatchEvent(new CustomEvent('reserved', { detail: { relay: peer } }))
    } catch (cause) {
      this.#checkAfter(this.#known.failed(relay, performance.now()) + 10)
      this.#log.debug('no reservation', { relay: peer, why: asBakError(cause).message })
      relay.reserving = false
      // another relay may give one now
      this.#check()
    } finally {
      relay.reserving = false
    }
  }

  /** A relay must be reached without another one. */
  async #connect({ peer, addresses }: KnownRelay): Promise<void> {
    if (this.#connection(peer) != null) return
    if (addresses.length === 0) throw new BakError('unreachable', 'no address of it is known')
    const options = { force: true, signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) }
    await this.#components.connectionManager.openConnection(
      addresses.map(each => multiaddr(each)),
      options
    )
  }

  /** The connection of a reservation closed. */
  #onLost(peer: string): void {
    const relay = this.#known.get(peer)
    if (relay?.addressBehind == null) return
    this.#known.retryNow(relay)
    relay.addressBehind = undefined
    this.#log.info('no longer reachable through a relay', { relay: peer })
    this.#components.members.update({})
    this.#check()
  }

  /** Closes the connection to a silent relay, and with it all that leads through it. */
  async #checkConnection(peer: string): Promise<void> {
    const connection = this.#connection(peer)
    if (connection == null || this.#checking.has(peer)) return
    this.#checking.add(peer)
    try {
      await this.#components.monitor.probe(connection, CHECK_PERIOD_MS)
    } catch (cause) {
      if (connection.status !== 'open' || this.#stopped.signal.aborted) return
      this.#log.warn('a relay is silent', { relay: peer, why: asBakError(cause).message })
      connection.abort(cause as Error)
    } finally {
      this.#checking.delete(peer)
    }
  }

  #connection(peer: string): Connection | undefined {
    const all = this.#components.connectionManager.getConnections(peerIdFromString(peer))
    return all.find(({ status, remoteAddr }) => status === 'open' && !isRelayed(remoteAddr))
  }
}
