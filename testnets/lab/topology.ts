/** The hosts and routers of a laboratory, and their addresses. Pure. */

/**
 * What a router does to connections from its LAN, and to unsolicited packets:
 * - `preserving`: keeps the port where it can, and drops unsolicited packets (port-restricted cone)
 * - `resetting`: the same, but answers unsolicited TCP with a reset
 * - `symmetric`: a random port for each destination
 * - `no-udp`: preserving, and drops UDP
 * - `upnp`: preserving, and maps ports on demand (UPnP, NAT-PMP)
 * - `pmp`: as `upnp`, by NAT-PMP only
 */
export type Nat = 'preserving' | 'resetting' | 'symmetric' | 'no-udp' | 'upnp' | 'pmp'

export const opensPorts = (nat: Nat) => nat === 'upnp' || nat === 'pmp'

export interface RouterPlan {
  name: string
  nat: Nat
  /** The router that this one is behind; on the public segment without one. */
  behind?: string
  /** First three numbers of the network inside, for two homes that use the same; one of its own without it. */
  lan?: string
}

export interface HostPlan {
  name: string
  /** Its router; on the public segment without one. */
  behind?: string
  /** A public address, but unsolicited packets are dropped. */
  firewall?: boolean
}

export interface Topology {
  routers?: RouterPlan[]
  hosts: HostPlan[]
}

export interface Placed {
  name: string
  /** Its own address; the outer one, for a router. */
  address: string
  /** Its public address. */
  outside: string
  /** Number of its port on the segment, if it has one. */
  port?: number
  /** Address and first three numbers of the network inside, of a router. */
  lan?: { address: string; network: string }
  /** The router that it is behind. */
  gateway?: { name: string; address: string }
}

/** libp2p counts the documentation networks as private, so the segment uses a real one, which has no route out of here. */
export const SEGMENT = '45.67.89'
const FIRST_PORT = 10
const MAX_PORTS = 64

/** @throws for a repeated name, a router that is missing or listed after its hosts, and too many ports */
export function place({ routers = [], hosts }: Topology): Map<string, Placed> {
  const placed = new Map<string, Placed>()
  const taken = new Map<string, number>()
  let port = FIRST_PORT
  const put = (name: string, behind: string | undefined, lan?: string) => {
    if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) throw new Error(`${name}: a name is up to 12 small letters and digits`)
    if (placed.has(name)) throw new Error(`${name} is listed twice`)
    const inside = lan == null ? undefined : { address: `${lan}.1`, network: lan }
    if (behind == null) {
      if (port >= FIRST_PORT + MAX_PORTS) throw new Error(`a segment has ${MAX_PORTS} ports`)
      const address = `${SEGMENT}.${port}`
      placed.set(name, { name, address, outside: address, port: port++, lan: inside })
      return
    }
    const router = placed.get(behind)
    if (router?.lan == null) throw new Error(`${name} is behind ${behind}, which is no router listed before it`)
    const number = (taken.get(behind) ?? 1) + 1
    taken.set(behind, number)
    placed.set(name, {
      name,
      address: `${router.lan.network}.${number}`,
      outside: router.outside,
      lan: inside,
      gateway: { name: behind, address: router.lan.address }
    })
  }
  for (const [i, { name, behind, lan }] of routers.entries()) put(name, behind, lan ?? `10.${i + 1}.0`)
  for (const { name, behind } of hosts) put(name, behind)
  return placed
}

/** Every kind of NAT, with hosts named by kind: `e` preserving, `r` resetting, `s` symmetric, `f` firewall, `ub`, `u`, `d` double. */
export const NATS: Topology = {
  routers: [
    // as in many homes the networks are the same: an address of one is another host, or none, in the other
    { name: 'home1', nat: 'preserving', lan: '192.168.1' },
    { name: 'home2', nat: 'preserving', lan: '192.168.1' },
    { name: 'rs1', nat: 'symmetric' },
    { name: 'rs2', nat: 'symmetric' },
    { name: 'rr', nat: 'resetting' },
    { name: 'rub', nat: 'no-udp' },
    { name: 'ru', nat: 'upnp' },
    { name: 'rd', nat: 'preserving' },
    { name: 'rdd', nat: 'preserving', behind: 'rd' }
  ],
  hosts: [
    { name: 'relay1' },
    { name: 'relay2' },
    { name: 'pub' },
    { name: 'e1', behind: 'home1' },
    { name: 'e1b', behind: 'home1' },
    { name: 'e2', behind: 'home2' },
    { name: 's1', behind: 'rs1' },
    { name: 's2', behind: 'rs2' },
    { name: 'r', behind: 'rr' },
    { name: 'f1', firewall: true },
    { name: 'f2', firewall: true },
    { name: 'ub', behind: 'rub' },
    { name: 'u', behind: 'ru' },
    { name: 'd', behind: 'rdd' }
  ]
}
