/** What a person wants to know of a run first: how the workload did, which disk was busiest, and whether the processors were saturated. */
import { iterationFolder } from '../../protocols/layout.ts'
import { showPercent } from '../../protocols/matrix/iteration-summary.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { describeKnee } from '../../protocols/tasks/knee.ts'
import { formatFacts, formatNote } from '../../protocols/text-table.ts'
import { fittingTable } from '../fitting-table.ts'
import { METRIC_HEAD, metricRow } from '../metric-rows.ts'
import { answersOf, processorsOf } from '../result/answers.ts'
import { byRank } from '../result/foremost.ts'
import type { Measured } from '../result/measure.ts'
import { memberLines, SCALES } from '../result/member-lines.ts'
import { formatThresholds } from '../thresholds.ts'
import { formatSection } from './section.ts'

/** Rows of metrics of all iterations, and of one. */
const MAX_METRICS = 24
const MOST_OF_ITERATION = 6
const LEAST_OF_ITERATION = 2

/**
 * @param measured what the members used; undefined where their series are not here
 * @param tasks parts about tasks, which are as much an answer as metrics are
 * @returns tables, '' for what there is nothing of
 */
export function formatFirst(
  record: RunRecord,
  measured: Measured[] | undefined,
  width: number,
  tasks: string[] = []
): string[] {
  return [
    formatMetrics(metricSamples(record), record.run, width),
    ...(record.knee == null ? [] : [formatNote(describeKnee(record.knee), width)]),
    ...tasks,
    formatThresholds(record),
    formatSection(['ITERATION', 'SAMPLES', 'FAILED', 'DEVIATION', 'OF', 'MET'], iterationsOf(record)),
    ...(measured == null ? [] : formatResources(record, measured, width))
  ]
}

/** Where there are many, the ones that are asked for first. */
function formatMetrics(all: MetricSamples[], run: string, width: number): string {
  if (all.length === 0) return ''
  const byIteration = [...Map.groupBy(all, ({ iteration }) => iteration.number).values()]
  const share = Math.floor(MAX_METRICS / byIteration.length)
  const quota = Math.max(LEAST_OF_ITERATION, Math.min(MOST_OF_ITERATION, share))
  const shown = byIteration.flatMap(each => foremost(each, quota))
  const table = fittingTable(METRIC_HEAD, shown.map(metricRow), ['SAMPLES', 'QUARTILES'], width)
  const more = all.length - shown.length
  return more === 0 ? table : `${table}\n${more} more metrics: bak metrics ${run}`
}

/** @returns `count` of them, in their order */
function foremost(metrics: MetricSamples[], count: number): MetricSamples[] {
  const ranked = metrics.toSorted(byRank).slice(0, count)
  return metrics.filter(each => ranked.includes(each))
}

function formatResources({ roster }: RunRecord, measured: Measured[], width: number): string[] {
  const lines = memberLines(measured, width)
  if (lines === '') return roster.some(({ tools }) => tools.length > 0) ? [NOTHING] : []
  const { disk, cpu } = answersOf(measured, processorsOf(roster))
  return [formatFacts({ 'busiest disk': disk, processors: cpu }, width), `${lines}\n${formatNote(SCALES, width)}`]
}

const NOTHING = 'no series of resources: no tool measured processors, memory, disks or networks'

const iterationsOf = ({ iterations = [] }: RunRecord) =>
  iterations.map(each => [
    iterationFolder(each),
    each.samples,
    each.failed,
    each.deviation?.percent == null ? undefined : showPercent(each.deviation.percent),
    each.deviation?.metric,
    each.deviation == null ? undefined : each.deviation.met ? 'yes' : 'no'
  ])
