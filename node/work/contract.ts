/** What a program of a run is told by its environment and its arguments: the command of the controller and the workloads of members alike. Pure. */
import type { RosterEntry } from '../../protocols/manifest.ts'
import type { Step } from '../../protocols/phase.ts'
import { type ServerAddresses, serverVariables } from '../../protocols/server-words.ts'
import type { Iteration, Spec } from '../../protocols/spec.ts'
import { parameterVariable } from '../../protocols/variables.ts'
import { placedOf } from './workloads/assign.ts'

export interface Told {
  run: string
  /** Its peer id. */
  peer: string
  group?: string | undefined
  /** Of an instance: its place among all of its workload, and their number. */
  rank: number
  size: number
  workload?: string
  /** 1 .. n */
  instance?: number
  step: Step
  iteration: Iteration
  /** What it writes there comes into the result. */
  out: string
  /** The file that says who takes part. */
  peers: string
  servers: ServerAddresses
  /** For its calls. */
  socket?: string
}

/** @returns its words, with those that the iteration adds */
export function argvOf(command: string | string[], { args }: Pick<Iteration, 'args'>): string[] {
  if (typeof command !== 'string') return [...command, ...args]
  return args.length === 0 ? ['/bin/sh', '-c', command] : ['/bin/sh', '-c', `${command} "$@"`, 'sh', ...args]
}

export function environmentOf(told: Told): Record<string, string> {
  const { run, peer, group = 'default', rank, size, workload, instance, step, iteration } = told
  const { out, peers, servers, socket } = told
  return {
    BAK_RUN: run,
    BAK_PEER: peer,
    BAK_GROUP: group,
    BAK_RANK: String(rank),
    BAK_SIZE: String(size),
    ...(workload == null ? {} : { BAK_WORKLOAD: workload }),
    ...(instance == null ? {} : { BAK_INSTANCE: String(instance) }),
    BAK_ITERATION: step.name,
    BAK_SAMPLE: String(step.sample),
    ...(step.warmup ? { BAK_WARMUP: '1' } : {}),
    BAK_OUT: out,
    BAK_PEERS: peers,
    ...(socket == null ? {} : { BAK_SOCK: socket }),
    ...serverVariables(servers, rank),
    ...Object.fromEntries(Object.entries(iteration.params).map(([key, value]) => [parameterVariable(key), value]))
  }
}

/** @returns addresses of the machine of a peer, as this one reaches it, the best first */
export type HostsOf = (peer: string) => string[]

/** @returns the text of BAK_PEERS */
export function peersFileOf(
  { run, self, roster }: { run: string; self: string; roster: RosterEntry[] },
  hostsOf: HostsOf
): string {
  const members = roster.map(({ peer, name, rank, driver, groups = [], workloads = [] }) => {
    const addresses = hostsOf(peer)
    const about = { name, peer, rank, ...(driver ? { driver } : {}), groups }
    return { ...about, workloads, address: addresses[0] ?? null, addresses }
  })
  return `${JSON.stringify({ run, self: members.find(each => each.peer === self)?.name, members }, null, 2)}\n`
}

/** @returns the addresses of the servers of a run, by workload, in the order of their ranks; an empty one where none is known */
export function serversOf(spec: Pick<Spec, 'workload'>, roster: RosterEntry[], hostsOf: HostsOf): ServerAddresses {
  const servers: ServerAddresses = new Map()
  for (const { role, name } of spec.workload) if (role === 'server') servers.set(name, [])
  for (const { peer, workloads } of roster) {
    for (const { workload, placement } of placedOf(spec, workloads)) {
      if (workload.role !== 'server') continue
      const [best = ''] = hostsOf(peer)
      servers.get(workload.name)?.push(...Array<string>(placement.instances).fill(best))
    }
  }
  return servers
}
