/** What a run came to in two lines, for the end of `bak run`. */

import { hasJobs } from '../../protocols/jobs/job.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { iterationFolder } from '../../protocols/layout.ts'
import { showPercent } from '../../protocols/matrix/iteration-summary.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import { spreadOf } from '../../protocols/quantiles.ts'
import { formatValue } from '../format-value.ts'
import { describeOutputs, rootOutputs } from '../jobs/root-outputs.ts'
import { answersOf, OF_ANSWERS, processorsOf } from '../result/answers.ts'
import { byRank, mainOf } from '../result/foremost.ts'
import { measure } from '../result/measure.ts'
import { openFolder } from '../result/open-result.ts'
import { describeTasks } from './task-answers.ts'

/** Iterations that a line names. */
const MAX_NAMED = 4
const DIGITS = 4

/**
 * @param folder of the result
 * @param isWhole what members used, too; otherwise what tasks came to until the run ended
 * @param signal ends it, with what has been read until then
 * @throws {BakError} `no-such-run`, `damaged`
 */
export async function readAnswers(folder: string, isWhole: boolean, signal: AbortSignal): Promise<string[]> {
  const result = await openFolder(folder)
  const { roster } = result.record
  const tasks = describeTasks(result.record)
  const outputs = hasJobs(result.record.spec) ? await outputsIn(folder, result.run) : []
  if (!isWhole) return [...tasks, ...outputs]
  const metrics = [...(tasks.length > 0 ? tasks : describeMetrics(metricSamples(result.record))), ...outputs]
  const { measured } = await measure(result, OF_ANSWERS, signal)
  if (measured.length === 0) return metrics
  const { disk, cpu } = answersOf(measured, processorsOf(roster))
  return [...metrics, `busiest disk: ${disk}; processors: ${cpu}`]
}

async function outputsIn(folder: string, run: string): Promise<string[]> {
  // what cannot be read is named by bak show
  const entries = await readJobsFile(folder).catch(() => undefined)
  return describeOutputs(rootOutputs(entries ?? []), run)
}

/** Pure. @returns one line; none without metrics */
export function describeMetrics(all: MetricSamples[]): string[] {
  const byIteration = [...Map.groupBy(all, ({ iteration }) => iteration.number).values()]
  const several = byIteration.length > 1
  const items = byIteration.map(each => {
    const [{ iteration }] = each as [MetricSamples]
    return `${several ? `${iterationFolder(iteration)}: ` : ''}${headlines(each).map(describe).join(', ')}`
  })
  const more = items.length > MAX_NAMED ? `; and ${items.length - MAX_NAMED} more iterations` : ''
  return items.length === 0 ? [] : [`${items.slice(0, MAX_NAMED).join('; ')}${more}`]
}

/** Of the main ones the first of which more is better, and the first of which less is; of metrics without a direction the first. */
function headlines(all: MetricSamples[]): MetricSamples[] {
  const ranked = mainOf(all).toSorted(byRank)
  const found = (['more', 'less'] as const).flatMap(way => ranked.find(({ better }) => better === way) ?? [])
  return found.length > 0 ? found : ranked.slice(0, 1)
}

/** `fio.read.iops 151.9 k/s (CV 1.2 %, 3 samples)` */
function describe({ metric, unit, samples }: MetricSamples): string {
  const { median, cv } = spreadOf(samples.map(({ value }) => value))
  const spread = [
    ...(cv == null ? [] : [`CV ${showPercent(cv)}`]),
    ...(samples.length > 1 ? [`${samples.length} samples`] : [])
  ]
  return `${metric} ${formatValue(median, unit, DIGITS)}${spread.length === 0 ? '' : ` (${spread.join(', ')})`}`
}
