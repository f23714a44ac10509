/**
 * A laboratory of networks: hosts and routers as network namespaces around one public segment. It has no connection to the real
 * network, and nothing of it is left when this process ends.
 */
import type { Place } from '../testnet.ts'
import { type Host, Namespace } from './namespace.ts'
import { becomeFirewalled, becomeRouter, LAN, WAN } from './routers.ts'
import { Segment } from './segment.ts'
import type { Conditions } from './switch.ts'
import { opensPorts, place, SEGMENT, type Topology } from './topology.ts'
import { openPortsOnDemand } from './upnp.ts'

export class Lab {
  readonly #hosts = new Map<string, Host>()
  #segment: Segment | undefined

  private constructor() {}

  static async build(topology: Topology, conditions: Conditions = {}): Promise<Lab> {
    const lab = new Lab()
    try {
      await lab.#build(topology)
      await lab.set(conditions)
      return lab
    } catch (error) {
      lab.close()
      throw error
    }
  }

  /** A host or a router. */
  host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host == null) throw new Error(`no host ${name} in this laboratory`)
    return host
  }

  /** Where a daemon on this host runs, and where it listens. */
  place(name: string): Place {
    const { namespace, gateway, address } = this.host(name)
    const { enter } = namespace
    if (gateway != null) return { enter, listen: '/ip4/0.0.0.0/tcp/0' }
    return { enter, listen: `/ip4/${address}/tcp/4001` }
  }

  /** Sets the conditions of the public segment; absent fields mean no impairment. */
  async set(conditions: Conditions): Promise<void> {
    await this.#segment?.set(conditions)
  }

  /** Silently cuts the public segment between the hosts and routers of one side and those of another. */
  async cut(...sides: string[][]): Promise<void> {
    await this.#segment?.cut(...sides.map(side => side.map(name => this.#portOf(name))))
  }

  async heal(): Promise<void> {
    await this.#segment?.heal()
  }

  close(): void {
    this.#segment?.close()
    for (const { namespace } of this.#hosts.values()) namespace.remove()
  }

  async #build(topology: Topology): Promise<void> {
    const ports = new Map<number, Namespace>()
    for (const [name, placed] of place(topology)) {
      const namespace = Namespace.make(name)
      this.#hosts.set(name, { ...placed, namespace })
      if (placed.port != null) ports.set(placed.port, namespace)
    }
    this.#segment = await Segment.make(SEGMENT, ports)
    for (const host of this.#hosts.values()) this.#connect(host)
    for (const { name, nat } of topology.routers ?? []) {
      becomeRouter(this.host(name).namespace, nat)
      if (opensPorts(nat)) await openPortsOnDemand(this.host(name), nat)
    }
    for (const { name, firewall } of topology.hosts) if (firewall) becomeFirewalled(this.host(name).namespace)
  }

  /** Gives a router its LAN, and a host behind a router its link to that. */
  #connect({ namespace, lan, gateway, address }: Host): void {
    if (gateway != null) {
      const router = this.host(gateway.name).namespace
      const link = `l${address.split('.').at(-1)}`
      router.ip(
        `link add ${link} type veth peer name ${WAN} netns ${namespace.name}`,
        `link set ${link} master ${LAN} up`
      )
      namespace.ip(
        `addr add ${address}/24 brd + dev ${WAN}`,
        `link set ${WAN} up`,
        `route add default via ${gateway.address}`
      )
    }
    if (lan != null) {
      namespace.ip(`link add ${LAN} type bridge`, `addr add ${lan.address}/24 brd + dev ${LAN}`, `link set ${LAN} up`)
    }
  }

  #portOf(name: string): number {
    const { port } = this.host(name)
    if (port == null) throw new Error(`${name} is not on the public segment`)
    return port
  }
}
