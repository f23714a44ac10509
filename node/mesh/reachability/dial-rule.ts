/**
 * Decides which addresses this peer dials. Records, identify, tickets and relays name addresses that other peers chose: without a rule
 * a member could have every daemon connect to the sockets and local services of its own machine.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { Multiaddr } from '@multiformats/multiaddr'
import { familyOf, listOf } from './networks.ts'

/** How far an IP address reaches; `none` is no address of one machine: unspecified, multicast, broadcast. */
export type Scope = 'loopback' | 'link-local' | 'none' | 'wide'

const scopes = Object.entries({
  loopback: ['127.0.0.0/8', '::1/128'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  none: ['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8']
} satisfies Record<Exclude<Scope, 'wide'>, string[]>).map(([scope, networks]) => ({
  ...{ scope: scope as Scope, list: listOf(networks) }
}))

/** @param host an IP address; one of IPv4 that is written as IPv6 counts as that of IPv4 */
export function scopeOf(host: string): Scope {
  const address = host.split('%')[0] as string
  return scopes.find(({ list }) => list.check(address, familyOf(address)))?.scope ?? 'wide'
}

export interface DialRuleInit {
  /** Addresses that this peer listens on, as its owner wrote them. */
  listen: string[]
  /** Addresses of the ticket, which the owner gave: a mesh on loopback has peers that listen nowhere. */
  ticketAddresses?: string[]
  interfaces?(): Array<NetworkInterfaceInfo[] | undefined>
}

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

export class DialRule {
  readonly #hosts: string[]
  readonly #interfaces: () => Array<NetworkInterfaceInfo[] | undefined>

  constructor({ listen, ticketAddresses = [], interfaces = () => Object.values(networkInterfaces()) }: DialRuleInit) {
    this.#hosts = [...listen, ...ticketAddresses].map(address => address.split('/')[2] ?? '')
    this.#interfaces = interfaces
  }

  /** @returns whether to dial it: TCP over IP or a name, and for a relayed address that of its relay */
  allows(address: Multiaddr | string): boolean {
    const text = address.toString()
    const [, kind = '', host = '', transport] = text.split('/')
    if (kind === 'ip6zone') return this.allows(text.replace(/^\/ip6zone\/[^/]+/, ''))
    if (transport !== 'tcp') return false
    if (/^dns[46]?$/.test(kind)) return !/(^|\.)localhost\.?$/i.test(host)
    return /^ip[46]$/.test(kind) && this.allowsHost(host)
  }

  /**
   * @returns whether to dial an IP address. One that reaches only this machine or its link is dialled only where this peer listens there or
   * was invited from there, or if it listens everywhere while the machine has no wider address
   */
  allowsHost(host: string): boolean {
    const scope = isIP(host.split('%')[0] as string) === 0 ? 'none' : scopeOf(host)
    if (scope === 'wide' || scope === 'none') return scope === 'wide'
    if (this.#hosts.some(each => (scope === 'loopback' ? each === host : isIP(each) && scopeOf(each) === scope)))
      return true
    return this.#hosts.some(isUnspecified) && !this.#hasWide()
  }

  /** `dns.lookup` without the addresses that are not dialled: a name may stand for any of them. */
  readonly lookup = (name: string, options: LookupOptions, done: Callback): void => {
    dnsLookup(name, { ...options, all: true }, (error, found) => {
      if (error != null) return done(error, [])
      const allowed = found.filter(({ address }) => this.allowsHost(address))
      const [first] = allowed
      if (first == null) return done(new Error(`${name} has no address that this peer dials`), [])
      if (options.all) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }

  #hasWide(): boolean {
    const all = this.#interfaces().flatMap(each => each ?? [])
    return all.some(({ internal, address }) => !internal && scopeOf(address) === 'wide')
  }
}

const isUnspecified = (host: string) => host === '0.0.0.0' || host === '::'
