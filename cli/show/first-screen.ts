/** What a person wants to know of a run first: how the workload did, which disk was busiest, and whether the processors were saturated. */
import { iterationFolder } from '../../protocols/layout.ts'
import { showPercent } from '../../protocols/matrix/iteration-summary.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { formatFacts, formatNote } from '../../protocols/text-table.ts'
import { METRIC_HEAD, metricRow } from '../metric-rows.ts'
import { answersOf, processorsOf } from '../result/answers.ts'
import type { Measured } from '../result/measure.ts'
import { memberLines, SCALES } from '../result/member-lines.ts'
import { formatThresholds } from '../thresholds.ts'
import { formatSection } from './section.ts'

/** Rows of metrics; each iteration has some. */
const MAX_METRICS = 24
const LEAST_METRICS = 2

/** @param measured what the members used; undefined where their series are not here. @returns tables, '' for what there is nothing of */
export function formatFirst(record: RunRecord, measured: Measured[] | undefined, width: number): string[] {
  return [
    formatMetrics(metricSamples(record), record.run),
    formatThresholds(record),
    formatSection(['ITERATION', 'SAMPLES', 'FAILED', 'DEVIATION', 'OF', 'MET'], iterationsOf(record)),
    ...(measured == null ? [] : formatResources(record, measured, width))
  ]
}

/** Where there are many, those of which it is known whether more is better. */
function formatMetrics(all: MetricSamples[], run: string): string {
  const byIteration = [...Map.groupBy(all, ({ iteration }) => iteration.number).values()]
  const quota = Math.max(LEAST_METRICS, Math.floor(MAX_METRICS / Math.max(1, byIteration.length)))
  const shown = byIteration.flatMap(each => {
    const directed = each.filter(({ better }) => better != null)
    const first = each.length <= quota || directed.length === 0 ? each : directed
    return first.slice(0, quota)
  })
  const table = formatSection(METRIC_HEAD, shown.map(metricRow))
  const more = all.length - shown.length
  return more === 0 ? table : `${table}\n${more} more: bak metrics ${run}`
}

function formatResources({ roster, run }: RunRecord, measured: Measured[], width: number): string[] {
  const lines = memberLines(measured, width)
  if (lines === '') return roster.some(({ tools }) => tools.length > 0) ? [NOTHING] : []
  const { disk, cpu } = answersOf(measured, processorsOf(roster))
  return [
    formatFacts({ 'busiest disk': disk, processors: cpu }, width),
    `${lines}\n${formatNote(`${SCALES}; bak metrics ${run} has all`, width)}`
  ]
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
