/** What a run came to for each iteration whose samples it repeated, what its thresholds came to, and what of that is not as it was asked for. */
import { iterationFolder } from '../../protocols/layout.ts'
import { type IterationSummary, showPercent, summarize } from '../../protocols/matrix/iteration-summary.ts'
import type { MaxStddev } from '../../protocols/matrix/sampling.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import { kneeOf } from '../../protocols/tasks/knee.ts'
import { judgeThresholds } from '../../protocols/thresholds/judge.ts'
import type { ToolReadings } from '../../protocols/thresholds/tool-readings.ts'

/** Written when no sample is left to take. */
export function noteIterations(record: RunRecord): void {
  const { spec, workload, resumes } = record
  record.iterations = summarize(spec, workload, resumes?.taken)
  record.knee = kneeOf(spec, workload, resumes?.taken)
}

/** Written with them. */
export function noteThresholds(record: RunRecord, tools: ToolReadings[]): void {
  record.thresholds = record.spec.threshold == null ? undefined : judgeThresholds(record, tools)
}

/** @returns the iterations whose metric still varied too much when there were as many samples as there may be */
export function deviationsOf({ spec, iterations = [] }: Pick<RunRecord, 'spec' | 'iterations'>): Shortfall[] {
  const { max_stddev } = spec
  if (max_stddev == null) return []
  return iterations.flatMap(each => {
    const reason = whyNotClose(each, max_stddev)
    return reason == null
      ? []
      : [{ kind: 'deviation', what: `deviation of ${max_stddev.metric} in ${iterationFolder(each)}`, reason }]
  })
}

function whyNotClose(
  { samples, failed, deviation }: IterationSummary,
  { metric, percent }: MaxStddev
): string | undefined {
  if (deviation == null || deviation.met) return undefined
  const good = samples - failed
  if (deviation.percent == null) return `${metric} was stated in ${deviation.values} of ${good} good samples`
  return `${showPercent(deviation.percent)} after ${good} samples, more than ${percent} %`
}
