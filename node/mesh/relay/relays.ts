/**
 * Keeps a peer that others cannot dial reachable: it holds reservations with two relays of the mesh where there are two, takes
 * another as soon as one is gone, and one that was gone when it is back. What it holds stands among its addresses, and
 * in its record.
 */
import type { Connection, PeerId } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Opener } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import type { ObservingRelay } from '../holepunch/observe.ts'
import { AlignedTimer } from '../idle/timer.ts'
import type { ConnectionMonitor } from '../libp2p/connection-monitor.ts'
import { Reservations } from '../libp2p/relay-reservations.ts'
import type { Members } from '../membership/members.ts'
import { Backoff } from '../peering/backoff.ts'
import { isRelayed, needsNoRelay } from '../reachability/addresses.ts'
import { addressBehind, chooseRelays } from './choose.ts'

/** A relay that could not be had is asked again after this, ms; less often where there is another. */
const RETRY = { first: 250, most: 15_000 }
const ONLY = 1_500
/** How often to look whether something is to be done, and whether the relays still live, ms; where there are none. */
const CALM = 3_000
const NONE = 30_000
/** Longest time for a connection to a relay, ms. */
const CONNECT = 5_000
/** Relays that are remembered although the mesh has forgotten them: they may be the only way back. */
const MAX_KNOWN = 32

export interface RelaysComponents {
  peerId: PeerId
  addressManager: AddressManager
  connectionManager: ConnectionManager
  transportManager: TransportManager
  members: Members
  monitor: ConnectionMonitor
}

interface Relay {
  /** The mesh thinks that it is alive. */
  here: boolean
  backoff: Backoff
  notBefore: number
  /** Its own, when it was last here. */
  addresses: string[]
  /** This peer's address behind it, while there is a reservation. */
  address?: string
  asking: boolean
  pulse: boolean
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
  readonly #known = new Map<string, Relay>()
  readonly #beat = new AlignedTimer(
    () => this.#look(),
    () => (this.#known.size > 0 ? CALM : NONE)
  )
  #soon: { timer: NodeJS.Timeout; at: number } | undefined
  #forget: () => void = () => {}
  #stopped = false

