/** By which address a program on this machine reaches one on the machine of another peer: what the mesh knows of that. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Members } from '../membership/members.ts'
import type { Paths } from '../paths/paths.ts'
import { isRelayed } from './addresses.ts'
import { familyOf, listOf, networksOf } from './networks.ts'

export interface HostFacts {
  /** The address of the other end of a direct connection with the peer. */
  seen?: string | undefined
  /** The addresses in the record of the peer. */
  announced: string[]
  /** Networks that this machine is in, such as `10.0.0.7/24`. */
  networks: string[]
}

/** Pure. @returns addresses of the machine, the best first: in a network of this machine's, then where the mesh reaches it, then what it announces */
export function hostsOf({ seen, announced, networks }: HostFacts): string[] {
  const here = listOf(networks)
  const reached = seen == null ? undefined : hostIn(seen)
  const direct = announced.filter(address => !isRelayed(address)).flatMap(address => hostIn(address) ?? [])
  const hosts = [...new Set([...(reached == null ? [] : [reached]), ...direct])]
  // loopback is this machine, whoever announces it
  const others = hosts.filter(host => !isLoopback(host) || host === reached)
  const isNear = (host: string) => !isLoopback(host) && here.check(host, familyOf(host))
  return (others.length > 0 ? others : hosts).sort((a, b) => Number(isNear(b)) - Number(isNear(a)))
}

/** @returns what gives the same of any peer, this one too, from what the mesh knows then and the networks that this machine is in now */
export function hostsNow({
  members,
  paths
}: {
  members: Pick<Members, 'addressesOf'>
  paths: Pick<Paths, 'remoteAddress'>
}): (peer: string) => string[] {
  const networks = networksOf(Object.values(networkInterfaces()))
  return peer => hostsOf({ seen: paths.remoteAddress(peer), announced: members.addressesOf(peer), networks })
}

/** @returns the IP address of `/ip4/10.0.0.7/tcp/4001` */
function hostIn(address: string): string | undefined {
  const [, host = ''] = /^\/ip[46]\/([^/]+)\//.exec(address) ?? []
  return isIP(host) === 0 ? undefined : host
}

const isLoopback = (host: string) => host === '::1' || host.startsWith('127.')
