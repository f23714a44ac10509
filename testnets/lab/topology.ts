/** What a laboratory is made of, and where everything is in it. Nothing here touches the machine. */

/**
 * What a router does to connections from its inside, and to what comes from outside unasked:
 * - `preserving`: keeps the port where it can, and drops what nobody asked for (port-restricted cone)
 * - `resetting`: the same, but answers the unasked with a reset
 * - `symmetric`: a random port for each destination
 * - `no-udp`: preserving, and no UDP gets out
 * - `upnp`: preserving, and opens ports on demand (UPnP, NAT-PMP)
 * - `pmp`: the same by NAT-PMP only
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
  /** A public address, but nothing comes in that was not asked for. */
  firewall?: boolean
}

export interface Topology {
  routers?: RouterPlan[]
  hosts: HostPlan[]
}

export interface Placed {
  name: string
  /** Its own address; that of its outside, for a router. */
  address: string
  /** The address that the world sees. */
  outside: string
  /** Number of its port on the segment, if it has one. */
  port?: number
  /** Address and first three numbers of the network inside, of a router. */
  lan?: { address: string; network: string }
  /** The router that it is behind. */
  gateway?: { name: string; address: string }
}

/** libp2p counts the documentation networks as private, so the segment uses real ones, which lead nowhere from in here. */
export const SEGMENT = '45.67.89'
const FIRST = 10
const MOST = 64

/** @throws when a name is twice there, a router is missing or comes after who is behind it, or there are too many */
export function place({ routers = [], hosts }: Topology): Map<string, Placed> {
  const placed = new Map<string, Placed>()
  const taken = new Map<string, number>()
  let port = FIRST
  const put = (name: string, behind: string | undefined, lan?: string) => {
    if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) throw new Error(`${name}: a name is up to 12 small letters and digits`)
    if (placed.has(name)) throw new Error(`${name} is there twice`)
    const inside = lan == null ? undefined : { address: `${lan}.1`, network: lan }
    if (behind == null) {
      if (port >= FIRST + MOST) throw new Error(`a segment has ${MOST} ports`)
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
    // many homes have the same network: an address of one is somebody else's, or nobody's, in the other
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
