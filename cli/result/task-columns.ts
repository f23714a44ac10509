/** What tasks have by the second, as series: their names and units, and values with gaps. Pure. */
import type { TaskSeconds } from '../../protocols/tasks/tasks-file.ts'

/** As the tool that measured. */
export const TASK_TOOL = 'load'

export type TaskColumnKey = 'throughput' | 'errors' | 'p50' | 'p99' | 'max' | 'service50' | 'service99'

export interface TaskColumn {
  key: TaskColumnKey
  metric: string
  /** @param unit of the operations of the task */
  unitOf: (unit: string) => string
  column: (seconds: TaskSeconds) => ReadonlyArray<number | null>
  isRate?: true
}

const ms = () => 'ms'

export const TASK_COLUMNS: TaskColumn[] = [
  {
    ...{ key: 'throughput', metric: 'throughput', unitOf: unit => `${unit}/s`, isRate: true },
    column: ({ throughput }) => throughput
  },
  {
    // requests that failed are counted by row; as a rate they stand beside throughput
    ...{ key: 'errors', metric: 'errors', unitOf: () => '/s', isRate: true },
    column: ({ failed, every }) => failed.map(each => (each == null ? null : each / every))
  },
  { key: 'p50', metric: 'latency.p50', unitOf: ms, column: ({ latency }) => latency.p50 },
  { key: 'p99', metric: 'latency.p99', unitOf: ms, column: ({ latency }) => latency.p99 },
  { key: 'max', metric: 'latency.max', unitOf: ms, column: ({ latency }) => latency.max },
  { key: 'service50', metric: 'service_time.p50', unitOf: ms, column: ({ service }) => service.p50 },
  { key: 'service99', metric: 'service_time.p99', unitOf: ms, column: ({ service }) => service.p99 }
]

/** Of a row, that must have been measured for a rate: what ended in a few ms is no throughput. */
const LEAST_OF_ROW = 0.5

/** @param duration of the task, s @returns a value a row, of the last the rate while it lasted; NaN where there is none */
export function valuesOf({ column, isRate }: TaskColumn, seconds: TaskSeconds, duration: number): Float64Array {
  const values = Float64Array.from(column(seconds), value => value ?? Number.NaN)
  const last = values.length - 1
  if (!isRate || last < 0) return values
  const share = Math.min(1, duration / seconds.every - last)
  const isEnough = share >= LEAST_OF_ROW || (last === 0 && share > 0)
  values[last] = isEnough ? (values[last] as number) / share : Number.NaN
  return values
}

/** @param at the begin of the element, ms since 1970 @returns the middle of each row, when what is in it had happened on average */
export const timesOf = ({ every, throughput }: TaskSeconds, at: number): Float64Array =>
  Float64Array.from(throughput, (_, row) => at + 1000 * (row + 0.5) * every)
