/** The relays that this peer knows, and what it has tried with each. Knows nothing of connections or timers. */
import type { MemberView } from '../../../protocols/control.ts'
import { Backoff } from '../../backoff.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { chooseRelays } from './choose.ts'

/** Delays between tries to get a reservation, ms; shorter ones while there is none. */
const RETRY_BACKOFF_MS = { first: 250, most: 15_000 }
const MAX_DELAY_WITHOUT_RESERVATION_MS = 1_500
/** Relays that are known, lost ones included: they may be the only path back into the mesh. */
const MAX_KNOWN = 32

export interface KnownRelay {
  readonly peer: string
  /** The membership table has it as present. */
  present: boolean
  /** Those that lead to it without another relay, of its last record. */
  addresses: string[]
  /** This peer's address behind it, while there is a reservation. */
  addressBehind?: string
  /** A reservation is being made. */
  reserving: boolean
  /** Not tried before this instant of `performance.now()`. */
  notBefore: number
  readonly backoff: Backoff
}

/** What is read of a member. */
export type RelayCandidate = Pick<MemberView, 'peer' | 'relay' | 'state' | 'addresses'>

export class KnownRelays {
  readonly #self: string
  readonly #relays = new Map<string, KnownRelay>()

  constructor(self: string) {
    this.#self = self
  }

  get size(): number {
    return this.#relays.size
  }

  list(): KnownRelay[] {
    return [...this.#relays.values()]
  }

  get(peer: string): KnownRelay | undefined {
    return this.#relays.get(peer)
  }

  /** @returns those with a reservation */
  reserved(): KnownRelay[] {
    return this.list().filter(({ addressBehind }) => addressBehind != null)
  }

  /** Takes over which members relay. A lost one stays known: no other peer may learn that it has returned. */
  update(members: RelayCandidate[]): void {
    for (const { peer, relay: relays, state, addresses } of members) {
      const present = state !== 'left' && state !== 'lost'
      const known = this.#relays.get(peer)
      if (known != null) {
        if (present && !known.present) this.retryNow(known)
        Object.assign(known, { present, addresses: addresses.filter(each => !isRelayed(each)) })
        if (present && relays !== true && known.addressBehind == null) this.#relays.delete(peer)
      } else if (relays === true && present && peer !== this.#self) this.#add(peer, addresses)
    }
  }

  /** @returns the relays to ask for a reservation now */
  toAsk(isConnected: (peer: string) => boolean, now: number): KnownRelay[] {
    const views = this.list().map(({ peer, addressBehind, reserving, notBefore }) => {
      return { peer, held: addressBehind != null || reserving, notBefore, connected: isConnected(peer) }
    })
    return chooseRelays(this.#self, views, now).map(peer => this.#relays.get(peer) as KnownRelay)
  }

  /** Notes that a relay gave no reservation. @returns the delay before the next try, ms */
  failed(relay: KnownRelay, now: number): number {
    const next = relay.backoff.next()
    const delay = this.reserved().length === 0 ? Math.min(next, MAX_DELAY_WITHOUT_RESERVATION_MS) : next
    relay.notBefore = now + delay
    return delay
  }

  retryNow(relay: KnownRelay): void {
    relay.backoff.reset()
    relay.notBefore = 0
  }

  #add(peer: string, addresses: string[]): void {
    if (this.#relays.size >= MAX_KNOWN) {
      const lost = this.list().find(({ present, addressBehind }) => !present && addressBehind == null)
      if (lost == null) return
      this.#relays.delete(lost.peer)
    }
    const direct = addresses.filter(each => !isRelayed(each))
    const backoff = new Backoff(RETRY_BACKOFF_MS)
    this.#relays.set(peer, { peer, present: true, addresses: direct, reserving: false, notBefore: 0, backoff })
  }
}
