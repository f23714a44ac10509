/**
 * What the page of a report shows: `ReportData` as JSON, and beside it one block of numbers and texts, gzip. Times are seconds since the
 * run began, members are indices into `members`.
 */

import type { JobsData } from './jobs/jobs-data.ts'
import type { TasksData } from './tasks/tasks-data.ts'

/** s since the run began (`head.begun`). */
type Seconds = number

export interface ReportData {
  format: 1
  head: Head
  /** What was asked for and is not there, a sentence each. */
  missing: string[]
  members: Array<{
    name: string
    /** `16 cpus, 64 GiB, Linux 6.18.0, x86_64` */
    about?: string
  }>
  iterations: Array<{ number: number; name: string }>
  windows: Window[]
  /** When tools measured the samples that count: means and ranks are over these times; over work windows where it is not known. */
  measured?: Array<{ from: Seconds; to: Seconds }>
  phases: PhaseSpan[]
  metrics: MetricSummary[]
  /** In the order in which they are shown; `first` are rows of the first screen. */
  panels: Panel[]
  /** Of a run that had some. */
  tasks?: TasksData
  /** The same of jobs. */
  jobs?: JobsData
  /** All series, also those of the panels and tasks. */
  series: SeriesTable
  /** Times of series, ascending; a series has as many values as its axis has times. Offsets are numbers into the first part of the block. */
  axes: Array<{ offset: number; length: number }>
  block: BlockParts
  flames: FlameText[]
  /** What folds below: samples by member, environment, certificates, warnings, clocks, cost, files. */
  tables: Table[]
}

export interface Head {
  run: string
  name: string
  /** As in the record: `ok`, `workload-failed`, ... */
  verdict: string
  status?: number
  partial: boolean
  reason?: string
  /** What ran, in one line. */
  ran: string
  /** `2 iterations, 3 samples each, on 3 members` */
  size: string
  controller: string
  /** ms since 1970 */
  begun: number
  took: Seconds
  /** The version of bak. */
  program: string
  /** Machines that were not fit to measure: `load of n1, n2; pressure of n1`. */
  unfit?: string
  /** The cost of observation, a sentence. */
  cost?: string
  /** What was left out or thinned so that the page stays small, a sentence. */
  reduced?: string
  tags?: Record<string, string>
}

/** Work windows and periods are shaded in all plots. */
export interface Window {
  kind: 'work' | 'period'
  label: string
  /** Index into `iterations`. */
  iteration?: number
  sample?: number
  warmup?: boolean
  from: Seconds
  to: Seconds
}

export interface PhaseSpan {
  member: number
  phase: string
  from: Seconds
  to: Seconds
  outcome?: 'ok' | 'late' | 'failed' | 'excluded'
  /** `work of 1-4k, sample 2` */
  label?: string
}

/** A metric of the workload in one iteration. */
export interface MetricSummary {
  /** Index into `iterations`. */
  iteration: number
  metric: string
  unit: string
  better?: 'more' | 'less'
  median: number
  /** Interquartile range, in the unit. */
  iqr?: number
  /** Coefficient of variation: 0.02 is 2 %. */
  cv?: number
  samples: Array<{
    sample: number
    value: number
    failed?: boolean
    byMember?: Array<{ member: string; instance?: string; value: number }>
  }>
}

export interface Panel {
  id: string
  title: string
  unit: string
  first: boolean
  /** `stack`: parts of a whole, as the time of processors by mode; `heat`: a row each, as the processors of a machine. */
  style: 'stack' | 'lines' | 'heat'
  /** Names of what is drawn: `user`, `system`; none of `heat`. */
  parts: string[]
  /** The top of the scale, where it is known: 100 of a percentage. */
  full?: number
  /** How a member is ranked over the samples that count: by all parts of a stack and of rates together, of other lines by the first that is not always zero. */
  rank: 'mean' | 'max'
  /** A member without data is left out. */
  cells: PanelCell[]
}

export interface PanelCell {
  member: number
  /** What is shown of several: the name of the busiest device. */
  note?: string
  /** Indices into `series.rows`, as `parts`; -1 where there is none. Of `heat`: one each row, named by `names`. */
  series: number[]
  names?: string[]
}

/** Columns of a series: member, tool, metric, labels, unit, axis, offset of its values, points before they were thinned. */
export type SeriesRow = [number, number, number, number, number, number, number, number]

export interface SeriesTable {
  tools: string[]
  metrics: string[]
  /** `''`, `cpu=3`, `device=sda, kind=x` */
  labels: string[]
  units: string[]
  rows: SeriesRow[]
}

/** The block: Float64 (axes), then Float32 (values, NaN is a gap), then UTF-8; little endian. How many numbers and bytes. */
export interface BlockParts {
  float64: number
  float32: number
  text: number
}

/** Folded stacks, `a;b;c 12` a line, as bytes in the text part of the block. */
export interface FlameText {
  member: number
  /** `cycles, sample 1` */
  title: string
  unit: string
  offset: number
  length: number
}

export interface Table {
  title: string
  note?: string
  head: string[]
  rows: Array<Array<string | number>>
  open?: boolean
}
