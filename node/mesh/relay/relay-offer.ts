/**
 * Offers a relay to peers behind NAT: where the daemon was told to, or, if nothing was said, as soon as another peer has
 * proven that everyone can reach this one.
 */
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import type { RelayLimits } from '../../../protocols/config-file.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { endpointOf, observeProtocol } from '../../../protocols/observe.ts'
import type { Log } from '../../log.ts'
import { holdBack } from '../libp2p/relay-backpressure.ts'
import type { Members } from '../membership/members.ts'
import { isProvenPublic, isRelayed } from '../reachability/addresses.ts'
import type { Streams } from '../streams.ts'
import { Observer } from './observer.ts'

/** Relayed connections that one peer may have through this one. */
const MAX_STREAMS = 512
/** Longest time that timers can count, ms. A reservation ends with its peer's connection, not with a date. */
const FOR_EVER = 2 ** 31 - 1

export type RelayMode = 'auto' | 'on' | 'off'

export interface RelayOfferComponents {
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  transportManager: TransportManager
  streams: Streams
  members: Members
}

export interface RelayOfferInit {
  log: Log
  signer: Signer
  mode: RelayMode
  limits: RelayLimits
}

type Server = CircuitRelayService & { start(): Promise<void>; stop(): Promise<void> }

export class RelayOffer {
  readonly #components: RelayOfferComponents
  readonly #init: RelayOfferInit
  readonly #log: Log
  #server: Server | undefined
  #observer: Promise<Observer> | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(components: RelayOfferComponents, init: RelayOfferInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'relay')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    const { events } = this.#components
    events.addEventListener('self:peer:update', this.#onAddresses)
    events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#onAddresses()
    await this.#turn
  }

  async stop(): Promise<void> {
    const { events } = this.#components
    events.removeEventListener('self:peer:update', this.#onAddresses)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    await this.#turn
    await this.#end()
  }

  readonly #onAddresses = (): void => {
    const { mode } = this.#init
    const wanted =
      mode === 'on' || (mode === 'auto' && isProvenPublic(this.#components.addressManager.getAddressesWithMetadata()))
    this.#turn = this.#turn
      .then(() => this.#set(wanted))
      .catch(error => this.#log.error('relay', { why: error.message }))
  }

  async #set(wanted: boolean): Promise<void> {
    if (wanted === (this.#server != null)) return
    await (wanted ? this.#begin() : this.#end())
    this.#log.info(wanted ? 'this peer relays others' : 'this peer relays nobody any more')
    this.#components.members.update({ relay: wanted ? true : undefined })
  }

  async #begin(): Promise<void> {
    await this.#components.streams.serve(observeProtocol, (_request, { peer }) => this.#observe(peer))
    this.#server = this.#create()
    await this.#server.start()
  }

  async #end(): Promise<void> {
    if (this.#server == null) return
    await this.#components.streams.unserve(observeProtocol)
    const observer = await this.#observer?.catch(() => undefined)
    observer?.close()
    this.#observer = undefined
    await this.#server.stop()
    this.#server = undefined
  }

  /** Its ports are open from the first time that somebody asks. */
  async *#observe(peer: string) {
    this.#observer ??= this.#openObserver()
    const observer = await this.#observer
    yield { token: observer.admit(peer), ports: observer.ports }
  }

  async #openObserver(): Promise<Observer> {
    const here = this.#components.transportManager
      .getAddrs()
      .map(String)
      .filter(address => !isRelayed(address))
      .map(endpointOf)
    const hosts = [...new Set(here.map(({ host }) => host))]
    return Observer.open(this.#init.signer, hosts, here[0]?.port ?? 0)
  }

  #create(): Server {
    const { reservations, seconds, bytes } = this.#init.limits
    const server = circuitRelayServer({
      maxInboundHopStreams: MAX_STREAMS,
      maxOutboundHopStreams: MAX_STREAMS,
      maxOutboundStopStreams: MAX_STREAMS,
      reservations: {
        maxReservations: reservations,
        reservationTtl: FOR_EVER,
        // a connection without limits is one like any other
        applyDefaultLimit: seconds != null || bytes != null,
        defaultDurationLimit: seconds == null ? FOR_EVER : seconds * 1000,
        defaultDataLimit: bytes == null ? BigInt(Number.MAX_SAFE_INTEGER) : BigInt(bytes)
      }
    })(this.#components as never) as Server
    return holdBack(server)
  }

  /** Its place is free for another. */
  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#server?.reservations.delete(detail)
  }
}
