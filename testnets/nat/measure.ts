/** Measures a pair of hosts: its path, the time to a direct one, the latency of a phase, the rate of a transfer. */
import type { PathClass } from '../../protocols/path.ts'
import { runToEnd } from '../runs.ts'
import { isRight, type NatNetwork } from './network.ts'
import { type Pair, pairsOf } from './pairs.ts'

/** For a path to become right. */
const PATH_TIMEOUT_MS = 20_000
const RUN_TIMEOUT_MS = 120_000
const TRANSFER_BYTES = 16 * 2 ** 20
/** Phases in which a member only answers. */
const EMPTY = ['stage', 'init', 'end']

export interface Measured {
  pair: Pair
  /** From either end. */
  paths: [PathClass | undefined, PathClass | undefined]
  right: boolean
  /** From the relayed connection to the direct one, ms; undefined where none was relayed first. */
  toDirect?: number
  /** From a command to its certificate, median, ms. */
  phase?: number
  /** Of one tarball, from the second to the first, MiB/s. */
  rate?: number
  /** Why the run of the two did not pass. */
  problem?: string
}

/** Breaks the connections between the two, waits for a path, and makes a run of the two over it. */
export async function measure(net: NatNetwork, pair: Pair): Promise<Measured> {
  const [one, other] = pair
  const since = Date.now()
  net.disconnect(pair)
  const paths: Measured['paths'] = [
    (await net.pathTo(one, other, PATH_TIMEOUT_MS))?.class,
    (await net.pathTo(other, one, PATH_TIMEOUT_MS))?.class
  ]
  const right = paths.every(path => isRight(one, other, path))
  const toDirect = await net.timeToDirect(pair, since)
  const run = await throughput(net, pair).catch(error => ({ problem: (error as Error).message }))
  return { pair, paths, right, toDirect, ...run }
}

async function throughput(net: NatNetwork, [one, other]: Pair): Promise<Pick<Measured, 'phase' | 'rate' | 'problem'>> {
  const command = ['sh', '-c', `head -c ${TRANSFER_BYTES} /dev/urandom; exec sleep 1000`]
  const spec = {
    command: 'sleep 1',
    on: `${one},${other}`,
    sysinfo: 'none' as const,
    tools: ['noise'],
    tool: { noise: { command } }
  }
  const { ended, events } = await runToEnd(net.mesh.testnet, one, spec, { limit: RUN_TIMEOUT_MS })
  const phases = events.flatMap(event =>
    event.type === 'phase-closed' && EMPTY.includes(event.phase) ? [event.took] : []
  )
  const [rate] = events.flatMap(event =>
    event.type === 'received' && event.name === other && event.bytes > TRANSFER_BYTES / 2
      ? [event.bytes / 2 ** 20 / (event.took / 1000)]
      : []
  )
  return { phase: median(phases), rate, problem: ended.verdict === 'ok' ? undefined : ended.reason }
}

export interface Tried {
  pair: Pair
  tries: number
  right: number
  /** Of those that were relayed first, ms. */
  toDirect: number[]
}

/** Restarts a host, so that it establishes its paths to all others at the same time, and counts the right ones. */
export async function tryFrom(net: NatNetwork, host: string, tried: Map<string, Tried>): Promise<void> {
  const since = Date.now()
  await net.restart(host)
  const open = new Set(net.hosts.filter(other => other !== host))
  for (const deadline = performance.now() + PATH_TIMEOUT_MS; open.size > 0 && performance.now() < deadline; ) {
    for (const { name, path } of (await net.reachability(host, [...open])).peers) {
      if (isRight(host, name, path?.class)) open.delete(name)
    }
  }
  for (const pair of pairsOf(net.hosts).filter(each => each.includes(host))) {
    const key = pair.join(' ')
    const sum = tried.get(key) ?? { pair, tries: 0, right: 0, toDirect: [] }
    const took = await net.timeToDirect(pair, since)
    const right = !pair.some(each => open.has(each))
    tried.set(key, {
      pair,
      tries: sum.tries + 1,
      right: sum.right + Number(right),
      toDirect: took == null ? sum.toDirect : [...sum.toDirect, took]
    })
  }
}

/** @returns undefined of nothing */
export function median(values: number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
