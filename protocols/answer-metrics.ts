/** How many metrics the instances of a member can have in one answer. Pure. */
import { encode } from './codec.ts'
import type { Metric } from './metric.ts'

/** Bytes of one answer for them: it is one message on the stream of the run, of which it leaves half to all else. */
const MAX_BYTES = 128 * 1024
/** Of all members together: their answers are one certificate, of which they leave half to all else. */
const MAX_CERTIFICATE_BYTES = 4 * 1024 * 1024

interface Results {
  workloads?: Array<{ metrics?: Metric[] | undefined }> | undefined
  warnings?: string[] | undefined
}

/**
 * @param members that answer
 * @returns the same with so many metrics that there is room for, of each instance the first ones and alike many, so that sums over instances
 * are of all of them; what is left out is a warning
 */
export function fitMetrics<T extends Results>(done: T, members: number): T {
  const { workloads = [] } = done
  const most = Math.max(0, ...workloads.map(({ metrics = [] }) => metrics.length))
  const kept = roomFor(workloads, most, Math.min(MAX_BYTES, MAX_CERTIFICATE_BYTES / Math.max(1, members)))
  if (kept === most) return done
  const cut = workloads.map(({ metrics, ...rest }) =>
    metrics == null || kept === 0 ? rest : { ...rest, metrics: metrics.slice(0, kept) }
  )
  const warning = `an answer has room for the first ${kept} of ${most} metrics of each instance: the others are in the output only`
  return { ...done, workloads: cut, warnings: [warning, ...(done.warnings ?? [])] }
}

/** @returns how many of each there is room for, `most` at most */
function roomFor(workloads: NonNullable<Results['workloads']>, most: number, bytes: number): number {
  let left = bytes
  for (let i = 0; i < most; i++) {
    for (const { metrics } of workloads) if (metrics?.[i] != null) left -= encode(metrics[i]).length
    if (left < 0) return i
  }
  return most
}
