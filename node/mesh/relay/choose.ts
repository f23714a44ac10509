/** Which relays to ask for a reservation. Pure. */
import { createHash } from 'node:crypto'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'

/** Reservations that a peer holds, where there are as many relays. */
export const WANTED = 2

export interface RelayView {
  peer: string
  connected: boolean
  held: boolean
  /** Not asked before this instant, ms. */
  notBefore: number
}

/** @returns the relays to ask now: connected ones first, then in an order that differs from peer to peer, to spread the load */
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

/** Longest address in a record, characters. */
const MAX_ADDRESS_LENGTH = 256

/**
 * @param addresses of a relay, each with its peer id
 * @returns the address of `self` behind it; one is enough, since a peer that knows the relay knows its other addresses
 */
export function addressBehind(addresses: string[], self: string): string | undefined {
  const usable = addresses
    .map(address => `${address}/p2p-circuit/p2p/${self}`)
    .filter(each => each.length <= MAX_ADDRESS_LENGTH)
  return usable.find(each => !isPrivate(multiaddr(each))) ?? usable[0]
}
