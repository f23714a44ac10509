/** The points of a resource in one sample, as a plot of many samples over each other needs them. Pure. */
import { reduce } from '../report/page/reduce.ts'
import type { Measured } from '../result/measure.ts'
import type { ResourceName } from '../result/resources.ts'

export interface Trace {
  /** The label of the group. */
  label: string
  iteration: string
  member: string
  resource: ResourceName
  /** `20261122T213015-k3f9ab 1-4k/sample2` */
  sample: string
  /** s since the first point. */
  t: Float64Array
  v: Float32Array
}

/** Of a line in a plot; a column has four points at most. */
const COLUMNS = 120

/** @returns the points from the begin of the tools on, no more than can be seen */
export function tracePoints({ t, v }: Pick<Measured, 't' | 'v'>): Pick<Trace, 't' | 'v'> {
  const began = t[0] ?? 0
  const seconds = t.map(at => (at - began) / 1000)
  return reduce({ t: seconds, v: Float32Array.from(v) }, 0, seconds.at(-1) ?? 0, COLUMNS)
}
