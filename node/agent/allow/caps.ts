/** How long, how often at once, and beside how much that is left of others, runs of another peer may use this machine: `run_limits` of config.toml. Pure. */
import type { RunLimits } from '../../../protocols/config-file.ts'
import { readDuration } from '../../../protocols/duration.ts'
import { mostRunSamples } from '../../../protocols/matrix/sampling.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { longestOf } from '../../work/workloads/work-time.ts'

export type Caps = Pick<RunLimits, 'time' | 'lease' | 'runs' | 'uncollected'>

export interface CappedRun {
  spec: Parameters<typeof longestOf>[0] &
    Parameters<typeof mostRunSamples>[0] &
    Pick<Spec, 'operation' | 'task' | 'policy'>
  /** Runs of its controller on this peer, with this one. */
  open: number
  /** @returns bytes that are here of runs that are over; asked for before a run is let in, and not again */
  left?(): number
}

/** @returns the limit that the run goes beyond, in words with its key */
export function beyondCaps(
  { time, lease, runs, uncollected }: Caps,
  { spec, open, left }: CappedRun
): string | undefined {
  const { lease: asked } = spec.policy
  if (runs != null && open > runs)
    return `run_limits.runs is ${runs}, and this would be run ${open} of its controller here`
  if (lease != null && asked * 1000 > readDuration(lease))
    return `run_limits.lease is ${lease}, and the run asks for ${asked} s`
  const bytes = uncollected == null ? 0 : (left?.() ?? 0)
  if (uncollected != null && bytes > uncollected)
    return `run_limits.uncollected is ${uncollected}, and ${bytes} bytes of runs that are over are here: bak collect brings them to their results, bak gc --older 0s deletes them`
  if (time == null) return undefined
  const longest = longestOf(spec)
  if (longest == null)
    return `run_limits.time is ${time}, and the run names no longest time of its workload (--timeout)`
  const total = longest * mostRunSamples(spec)
  return total * 1000 <= readDuration(time)
    ? undefined
    : `run_limits.time is ${time}, and the workloads of the run may take ${total} s`
}
