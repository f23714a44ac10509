/** Which addresses of another peer may lead to it without help. Pure. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { isPrivate, isPrivateIp } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isRelayed } from '../reachability/addresses.ts'

/** Attempts for one peer: its record is its own word. */
const MOST = 8

/** @returns the networks that this machine is in, but for its own loopback */
export function localNetworks(interfaces: Array<NetworkInterfaceInfo[] | undefined>): BlockList {
  const networks = new BlockList()
  for (const { cidr, internal, address } of interfaces.flatMap(each => each ?? [])) {
    const bits = Number(cidr?.split('/')[1])
    if (!internal && Number.isInteger(bits))
      networks.addSubnet(address.split('%')[0] as string, bits, familyOf(address))
  }
  return networks
}

/** @returns those worth a try, most hopeful first: of this machine's own networks, then those of everyone, then other private ones */
export function hopeful(addresses: string[], networks: BlockList): string[] {
  const ranked = addresses
    .filter(address => !isRelayed(address))
    .map(address => ({ address, rank: rankOf(address, networks) }))
    .filter(({ rank }) => rank < NEVER)
    .sort((a, b) => a.rank - b.rank)
  return [...new Set(ranked.map(({ address }) => address))].slice(0, MOST)
}

/** @returns whether the other end of a connection is in a private network, as this peer then is, too */
export const isNear = (address: Multiaddr) => isPrivate(address)

/** @returns whether somebody who is anywhere could dial one of them */
export const arePublic = (addresses: string[]) => addresses.some(address => rankOf(address, NONE) === PUBLIC)

const [NEAR, PUBLIC, FAR, NEVER] = [0, 1, 2, 3]
const NONE = new BlockList()

function rankOf(address: string, networks: BlockList): number {
  const [, kind = '', host = ''] = address.split('/')
  if (isRelayed(address)) return NEVER
  if (kind.startsWith('dns')) return PUBLIC
  if (isIP(host) === 0 || /^(127\.|::1$|fe80:|169\.254\.)/i.test(host)) return NEVER
  if (networks.check(host, familyOf(host))) return NEAR
  return isPrivateIp(host) ? FAR : PUBLIC
}

const familyOf = (host: string) => (isIPv6(host.split('%')[0] as string) ? 'ipv6' : 'ipv4')
