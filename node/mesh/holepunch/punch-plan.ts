/** From which ports to which two peers behind NATs connect to each other. Pure. */
import { isIPv6 } from 'node:net'
import type { Endpoint } from '../../../protocols/observe.ts'
import { scopeOf } from '../reachability/dial-rule.ts'

/** Ports on one side, where the other is behind a symmetric NAT: with 512 all of 76 punches succeeded, with 256 13 of 20. */
export const MANY_PORTS = 512

export type Plan =
  /** Punching is pointless. */
  | { kind: 'none'; reason: string }
  /** One port to one. */
  | { kind: 'one'; to: Endpoint }
  /** Many of this peer's to one of the other. */
  | { kind: 'from-many'; to: Endpoint; count: number }
  /** One of this peer's to many of the other. */
  | { kind: 'to-many'; to: Endpoint; count: number }

/**
 * @param mine the public endpoints of this peer's port, one from each observer
 * @param theirs those of the other's port
 * @returns this peer's part; the other computes the counterpart from the same endpoints
 */
export function planPunch(mine: Endpoint[], theirs: Endpoint[]): Plan {
  const [from] = mine
  const [to] = theirs
  if (from == null || to == null) return { kind: 'none', reason: 'no relay could observe its port' }
  if (isIPv6(from.host) !== isIPv6(to.host)) return { kind: 'none', reason: 'one has IPv4 only, the other IPv6' }
  if (/^(127\.|::1$)/.test(from.host)) {
    return { kind: 'none', reason: 'on one machine two connects do not cross each other' }
  }
  // the other peer says what was observed of it
  if (scopeOf(to.host) !== 'wide') return { kind: 'none', reason: 'what it names is no address behind a NAT' }
  const [here, there] = [isSymmetric(mine), isSymmetric(theirs)]
  if (here && there) return { kind: 'none', reason: 'both are behind symmetric NATs' }
  if (here) return { kind: 'from-many', to, count: MANY_PORTS }
  return there ? { kind: 'to-many', to, count: MANY_PORTS } : { kind: 'one', to }
}

/** @returns whether the public endpoint of one port depends on the observer */
export const isSymmetric = (endpoints: Endpoint[]) =>
  endpoints.some(({ host, port }) => host !== endpoints[0]?.host || port !== endpoints[0]?.port)
