/** Which relays to ask for a reservation. Pure. */
import { createHash } from 'node:crypto'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'

/** Reservations that a peer keeps where there are so many relays. */
export const WANTED = 2

export interface RelayView {
  peer: string
  connected: boolean
  held: boolean
  /** Not before this instant, ms. */
  notBefore: number
}

/** @returns the relays to ask now: connected ones first, then in an order of this peer's own, so that not all choose the same */
export function chooseRelays(self: string, relays: RelayView[], now: number): string[] {
  const missing = WANTED - relays.filter(({ held }) => held).length
  return relays
    .filter(({ held, notBefore }) => !held && notBefore <= now)
    .map(relay => ({ ...relay, order: orderOf(self, relay.peer) }))
    .sort((a, b) => Number(b.connected) - Number(a.connected) || (a.order < b.order ? -1 : 1))
    .slice(0, Math.max(0, missing))
    .map(({ peer }) => peer)
}

const orderOf = (self: string, relay: string) => createHash('sha256').update(`${self} ${relay}`).digest('hex')

/** Longest address that a record takes. */
const MAX_ADDRESS = 256

/**
 * @param addresses of a relay, each with its peer id
 * @returns the address of `self` behind it; one is enough, since whoever knows the relay has its other addresses, too
 */
export function addressBehind(addresses: string[], self: string): string | undefined {
  const fit = addresses.map(address => `${address}/p2p-circuit/p2p/${self}`).filter(each => each.length <= MAX_ADDRESS)
  return fit.find(each => !isPrivate(multiaddr(each))) ?? fit[0]
}
