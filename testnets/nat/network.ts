/** Real daemons on the hosts of the NAT laboratory, and queries of their paths. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallResponse, MemberView, PeerReachability } from '../../protocols/control.ts'
import type { PathClass } from '../../protocols/path.ts'
import { type LabMesh, startLabMesh } from '../lab/mesh.ts'
import { NATS } from '../lab/topology.ts'
import { expected, HOSTS, kindOf, type Pair, RELAYS, relayFlag } from './pairs.ts'

/** For an answer to `bak reachability`. */
const REACHABILITY_TIMEOUT_MS = 120_000
/** Until another host has dialled a public one, and that one has announced it: where the first attempts fail, as on a busy machine, the next ones come a minute or two later. */
const PROVEN_TIMEOUT_MS = 180_000
/** Until all see all. */
const DISCOVERY_TIMEOUT_MS = 120_000

export interface NatInit {
  /** One way, ms. */
  delay: number
  /** Hosts with a daemon beside those that relay; all if not given. */
  hosts?: string[]
  folder?: string
}

export type Reached = CallResponse<'reachability'>

export class NatNetwork {
  readonly mesh: LabMesh
  /** Without the relays. */
  readonly hosts: string[]
  /** One way, ms. */
  readonly delay: number

  private constructor(mesh: LabMesh, hosts: string[], delay: number) {
    this.mesh = mesh
    this.hosts = hosts
    this.delay = delay
  }

  /**
   * The public hosts start first: a host that is not proven public yet is reached as one behind a NAT is, by punching.
   * @returns when all see all
   */
  static async start({ delay, hosts = HOSTS, folder }: NatInit): Promise<NatNetwork> {
    const [open, others] = [hosts.filter(isPublic), hosts.filter(host => !isPublic(host))]
    const mesh = await startLabMesh({
      topology: NATS,
      conditions: { delay },
      peers: [...RELAYS, ...open],
      args: name => [relayFlag(name)],
      folder
    })
    try {
      const { testnet } = mesh
      const [relay] = RELAYS as [string, ...string[]]
      const isProven = (members: MemberView[]) =>
        open.every(host => members.some(({ name, nat }) => name === host && nat === 'public'))
      await testnet.until(relay, isProven, PROVEN_TIMEOUT_MS)
      for (const host of others) testnet.add(host)
      await testnet.startPeers(others)
      return new NatNetwork(mesh, hosts, delay)
    } catch (error) {
      await mesh.stop()
      throw error
    }
  }

  /** `bak reachability` on a host, of others: it connects to them, and waits a little for direct paths. */
  async reachability(host: string, others: string[]): Promise<Reached> {
    const signal = AbortSignal.timeout(REACHABILITY_TIMEOUT_MS)
    for await (const answer of this.mesh.testnet.call(host, 'reachability', { on: others.join(',') }, { signal })) {
      return answer
    }
    throw new Error(`${host} did not report how it reaches ${others.join(', ')}`)
  }

  /** @returns the path to one other, as soon as it is right or `limit` ms have passed */
  async pathTo(host: string, other: string, limit: number): Promise<PeerReachability['path']> {
    const deadline = performance.now() + limit
    for (;;) {
      const { peers } = await this.reachability(host, [other])
      const path = peers.find(({ name }) => name === other)?.path
      if (isRight(host, other, path?.class) || performance.now() > deadline) return path
      await sleep(200)
    }
  }

  /** @returns the present path from a host to another: relayed, direct, or undefined */
  async pathNow(host: string, other: string): Promise<MemberView['path'] | undefined> {
    return (await this.mesh.testnet.members(host)).find(({ name }) => name === other)?.path
  }

  /** Kills and starts a host. @returns when it sees all */
  async restart(host: string): Promise<void> {
    const { testnet } = this.mesh
    await testnet.stopPeer(host, 'SIGKILL')
    await testnet.startPeer(host)
    const all = [...RELAYS, ...this.hosts].length
    await testnet.until(host, members => members.filter(isHere).length === all, DISCOVERY_TIMEOUT_MS)
  }

  /** Breaks every direct connection between two hosts, as a router does that has forgotten them. */
  disconnect([one, other]: Pair): void {
    for (const [host, far] of [
      [one, other],
      [other, one]
    ] as const) {
      const { namespace } = this.mesh.lab.host(host)
      const { address, outside } = this.mesh.lab.host(far)
      for (const each of new Set([address, outside])) namespace.run(['ss', '--kill', '--tcp', '--numeric', 'dst', each])
    }
  }

  /** @returns how long the latest change from the relayed to a direct path took, as one of the two logged it, ms; undefined if there was none */
  async timeToDirect([one, other]: Pair, since: number): Promise<number | undefined> {
    const ids = new Map((await this.mesh.testnet.members(one)).map(({ name, peer }) => [name, peer]))
    const lines = [
      ...(await this.#directPaths(one, ids.get(other) as string, since)),
      ...(await this.#directPaths(other, ids.get(one) as string, since))
    ]
    return lines.at(-1)
  }

  async #directPaths(host: string, far: string, since: number): Promise<number[]> {
    const log = await readFile(join(this.mesh.testnet.folder, `${host}.log`), 'utf8')
    return log.split('\n').flatMap(line => {
      const took = /msg="direct path"/.test(line) && line.includes(far) ? / took=(\d+)/.exec(line)?.[1] : undefined
      return took == null || Date.parse(line.split(' ')[0] as string) < since ? [] : [Number(took)]
    })
  }

  stop(): Promise<void> {
    return this.mesh.stop()
  }
}

/** @returns the wrong paths, in words, as soon as there are none or `limit` ms have passed */
export async function wrongPaths(net: NatNetwork, limit: number): Promise<string[]> {
  const deadline = performance.now() + limit
  for (;;) {
    const answers = await Promise.all(
      net.hosts.map(async host => ({ host, ...(await net.reachability(host, net.hosts)) }))
    )
    const wrong = answers.flatMap(({ host, peers }) =>
      net.hosts
        .filter(other => other !== host)
        .map(other => ({ other, found: peers.find(({ name }) => name === other) }))
        .filter(({ other, found }) => !isRight(host, other, found?.path?.class))
        .map(({ other, found }) => `${host} to ${other}: ${found?.path?.class ?? found?.error ?? 'none'}`)
    )
    if (wrong.length === 0 || performance.now() > deadline) return wrong
  }
}

export function isRight(one: string, other: string, path: PathClass | undefined): boolean {
  return path != null && expected(one, other).includes(path)
}

const isPublic = (host: string) => kindOf(host) === 'pub'
const isHere = ({ state }: MemberView) => state === 'alive' || state === 'busy'
