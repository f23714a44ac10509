/** Networks of IP addresses, as lists of them. Pure. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

export const familyOf = (host: string) => (isIPv6(host) ? 'ipv6' : 'ipv4')

/** @param networks such as `10.0.0.7/24`; what is none is left out */
export function listOf(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [host = '', bits] = network.split('/')
    if (isIP(host) !== 0) list.addSubnet(host, Number(bits), familyOf(host))
  }
  return list
}

/** @returns the networks that this machine's interfaces are in, loopback excluded */
export const networksOf = (interfaces: Array<NetworkInterfaceInfo[] | undefined>): string[] =>
  interfaces.flatMap(each => (each ?? []).flatMap(({ cidr, internal }) => (internal || cidr == null ? [] : [cidr])))
