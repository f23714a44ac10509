/** What a report shows of tasks. Times are seconds since the run began, or where it is said since the begin of an element; latencies are ms. */
import type { TaskColumnKey } from '../../result/task-columns.ts'

/** Values of a curve for each nine: they are at the shares 1 - 10^(-i / CURVE_STEPS), so that 0 %, 90 %, 99 %, 99.9 % are equally far apart. */
export const CURVE_STEPS = 20

/** @param nines 1 is 90 %, 2 is 99 % */
export const shareAt = (nines: number): number => 1 - 10 ** -nines

export interface TasksData {
  /** In the order in which they were measured: a join point is where each begins. */
  elements: TaskElement[]
  /** In the order of the schedule. */
  tasks: TaskData[]
  /** Why numbers may not be what they seem, a sentence each. */
  warnings: Array<{ task: string; iteration: number; text: string }>
  /** Of a run that searched for the value at which a threshold breaks. */
  search?: SearchData
}

export interface SearchData {
  task: string
  /** `browse.target_throughput` */
  parameter: string
  /** What was found, a sentence. */
  words: string
  /** Those that were tried, by the index of their iteration. */
  values: Array<{ iteration: number; value: number }>
  /** The highest that holds, and the lowest that does not. */
  holds?: number
  breaks?: number
}

/** One sample of the run. */
export interface TakenSample {
  /** Index into `iterations`. */
  iteration: number
  sample: number
  warmup?: true
  /** It counts only where its iteration has no other. */
  isFailed?: true
}

export interface TaskElement extends TakenSample {
  /** From 1. */
  element: number
  tasks: string[]
  from: number
  to: number
  /** How far the clients of all members began apart, ms. */
  skew?: number
}

export interface TaskData {
  task: string
  operation: string
  /** Of its operations. */
  unit: string
  /** Of all members, over the whole run. */
  series: TaskSeries
  members: Array<{ member: number; series: TaskSeries }>
  takes: TaskTake[]
}

/** Indices into `series.rows`; -1 where there is none. */
export type TaskSeries = Record<TaskColumnKey, number>

/** A task in one sample of the run. */
export interface TaskTake extends TakenSample {
  element: number
  clients: number
  /** Requests that count, and how many of them failed. */
  requests: number
  failed: number
  from: number
  /** Where requests begin to count. */
  counted: number
  to: number
  ended: 'schedule' | 'completed' | 'cut'
  /** The mean of the averages since the begin. */
  throughput: number
  latency?: Times
  service?: Times
  errors: Array<{ kind: string; count: number }>
  members: TakeMember[]
}

export interface Times {
  max: number
  /** Those that so many requests can show, such as `50` and `99.9`. */
  percentiles: Record<string, number>
  /** In the block. */
  curve?: Curve
}

export interface Curve {
  /** Of its values in the second part of the block, `CURVE_STEPS` for each nine from 0 % on. */
  offset: number
  length: number
  /** Where the greatest value is: the decimal logarithm of the number of requests. */
  end: number
}

/** What a member had of it. */
export interface TakeMember {
  member: number
  clients: number
  requests: number
  failed: number
  latency?: Times
  health?: { workers: number; busy: number; waited?: number | undefined; lag: number; lagMax: number; overhead: number }
  lost?: true
}
