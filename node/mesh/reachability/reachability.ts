/** What this peer knows of its own place in the network: whether all can dial it, or what kind of router is before it. Its record says it. */
import type { Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import type { Endpoint } from '../../../protocols/observe.ts'
import type { Nat } from '../../../protocols/path.ts'
import { observe } from '../holepunch/observe.ts'
import { isSymmetric } from '../holepunch/punch-plan.ts'
import type { Members } from '../membership/members.ts'
import type { Relays } from '../relay/relays.ts'
import { isRelayed, needsNoRelay } from './addresses.ts'

const OBSERVE = 5_000
const MAX_MAPPED = 8

export interface ReachabilityComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  members: Members
  relays: Relays
}

export class Reachability {
  readonly #components: ReachabilityComponents
  #seen: Endpoint[] = []
  /** What its record says of it. */
  #said = '{}'

  constructor(components: ReachabilityComponents) {
    this.#components = components
  }

  /** libp2p starts only what has both. */
  start(): void {}

  afterStart(): void {
    this.#components.events.addEventListener('self:peer:update', this.#onAddresses)
    this.#components.relays.addEventListener('reserved', this.#onReserved)
    this.#tell()
  }

  stop(): void {
    this.#components.events.removeEventListener('self:peer:update', this.#onAddresses)
    this.#components.relays.removeEventListener('reserved', this.#onReserved)
  }

  /** Relays have looked at a port of this peer. */
  note(seen: Endpoint[]): void {
    this.#seen = seen
    this.#tell()
  }

  /** @returns undefined while nobody has looked from outside */
  nat(): Nat | undefined {
    if (needsNoRelay(this.#components.addressManager.getAddressesWithMetadata())) return 'public'
    if (this.#seen.length === 0) return undefined
    return isSymmetric({ seen: this.#seen }) ? 'symmetric' : 'nat'
  }

  /** @returns where others may try to find this peer: proven or not, a ticket can wait for no proof */
  ways(): string[] {
    const self = this.#components.peerId.toString()
    const listening = this.#components.addressManager
      .getAddressesWithMetadata()
      .filter(({ type }) => type === 'transport')
      .map(({ multiaddr }) => multiaddr.toString())
      .filter(address => !isRelayed(address))
      .map(address => `${address}/p2p/${self}`)
    return [...new Set([...this.#components.addressManager.getAddresses().map(String), ...listening])]
  }

  readonly #onAddresses = (): void => this.#tell()

  /** The first look; each attempt at a direct path is another. */
  readonly #onReserved = (): void => {
    if (this.#seen.length > 0) return
    const { peerId, relays } = this.#components
    observe(peerId.toString(), relays.observers(), AbortSignal.timeout(OBSERVE)).then(
      outside => {
        outside.release()
        this.note(outside.endpoints)
      },
      () => {}
    )
  }

  #tell(): void {
    const addresses = this.#components.addressManager.getAddressesWithMetadata()
    const mapped = addresses
      .filter(({ type, verified }) => type === 'ip-mapping' && verified)
      .map(({ multiaddr }) => multiaddr.toString())
      .slice(0, MAX_MAPPED)
    const known = { nat: this.nat(), mapped: mapped.length > 0 ? mapped : undefined }
    if (JSON.stringify(known) === this.#said) return
    this.#said = JSON.stringify(known)
    this.#components.members.update(known)
  }
}
