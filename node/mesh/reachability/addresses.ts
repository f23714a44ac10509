/** What an address says about who can reach it. Pure. */
import type { Connection } from '@libp2p/interface'
import type { NodeAddress } from '@libp2p/interface-internal'
import { isLoopback, isPrivate } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** @returns whether it leads through a relay */
export const isRelayed = (address: Multiaddr | string) => address.toString().includes('/p2p-circuit')

/** @returns the open connection to use: a direct one, if there is one */
export function preferred(connections: Connection[]): Connection | undefined {
  const open = connections.filter(({ status }) => status === 'open')
  return open.find(({ remoteAddr }) => !isRelayed(remoteAddr)) ?? open[0]
}

/** @returns whether another peer has proven that this one can be reached from everywhere, at an address of its own machine */
export function isProvenPublic(addresses: NodeAddress[]): boolean {
  return addresses.some(
    ({ multiaddr, verified, type }) =>
      verified && type === 'transport' && !isPrivate(multiaddr) && !isRelayed(multiaddr)
  )
}

/** @returns whether this peer needs nobody's help to be reached: that is proven, or a person has said so */
export const needsNoRelay = (addresses: NodeAddress[]) =>
  isProvenPublic(addresses) || addresses.some(({ type }) => type === 'announce')

/**
 * @param proven each with the peer id, those behind relays too
 * @returns where a peer tells others that it is: what is proven; as long as that leads no further than to its own machine,
 * whatever it listens at, since a failed try costs less than a member that nobody can dial
 */
export function toldOf(proven: string[], addresses: NodeAddress[], self: string): string[] {
  if (proven.some(each => !isLoopback(multiaddr(each)))) return proven
  const unproven = addresses.filter(({ type, verified }) => type === 'transport' && !verified)
  return [...proven, ...unproven.map(({ multiaddr }) => `${multiaddr}/p2p/${self}`)]
}

/** @returns those that can be dialled; another peer wrote them, perhaps one of a later version */
export function readable(addresses: string[]): string[] {
  return addresses.filter(address => {
    try {
      return multiaddr(address).getComponents().length > 0
    } catch {
      return false
    }
  })
}
