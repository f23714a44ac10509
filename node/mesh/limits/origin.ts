/** The origin of a connection whose peer is not known yet. */
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * @returns what connections from the same place have in common: an IPv4 address, the first half of an IPv6 address, since a single
 * machine owns all of the second half, or the relay in between
 */
export function originOf(address: Multiaddr | string): string {
  const text = address.toString()
  const relay = /\/p2p\/([^/]+)\/p2p-circuit/.exec(text)?.[1]
  if (relay != null) return `relay ${relay}`
  const [, kind = '', host = text] = text.split('/')
  return kind === 'ip6' ? networkOf(host) : host
}

/** `2001:db8::1` is in `2001:db8:0:0::/64` */
function networkOf(host: string): string {
  const [head = '', tail] = host.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail == null || tail === '' ? [] : tail.split(':')
  const zeros = tail == null ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
