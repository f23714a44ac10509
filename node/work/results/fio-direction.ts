/** What the readers of both formats of fio find. */

/** One direction of one job, in /s, bytes/s and ms. */
export interface FioDirection {
  job: string
  /** Jobs of one group run at the same time. */
  group: number
  /** `read`, `write`, `trim` or `sync` */
  direction: string
  iops?: number
  bw?: number
  /** Latencies: of the whole, and of its parts. */
  times: FioTime[]
}

export interface FioTime {
  kind: 'lat' | 'clat' | 'slat'
  mean?: number
  max?: number
  /** Values that it is the mean of. */
  count?: number
  /** By their share, such as 99.9. */
  percentiles: Map<number, number>
}

/** Percentiles that become metrics. */
export const SHARES = [50, 95, 99, 99.9]
