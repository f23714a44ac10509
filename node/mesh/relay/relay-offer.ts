/**
 * Relays connections of peers behind NAT: always or never where that is configured, otherwise as soon as another peer has proven
 * this one to be public.
 */
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import type { RelayLimits } from '../../../protocols/config-file.ts'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { endpointOf, observeProtocol } from '../../../protocols/observe.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { holdBack } from '../libp2p/relay-backpressure.ts'
import type { Members } from '../membership/members.ts'
import { isProvenPublic, isRelayed } from '../reachability/addresses.ts'
import type { Streams } from '../streams.ts'
import { Observer } from './observer.ts'

/** Relayed connections that one peer may have through this one. */
const MAX_RELAYED_CONNECTIONS = 512

export type RelayMode = 'auto' | 'on' | 'off'

export interface RelayOfferComponents {
  events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'>
  addressManager: Pick<AddressManager, 'getAddressesWithMetadata'>
  transportManager: Pick<TransportManager, 'getAddrs'>
  streams: Pick<Streams, 'serve' | 'unserve'>
  members: Pick<Members, 'update'>
}

type Server = CircuitRelayService & { start(): Promise<void>; stop(): Promise<void> }

export class RelayOffer extends Part<
  RelayOfferComponents,
  { log: Log; signer: Signer; mode: RelayMode; limits: RelayLimits }
> {
  readonly #log = this.init.log.with({}, 'relay')
  #server: Server | undefined
  #observer: Promise<Observer> | undefined
  #changed: Promise<void> = Promise.resolve()

  async afterStart(): Promise<void> {
    listen<Libp2pEvents>(this.components.events, this.stopped, {
      'self:peer:update': this.#onAddresses,
      'peer:disconnect': this.#onDisconnect
    })
    this.#onAddresses()
    await this.#changed
  }

  override async stop(): Promise<void> {
    super.stop()
    await this.#changed
    await this.#stopServer()
  }

  readonly #onAddresses = (): void => {
    const { mode } = this.init
    const wanted =
      mode === 'on' || (mode === 'auto' && isProvenPublic(this.components.addressManager.getAddressesWithMetadata()))
    this.#changed = this.#changed
      .then(() => this.#set(wanted))
      .catch(error => this.#log.error('relay', { why: error.message }))
  }

  async #set(wanted: boolean): Promise<void> {
    if (wanted === (this.#server != null)) return
    await (wanted ? this.#startServer() : this.#stopServer())
    this.#log.info(wanted ? 'this peer relays others' : 'this peer no longer relays others')
    this.components.members.update({ relay: wanted ? true : undefined })
  }

  async #startServer(): Promise<void> {
    await this.components.streams.serve(observeProtocol, (_request, { peer }) => this.#observe(peer))
    this.#server = this.#create()
    await this.#server.start()
  }

  async #stopServer(): Promise<void> {
    if (this.#server == null) return
    await this.components.streams.unserve(observeProtocol)
    const observer = await this.#observer?.catch(() => undefined)
    observer?.close()
    this.#observer = undefined
    await this.#server.stop()
    this.#server = undefined
  }

  /** The observer opens its ports at the first request. */
  async *#observe(peer: string) {
    this.#observer ??= this.#openObserver()
    const observer = await this.#observer
    yield { token: observer.issueToken(peer), ports: observer.ports }
  }

  async #openObserver(): Promise<Observer> {
    const endpoints = this.components.transportManager
      .getAddrs()
      .map(String)
      .filter(address => !isRelayed(address))
      .map(endpointOf)
    const hosts = [...new Set(endpoints.map(({ host }) => host))]
    return Observer.open(this.init.signer, hosts, endpoints[0]?.port ?? 0)
  }

  #create(): Server {
    const { reservations, seconds, bytes } = this.init.limits
    const server = circuitRelayServer({
      maxInboundHopStreams: MAX_RELAYED_CONNECTIONS,
      maxOutboundHopStreams: MAX_RELAYED_CONNECTIONS,
      maxOutboundStopStreams: MAX_RELAYED_CONNECTIONS,
      reservations: {
        maxReservations: reservations,
        // a reservation ends with the connection of its peer
        reservationTtl: MAX_TIMER_MS,
        // without limits libp2p treats a relayed connection like any other
        applyDefaultLimit: seconds != null || bytes != null,
        defaultDurationLimit: seconds == null ? MAX_TIMER_MS : seconds * 1000,
        defaultDataLimit: bytes == null ? BigInt(Number.MAX_SAFE_INTEGER) : BigInt(bytes)
      }
    })(this.components as never) as Server
    return holdBack(server)
  }

  /** Frees the reservation for another peer. */
  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#server?.reservations.delete(detail)
  }
}
