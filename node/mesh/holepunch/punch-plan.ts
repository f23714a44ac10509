/** From which ports to which two peers connect to each other, both behind routers. Pure. */
import { isIPv6 } from 'node:net'
import type { Endpoint } from '../../../protocols/observe.ts'

/** Ports on one side, where a router gives each destination a port of its own: by chance one of them fits. */
export const SPRAY = 512

/** What is known of a peer's port: where it came from as two looked at it. */
export interface View {
  seen: Endpoint[]
}

export type Plan =
  /** Nothing can come of it. */
  | { kind: 'none'; reason: string }
  /** One port to one. */
  | { kind: 'one'; to: Endpoint }
  /** Many of this peer's to one of the other. */
  | { kind: 'from-many'; to: Endpoint; count: number }
  /** One of this peer's to many of the other. */
  | { kind: 'to-many'; to: Endpoint; count: number }

/** @returns what this peer does; the other, asked the same about it, does the counterpart */
export function planPunch(mine: View, theirs: View): Plan {
  const [from] = mine.seen
  const [to] = theirs.seen
  if (from == null || to == null) return { kind: 'none', reason: 'nobody could see its port from outside' }
  if (isIPv6(from.host) !== isIPv6(to.host)) return { kind: 'none', reason: 'one has IPv4 only, the other IPv6' }
  if (/^(127\.|::1$)/.test(from.host))
    return { kind: 'none', reason: 'on one machine no two sockets meet on their way' }
  const [here, there] = [isSymmetric(mine), isSymmetric(theirs)]
  if (here && there) return { kind: 'none', reason: 'both routers give each destination a port of its own' }
  if (here) return { kind: 'from-many', to, count: SPRAY }
  return there ? { kind: 'to-many', to, count: SPRAY } : { kind: 'one', to }
}

/** @returns whether the port depends on who looks */
export const isSymmetric = ({ seen }: View) =>
  seen.some(({ host, port }) => host !== seen[0]?.host || port !== seen[0]?.port)
