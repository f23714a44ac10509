/** The cost of observation: each member measures it between `start` and `stop` and sends it with its ack of `stop`. */
import * as v from 'valibot'
import { count, milliseconds, name } from './fields.ts'

export const cost = v.object({
  /** From the ack of `start` to the command `stop`. */
  elapsed: milliseconds,
  /** Processor time of the daemon with all its threads. */
  user: milliseconds,
  system: milliseconds,
  /** Processor time of the programs of its tools since they were spawned; programs that ended before `stop` are left out. */
  tools: milliseconds,
  /** Context switches of the daemon. */
  voluntary: count,
  involuntary: count,
  /** Bytes on the daemon's connections to other peers. */
  sent: count,
  received: count
})
export type Cost = v.InferOutput<typeof cost>

/** A cost as a share of time, to compare members. */
export const costShare = v.object({
  name,
  /** All of its samples together. */
  elapsed: milliseconds,
  /** Share of one core, 0 to 1 for each core. */
  daemon: v.pipe(v.number(), v.finite(), v.minValue(0)),
  tools: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** Context switches a second. */
  switches: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** Bytes in all. */
  sent: count,
  received: count
})
export type CostShare = v.InferOutput<typeof costShare>

/** Below this the figures say what starting and stopping cost, and the clock ticks of the kernel, 10 ms each. */
const MIN_ELAPSED_MS = 1_000

/** @returns whether a share says nothing about what observing costs */
export const isTooShort = ({ elapsed }: Pick<CostShare, 'elapsed'>): boolean => elapsed < MIN_ELAPSED_MS

/** Pure. @returns the cost of each member over all of its samples, in the order in which members first appear */
export function sharesOf(samples: Array<{ members: Array<Cost & { name: string }> }>): CostShare[] {
  const all = samples.flatMap(({ members }) => members)
  return [...Map.groupBy(all, each => each.name)].map(([name, each]) => {
    const sum = (key: keyof Cost) => each.reduce((total, one) => total + one[key], 0)
    const elapsed = Math.max(1, sum('elapsed'))
    return {
      name,
      elapsed,
      daemon: (sum('user') + sum('system')) / elapsed,
      tools: sum('tools') / elapsed,
      switches: (1000 * (sum('voluntary') + sum('involuntary'))) / elapsed,
      sent: sum('sent'),
      received: sum('received')
    }
  })
}

/** @returns the member whose daemon took most of a core, among those that were measured long enough; undefined if none was measured */
export function costliest(costs: CostShare[]): CostShare | undefined {
  return costs.toSorted((a, b) => Number(isTooShort(a)) - Number(isTooShort(b)) || b.daemon - a.daemon)[0]
}
