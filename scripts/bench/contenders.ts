/** Who runs phases: bak, a central sink over Redis, a plain star of Node. */
import type { Bench } from './bench.ts'
import { dismiss, type Hand, hire, hireAll } from './crew.ts'
import { BAK } from './figure.ts'
import { type Contender, type Entrant, median } from './measure.ts'
import { type Mesh, Spent } from './mesh.ts'
import { startRedis } from './peers/redis-server.ts'
import { cpuOf } from './processes.ts'

export const SINK = 'Redis sink'
export const STAR = 'node:net star'

/** Phases of a repetition. */
const PHASES = 20
/** Between two phases, so that the last one's stragglers are done, ms. */
const PAUSE = 20

/** One phase of a hub and its members, as a hub tells of it. */
interface Seen {
  took: number
  /** When each member acted, on this machine's clock. */
  began: number[]
}

/**
 * A run of samples without tools; of each sample's four phases `stop` and `send` are nothing but command, answers and
 * certificate. Figures: `latency`, from a command's issue to its certificate; `cpu` of all daemons for such a phase, and
 * `driver` of the controller's alone.
 */
export function bakPhases(mesh: Mesh, phases = PHASES): Contender {
  return {
    name: BAK,
    async round() {
      const took: number[] = []
      const certified: number[] = []
      let opened = 0
      const spent = new Spent(mesh, `a phase of ${mesh.members} members`)
      await mesh.run({ command: ['true'], samples: phases / 2 }, event => {
        if (event.type !== 'phase-open' && event.type !== 'phase-closed') return
        if (event.phase !== 'stop' && event.phase !== 'send') return
        if (event.type === 'phase-open') {
          opened = event.at
          if (event.phase === 'stop') spent.begin()
        } else {
          took.push(event.took)
          certified.push(event.at - opened - event.took)
          if (event.phase === 'send') spent.end(2)
        }
      })
      // the instants of events are whole ms: only the mean of what they say beyond the last answer is exact
      const certificate = certified.reduce((sum, each) => sum + each, 0) / certified.length
      return { latency: median(took) + certificate, ...spent.each(took.length) }
    }
  }
}

/** Figures: `latency`, `cpu` a phase, `skew`: how far the members' beginnings lie apart. */
export async function starPhases(bench: Bench, members: number): Promise<Entrant> {
  const hub = await hire('star', 'hub', members)
  bench.after(() => hub.stop())
  const crew = await hireAll(members, () => ['star', 'member', hub.ready as number])
  bench.after(() => dismiss(crew))
  return phasesOf(STAR, hub, [hub.pid, ...crew.map(({ pid }) => pid)], { phases: PHASES, pause: PAUSE })
}

/** The same figures. @param work what the members are told to do: answer, or put so many bytes first */
export async function sinkPhases(
  bench: Bench,
  members: number,
  work: { action: 'phase' | 'send'; bytes?: number; phases?: number } = { action: 'phase' }
): Promise<Entrant> {
  const redis = await startRedis()
  if ('absent' in redis) return { name: SINK, ...redis }
  bench.after(() => redis.stop())
  const sink = await hire('sink', 'sink', redis.port, members, await bench.scratch('sink'))
  bench.after(() => sink.stop())
  // each has its own name, as its tarball has
  const crew = await hireAll(members, i => ['sink', 'member', redis.port, i])
  bench.after(() => dismiss(crew))
  const pids = [redis.pid, sink.pid, ...crew.map(({ pid }) => pid)]
  return phasesOf(SINK, sink, pids, { phases: PHASES, pause: PAUSE, ...work })
}

function phasesOf(name: string, hub: Hand, pids: number[], question: { phases: number; pause: number }): Contender {
  return {
    name,
    async round() {
      const before = cpuOf(pids)
      const seen = await hub.ask<Seen[]>(question)
      const cpu = (cpuOf(pids) - before) / seen.length
      const skews = seen.map(({ began }) => Math.max(...began) - Math.min(...began))
      return { latency: median(seen.map(({ took }) => took)), cpu, skew: median(skews) }
    }
  }
}
