/** How long, and how often at once, runs of another peer may use this machine: `run_limits` of config.toml. Pure. */
import type { RunLimits } from '../../../protocols/config-file.ts'
import { readDuration } from '../../../protocols/duration.ts'
import { mostRunSamples } from '../../../protocols/matrix/sampling.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { longestOf } from '../../work/workloads/work-time.ts'

export type Caps = Pick<RunLimits, 'time' | 'lease' | 'runs'>

export interface CappedRun {
  spec: Parameters<typeof longestOf>[0] &
    Parameters<typeof mostRunSamples>[0] &
    Pick<Spec, 'operation' | 'task' | 'policy'>
  /** Runs of its controller on this peer, with this one. */
  open: number
}

/** @returns the limit that the run goes beyond, in words with its key */
export function beyondCaps({ time, lease, runs }: Caps, { spec, open }: CappedRun): string | undefined {
  const { lease: asked } = spec.policy
  if (runs != null && open > runs)
    return `run_limits.runs is ${runs}, and this would be run ${open} of its controller here`
  if (lease != null && asked * 1000 > readDuration(lease))
    return `run_limits.lease is ${lease}, and the run asks for ${asked} s`
  if (time == null) return undefined
  const longest = longestOf(spec)
  if (longest == null)
    return `run_limits.time is ${time}, and the run names no longest time of its workload (--timeout)`
  const total = longest * mostRunSamples(spec)
  return total * 1000 <= readDuration(time)
    ? undefined
    : `run_limits.time is ${time}, and the workloads of the run may take ${total} s`
}
