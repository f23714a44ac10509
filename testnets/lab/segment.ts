/** A public network segment: its hosts are connected by one switch, which delays, drops and limits frames as it is set. */
import { Namespace } from './namespace.ts'
import { WAN } from './routers.ts'
import { type Conditions, Switch } from './switch.ts'

interface Port {
  number: number
  host: Namespace
}

export class Segment {
  readonly #namespace: Namespace
  readonly #ports: Port[]
  readonly #switch: Switch
  #conditions: Conditions = {}
  #groups = new Map<number, number>()

  private constructor(namespace: Namespace, ports: Port[], switch_: Switch) {
    this.#namespace = namespace
    this.#ports = ports
    this.#switch = switch_
  }

  /** @param ports by number, which is also the last byte of the address: the namespace that gets the interface `wan` there */
  static async make(network: string, ports: Map<number, Namespace>): Promise<Segment> {
    const namespace = Namespace.make('net')
    const all = [...ports].map(([number, host]) => ({ number, host }))
    for (const { number, host } of all) {
      namespace.ip(`link add p${number} type veth peer name ${WAN} address ${hardware(number)} netns ${host.name}`)
      namespace.ip(`link set p${number} up`)
      host.ip(
        `addr add ${network}.${number}/24 brd + dev ${WAN}`,
        `link set ${WAN} up`,
        // a cut must be silent: an ARP request without an answer would cause an error
        ...all
          .filter(other => other.number !== number)
          .map(
            other => `neigh add ${network}.${other.number} lladdr ${hardware(other.number)} nud permanent dev ${WAN}`
          )
      )
    }
    const switch_ = await Switch.start(
      namespace,
      all.map(port => port.number)
    )
    return new Segment(namespace, all, switch_)
  }

  /** Sets the conditions; absent fields mean no impairment. */
  async set(conditions: Conditions): Promise<void> {
    const { loss = 0, rate = 0 } = conditions
    // with segmentation offload many frames would be lost, and queued, as one
    for (const { host } of this.#ports) host.ip(`link set ${WAN} gso_max_segs ${loss > 0 || rate > 0 ? 1 : 65535}`)
    this.#conditions = conditions
    await this.#apply()
  }

  /** Silently drops all frames between the ports of different sides. A port on no side belongs to the first. */
  async cut(...sides: number[][]): Promise<void> {
    this.#groups = new Map(sides.flatMap((side, group) => side.map(port => [port, group] as const)))
    await this.#apply()
  }

  async heal(): Promise<void> {
    await this.cut()
  }

  close(): void {
    this.#switch.stop()
    this.#namespace.remove()
  }

  #apply(): Promise<void> {
    return this.#switch.set(this.#conditions, port => this.#groups.get(port) ?? 0)
  }
}

/** The switch identifies a port by the last byte. */
function hardware(port: number): string {
  return `02:00:00:00:00:${port.toString(16).padStart(2, '0')}`
}
