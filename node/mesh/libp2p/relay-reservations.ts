/**
 * Reservations at relays, by the private store of libp2p's relay transport. libp2p's own listeners are not used: a listener on one relay never
 * reserves there again once that was lost, and closing one drops the reservations of all. The store itself asks, refreshes, and tells of
 * lost relays.
 */
import type { PeerId } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'

interface Reserved {
  relay: PeerId
  /** `addrs`: the relay's own addresses, in bytes. */
  details: { reservation: { addrs: Uint8Array[] } }
}

/** Private. */
interface Store extends EventTarget {
  addRelay(relay: PeerId, type: 'configured'): Promise<Reserved>
  hasReservation(relay: PeerId): boolean
  relayFilter: { has(bytes: Uint8Array): boolean; add(bytes: Uint8Array): void }
}

/** The store never asks a relay again that refused once; here the caller decides when. */
const FORGETTING = { has: () => false, add: () => {} }

export class Reservations {
  readonly #store: Store

  constructor({ transportManager }: { transportManager: Pick<TransportManager, 'getTransports'> }) {
    const transport = transportManager.getTransports().find(each => 'reservationStore' in each)
    if (transport == null) throw new Error('libp2p has no transport for relayed connections')
    this.#store = (transport as unknown as { reservationStore: Store }).reservationStore
    this.#store.relayFilter = FORGETTING
  }

  /** @returns the relay's own addresses, as it gave them. @throws if it refuses or does not answer */
  async make(relay: PeerId): Promise<string[]> {
    const { details } = await this.#store.addRelay(relay, 'configured')
    return details.reservation.addrs.map(bytes => multiaddr(bytes).toString())
  }

  has(relay: PeerId): boolean {
    return this.#store.hasReservation(relay)
  }

  /** Calls `act` with each relay that is lost, until the signal aborts. */
  onLost(act: (relay: string) => void, signal: AbortSignal): void {
    const listener = (event: Event) => act((event as CustomEvent<Reserved>).detail.relay.toString())
    this.#store.addEventListener('relay:removed', listener, { signal })
  }
}
