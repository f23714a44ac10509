/** What watching costs: measured by each member between `start` and `stop`, told with its answer to `stop`, kept in the record. */
import * as v from 'valibot'
import { count, milliseconds, name } from './fields.ts'

export const cost = v.object({
  /** From the answer to `start` to the command `stop`. */
  elapsed: milliseconds,
  /** Processor time of the daemon, with all its threads. */
  user: milliseconds,
  system: milliseconds,
  /** Processor time, since they were spawned, of the programs that its tools are, as far as they were still there. */
  tools: milliseconds,
  /** Times that the daemon gave up a processor, and that one was taken from it. */
  voluntary: count,
  involuntary: count,
  /** Bytes over the daemon's connections to other peers. */
  sent: count,
  received: count
})
export type Cost = v.InferOutput<typeof cost>

/** The same as people compare it. */
export const costShare = v.object({
  name,
  /** Of one core, 1 is all of it. */
  daemon: v.pipe(v.number(), v.finite(), v.minValue(0)),
  tools: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** A second. */
  switches: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** In all. */
  sent: count,
  received: count
})
export type CostShare = v.InferOutput<typeof costShare>

/** @returns the cost on each member over all of its samples, in the order in which they come first. Pure. */
export function sharesOf(samples: Array<{ members: Array<Cost & { name: string }> }>): CostShare[] {
  const all = samples.flatMap(({ members }) => members)
  return [...Map.groupBy(all, each => each.name)].map(([name, each]) => {
    const sum = (key: keyof Cost) => each.reduce((total, one) => total + one[key], 0)
    const elapsed = Math.max(1, sum('elapsed'))
    return {
      name,
      daemon: (sum('user') + sum('system')) / elapsed,
      tools: sum('tools') / elapsed,
      switches: (1000 * (sum('voluntary') + sum('involuntary'))) / elapsed,
      sent: sum('sent'),
      received: sum('received')
    }
  })
}

/** @returns where the daemon took most of a core; undefined where nobody measured */
export function costliest(costs: CostShare[]): CostShare | undefined {
  return costs.toSorted((a, b) => b.daemon - a.daemon)[0]
}
