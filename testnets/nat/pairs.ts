/** Pairs of hosts of the NAT laboratory, and the expected path of each. Pure. */
import type { PathClass } from '../../protocols/path.ts'
import { NATS } from '../lab/topology.ts'

/** Hosts whose daemons relay; the first founds the mesh. */
export const RELAYS = ['relay1', 'relay2']
export const HOSTS = NATS.hosts.map(({ name }) => name).filter(name => !RELAYS.includes(name))

/**
 * @returns the flag of a host's daemon that makes `RELAYS` the only relays: without one a daemon relays as soon as a peer has
 * proven it public, so `pub` may, and then which relay two hosts share depends on when that happens
 */
export const relayFlag = (host: string) => (RELAYS.includes(host) ? '--relay' : '--no-relay')

export type Pair = [string, string]

/** What a host is behind, by the first letters of its name. */
export const PLACES: Record<string, string> = {
  pub: 'public',
  e: 'keeps ports',
  r: 'keeps ports, resets strangers',
  ub: 'keeps ports, no UDP',
  d: 'two NATs',
  f: 'firewall',
  s: 'symmetric',
  u: 'UPnP'
}

export const placeOf = (host: string) => PLACES[kindOf(host)] as string

/** @returns every pair of these */
export function pairsOf(hosts: string[]): Pair[] {
  return hosts.flatMap((one, i) => hosts.slice(i + 1).map((other): Pair => [one, other]))
}

/** @returns one pair for each two kinds of place, equal ones included where there are two hosts, and one on the same LAN */
export function representatives(hosts: string[]): Pair[] {
  const seen = new Set<string>()
  return pairsOf(hosts).filter(([one, other]) => {
    const key = isSameLan(one, other) ? 'LAN' : [kindOf(one), kindOf(other)].sort().join(' ')
    return !seen.has(key) && seen.add(key)
  })
}

/** @returns the classes of path that are right between two hosts, seen from either end */
export function expected(one: string, other: string): PathClass[] {
  const kinds = [kindOf(one), kindOf(other)]
  if (isSameLan(one, other)) return ['direct']
  if (kinds.includes('pub') || kinds.includes('relay')) return ['direct', 'reversed', ...upnp(kinds)]
  if (kinds.includes('u')) return ['mapped']
  return kinds.every(kind => kind === 's') ? ['relayed'] : ['punched']
}

export function kindOf(host: string): string {
  return /^(relay|pub|ub|[a-z])/.exec(host)?.[0] as string
}

/** A host with a public address dials a mapped port, or is dialled. */
const upnp = (kinds: string[]): PathClass[] => (kinds.includes('u') ? ['mapped'] : [])

function isSameLan(one: string, other: string): boolean {
  const routers = [one, other].map(name => NATS.hosts.find(host => host.name === name)?.behind)
  return routers[0] != null && routers[0] === routers[1]
}
