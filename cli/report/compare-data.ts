/** What the page of a comparison is drawn from: JSON, and a block of numbers and texts as that of a report. */
import type { BlockParts, ReportData, Table } from './report-data.ts'
import type { Curve } from './tasks/tasks-data.ts'

export interface CompareData {
  format: 1
  /** What must be known before any number: what was not measured alike. */
  first: string[]
  /** A line for each verdict. */
  answer: string[]
  gates: string[]
  /** `A: 20261122T213015-k3f9ab smoke, ...` */
  groups: Array<{ label: string; text: string }>
  notes: string[]
  /** A share of the baseline's median. */
  threshold: number
  metrics: CompareRow[]
  /** The resources with the largest effects first: all samples of a member over each other. */
  panels: ComparePanel[]
  /** How many more there are. */
  morePanels: number
  /** Latency of tasks by percentile, the groups over each other. */
  curves: CompareCurves[]
  /** `perf record` of a member in the baseline and in another group. */
  flames: CompareFlame[]
  tables: Table[]
  series: ReportData['series']
  axes: ReportData['axes']
  block: BlockParts
}

/** A metric in one setting. */
export interface CompareRow {
  /** '' where each group has one iteration. */
  iteration: string
  metric: string
  unit: string
  better?: 'more' | 'less'
  /** The baseline first; `group` is an index into `groups`. */
  groups: Array<{ group: number; values: number[]; median: number; low: number; high: number }>
  against: Array<{
    group: number
    verdict: string
    /** As they are printed. */
    change: string
    interval: string
    p: string
    /** Shares of the baseline's median; left out where it is 0, and where there are too few samples. */
    shift?: number
    from?: number
    to?: number
  }>
}

export interface ComparePanel {
  title: string
  member: string
  unit: string
  full?: number
  /** `+41 % in B` */
  note: string
  /** `series` is an index into `series.rows`; times are seconds since the tools of the sample began. */
  lines: Array<{ group: number; label: string; series: number }>
}

export interface CompareCurves {
  /** `search`, `search of 1-4k` */
  title: string
  /** `latency` and `service` are of all samples of a group together, `sample` is the latency of one. */
  lines: Array<{ group: number; kind: 'latency' | 'service' | 'sample'; curve: Curve; max: number }>
}

export interface CompareFlame {
  member: string
  title: string
  unit: string
  before: { offset: number; length: number }
  now: { offset: number; length: number }
}