  constructor(components: RelaysComponents, init: { log: Log }) {
    super()
    this.#components = components
    this.#self = components.peerId.toString()
    this.#log = init.log.with({}, 'relays')
    this.#reservations = new Reservations(components)
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  afterStart(): void {
    this.#forget = this.#reservations.onLost(peer => this.#onLost(peer))
    this.#components.members.addEventListener('change', this.#onChange)
    this.#beat.start()
    this.#look()
  }

  beforeStop(): void {
    this.#stopped = true
    this.#forget()
    this.#components.members.removeEventListener('change', this.#onChange)
    this.#beat.stop()
    clearTimeout(this.#soon?.timer)
  }

  /** @returns the relays through which this peer can be reached now */
  held(): string[] {
    return [...this.#known].filter(([, { address }]) => address != null).map(([peer]) => peer)
  }

  /** @returns this peer's addresses behind them */
  addresses(): string[] {
    return [...this.#known.values()].map(({ address }) => address).filter(each => each != null)
  }

  /** @returns relays that can look at this peer from outside, those that it holds first */
  observers(): ObservingRelay[] {
    return [...this.#known]
      .sort(([, a], [, b]) => Number(b.address != null) - Number(a.address != null))
      .flatMap(([peer]) => {
        const connection = this.#connection(peer)
        const host = connection?.remoteAddr.toString().split('/')[2]
        if (connection == null || host == null) return []
        const open: Opener = (protocol, options) =>
          connection.newStream(protocol, { ...options, runOnLimitedConnection: true })
        return [{ host, open }]
      })
  }

  readonly #onChange = (): void => {
    this.#wake(50)
  }

  #wake(after: number): void {
    const at = performance.now() + after
    if (this.#stopped || (this.#soon != null && this.#soon.at <= at)) return
    clearTimeout(this.#soon?.timer)
    const timer = setTimeout(() => {
      this.#soon = undefined
      this.#look()
    }, after)
    this.#soon = { timer: timer.unref(), at }
  }

  #look(): void {
    if (this.#stopped) return
    this.#learn()
    for (const [peer, relay] of this.#known) if (relay.address != null) void this.#check(peer, relay)
    if (needsNoRelay(this.#components.addressManager.getAddressesWithMetadata())) return
    const relays = [...this.#known].map(([peer, { address, asking, notBefore }]) => {
      return { peer, held: address != null || asking, notBefore, connected: this.#connection(peer) != null }
    })
    for (const peer of chooseRelays(this.#self, relays, performance.now())) void this.#ask(peer)
  }

  /** Takes note of members that relay. One that was lost stays known: nobody else may hear that it is back. */
  #learn(): void {
    for (const { peer, relay: relays, state, addresses } of this.#components.members.list()) {
      const here = state !== 'left' && state !== 'lost'
      const known = this.#known.get(peer)
      if (known != null) {
        if (here && !known.here) this.#hope(known)
        Object.assign(known, { here, addresses })
        if (here && relays !== true && known.address == null) this.#known.delete(peer)
      } else if (relays === true && here && peer !== this.#self) this.#add(peer, addresses)
    }
  }

  #add(peer: string, addresses: string[]): void {
    if (this.#known.size >= MAX_KNOWN) {
      const gone = [...this.#known].find(([, { here, address }]) => !here && address == null)
      if (gone == null) return
      this.#known.delete(gone[0])
    }
    const nothing = { backoff: new Backoff(RETRY), notBefore: 0, asking: false, pulse: false }
    this.#known.set(peer, { here: true, addresses, ...nothing })
    this.#beat.start()
  }

  /** It is back. */
  #hope(relay: Relay): void {
    relay.backoff.reset()
    relay.notBefore = 0
  }

  async #ask(peer: string): Promise<void> {
    const relay = this.#known.get(peer) as Relay
    relay.asking = true
    try {
      await this.#connect(peer)
      const id = peerIdFromString(peer)
      const address = addressBehind(await this.#reservations.make(id), this.#self)
      if (address == null || this.#stopped) return
      if (!this.#reservations.has(id)) throw new BakError('unreachable', 'its connection broke')
      relay.address = address
      relay.backoff.reset()
      this.#log.info('reachable through a relay', { relay: peer })
      this.#components.members.update({})
      this.dispatchEvent(new CustomEvent('reserved', { detail: { relay: peer } }))
    } catch (cause) {
      const next = relay.backoff.next()
      const wait = this.held().length === 0 ? Math.min(next, ONLY) : next
      relay.notBefore = performance.now() + wait
      this.#wake(wait + 10)
      this.#log.debug('no reservation', { relay: peer, why: asBakError(cause).message })
    } finally {
      relay.asking = false
    }
  }

  /** A relay must be reached without another. */
  async #connect(peer: string): Promise<void> {
    if (this.#connection(peer) != null) return
    const addresses = (this.#known.get(peer)?.addresses ?? [])
      .filter(each => !isRelayed(each))
      .map(each => multiaddr(each))
    if (addresses.length === 0) throw new BakError('unreachable', 'no address of it is known')
    const options = { force: true, signal: AbortSignal.timeout(CONNECT) }
    await this.#components.connectionManager.openConnection(addresses, options)
  }

  /** The connection that a reservation belonged to went. */
  #onLost(peer: string): void {
    const relay = this.#known.get(peer)
    if (relay?.address == null) return
    this.#hope(relay)
    relay.address = undefined
    this.#log.info('no longer reachable through a relay', { relay: peer })
    this.#components.members.update({})
    this.#look()
  }

  /** A relay that answers nothing is no relay: its connection, and all that leads through it, is given up. */
  async #check(peer: string, relay: Relay): Promise<void> {
    const connection = this.#connection(peer)
    if (connection == null || relay.pulse) return
    relay.pulse = true
    try {
      await this.#components.monitor.probe(connection, CALM)
    } catch (cause) {
      if (connection.status !== 'open' || this.#stopped) return
      this.#log.warn('a relay is silent', { relay: peer, why: asBakError(cause).message })
      connection.abort(cause as Error)
    } finally {
      relay.pulse = false
    }
  }

  #connection(peer: string): Connection | undefined {
    const all = this.#components.connectionManager.getConnections(peerIdFromString(peer))
    return all.find(({ status, remoteAddr }) => status === 'open' && !isRelayed(remoteAddr))
  }
}
