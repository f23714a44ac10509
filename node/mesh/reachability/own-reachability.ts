/** How this peer can be reached: publicly, or through which kind of NAT and which mapped ports. Its record tells the others. */
import type { Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import type { Endpoint } from '../../../protocols/observe.ts'
import type { Nat } from '../../../protocols/path.ts'
import { listen } from '../../listen.ts'
import { Part } from '../../part.ts'
import { observePort } from '../holepunch/observe.ts'
import { isSymmetric } from '../holepunch/punch-plan.ts'
import type { Members } from '../membership/members.ts'
import type { Relays, RelaysEvents } from '../relay/relays.ts'
import { isRelayed, needsNoRelay } from './addresses.ts'

/** An observation takes two round trips to a relay. */
const OBSERVE_TIMEOUT_MS = 5_000
/** Mapped addresses in the record. */
const MAX_MAPPED = 8

export interface ReachabilityComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  members: Members
  relays: Relays
}

export class Reachability extends Part<ReachabilityComponents> {
  /** One port of this peer, as observers saw it last. */
  #observed: Endpoint[] = []
  /** What the record holds, as JSON. */
  #published = '{}'

  afterStart(): void {
    const { events, relays } = this.components
    listen<Libp2pEvents>(events, this.stopped, { 'self:peer:update': () => this.#publish() })
    listen<RelaysEvents>(relays, this.stopped, { reserved: () => this.#onReserved() })
    this.#publish()
  }

  /** @param endpoints at which observers saw one port of this peer */
  noteObserved(endpoints: Endpoint[]): void {
    this.#observed = endpoints
    this.#publish()
  }

  /** @returns undefined before the first observation */
  nat(): Nat | undefined {
    if (needsNoRelay(this.components.addressManager.getAddressesWithMetadata())) return 'public'
    if (this.#observed.length === 0) return undefined
    return isSymmetric(this.#observed) ? 'symmetric' : 'nat'
  }

  /** @returns where others may try to dial this peer, unproven addresses included: a ticket cannot wait for a proof */
  addresses(): string[] {
    const self = this.components.peerId.toString()
    const listening = this.components.addressManager
      .getAddressesWithMetadata()
      .filter(({ type }) => type === 'transport')
      .map(({ multiaddr }) => multiaddr.toString())
      .filter(address => !isRelayed(address))
      .map(address => `${address}/p2p/${self}`)
    return [...new Set([...this.components.addressManager.getAddresses().map(String), ...listening])]
  }

  /** The first observation; every attempt at a direct connection makes another. */
  #onReserved(): void {
    if (this.#observed.length > 0) return
    const { peerId, relays } = this.components
    observePort(peerId.toString(), relays.observers(), AbortSignal.timeout(OBSERVE_TIMEOUT_MS)).then(
      port => {
        port.release()
        this.noteObserved(port.endpoints)
      },
      () => {}
    )
  }

  #publish(): void {
    const addresses = this.components.addressManager.getAddressesWithMetadata()
    const mapped = addresses
      .filter(({ type, verified }) => type === 'ip-mapping' && verified)
      .map(({ multiaddr }) => multiaddr.toString())
      .slice(0, MAX_MAPPED)
    const known = { nat: this.nat(), mapped: mapped.length > 0 ? mapped : undefined }
    if (JSON.stringify(known) === this.#published) return
    this.#published = JSON.stringify(known)
    this.components.members.update(known)
  }
}
