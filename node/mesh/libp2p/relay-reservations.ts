/**
 * The one door to libp2p's store of reservations. Its listeners are not used: one on a certain relay never takes it again
 * after it went, and closing one drops the reservations of all. What the store does well is asking, refreshing, and noticing
 * that the connection to a relay is gone.
 */
import type { PeerId } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'

interface Made {
  relay: PeerId
  /** `addrs`: the relay's own addresses, in bytes. */
  details: { reservation: { addrs: Uint8Array[] } }
}

interface Store extends EventTarget {
  addRelay(relay: PeerId, type: 'configured'): Promise<Made>
  hasReservation(relay: PeerId): boolean
  relayFilter: { has(bytes: Uint8Array): boolean; add(bytes: Uint8Array): void }
}

/** Relays that refused once are asked again: when, is decided by who asks. */
const FORGIVING = { has: () => false, add: () => {} }

export class Reservations {
  readonly #store: Store

  constructor({ transportManager }: { transportManager: Pick<TransportManager, 'getTransports'> }) {
    const transport = transportManager.getTransports().find(each => 'reservationStore' in each)
    if (transport == null) throw new Error('libp2p has no transport for relayed connections')
    this.#store = (transport as unknown as { reservationStore: Store }).reservationStore
    this.#store.relayFilter = FORGIVING
  }

  /** @returns the addresses of the relay, as it gave them; rejects where it refuses or does not answer */
  async make(relay: PeerId): Promise<string[]> {
    const { details } = await this.#store.addRelay(relay, 'configured')
    return details.reservation.addrs.map(bytes => multiaddr(bytes).toString())
  }

  has(relay: PeerId): boolean {
    return this.#store.hasReservation(relay)
  }

  /** @returns what stops the calls */
  onLost(act: (relay: string) => void): () => void {
    const listener = (event: Event) => act((event as CustomEvent<Made>).detail.relay.toString())
    this.#store.addEventListener('relay:removed', listener)
    return () => this.#store.removeEventListener('relay:removed', listener)
  }
}
