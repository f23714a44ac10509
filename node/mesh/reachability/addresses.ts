/** Tells from the form of an address, and from what is proven of it, which peers can reach it. Pure. */
import type { Connection } from '@libp2p/interface'
import type { NodeAddress } from '@libp2p/interface-internal'
import { isLoopback, isPrivate } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** @returns whether the address leads through a relay */
export const isRelayed = (address: Multiaddr | string) => address.toString().includes('/p2p-circuit')

/** @returns the address with the id of its peer, which it may name already */
export const withPeer = (address: string, peer: string) =>
  address.endsWith(`/p2p/${peer}`) ? address : `${address}/p2p/${peer}`

/** @returns the open connection to use: a direct one, if there is one */
export function preferred(connections: Connection[]): Connection | undefined {
  const open = connections.filter(({ status }) => status === 'open')
  return open.find(({ remoteAddr }) => !isRelayed(remoteAddr)) ?? open[0]
}

/** @returns whether another peer has proven that this one can be dialled from everywhere, without a mapped port */
export function isProvenPublic(addresses: NodeAddress[]): boolean {
  return addresses.some(
    ({ multiaddr, verified, type }) =>
      verified && type === 'transport' && !isPrivate(multiaddr) && !isRelayed(multiaddr)
  )
}

/** @returns whether this peer can be dialled without a relay: that is proven, or its owner announced an address */
export const needsNoRelay = (addresses: NodeAddress[]) =>
  isProvenPublic(addresses) || addresses.some(({ type }) => type === 'announce')

/**
 * @param proven each with the peer id, those behind relays too
 * @returns the addresses of a peer's record: the proven ones; as long as these are loopback only, those that it listens at as
 * well, since a failed dial costs less than a member that no peer can dial
 */
export function announcedAddresses(proven: string[], addresses: NodeAddress[], self: string): string[] {
  if (proven.some(each => !isLoopback(multiaddr(each)))) return proven
  const unproven = addresses.filter(({ type, verified }) => type === 'transport' && !verified)
  return [...proven, ...unproven.map(({ multiaddr }) => withPeer(`${multiaddr}`, self))]
}

/** @returns those that can be parsed; another peer wrote them, perhaps one of a later version */
export function parseable(addresses: string[]): string[] {
  return addresses.filter(address => {
    try {
      return multiaddr(address).getComponents().length > 0
    } catch {
      return false
    }
  })
}
