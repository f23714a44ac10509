/** What the tasks of a run came to in a line each, for the end of `bak run`: from the metrics of its record. Pure. */
import { iterationFolder } from '../../protocols/layout.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import { medianOf } from '../../protocols/quantiles.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { decidingIteration } from '../../protocols/tasks/knee.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'
import { formatValue } from '../format-value.ts'

/** Tasks of iterations that have a line. */
const MAX_LINES = 6
const DIGITS = 4
const LATENCIES = ['p50', 'p99', 'max']

/** @returns a line for each task of each iteration, of a search of the value that holds; none without tasks, or where nothing was measured */
export function describeTasks(record: Pick<RunRecord, 'run' | 'workload' | 'spec' | 'knee'>): string[] {
  const { spec, knee } = record
  const names = spec.task.map(nameOf)
  if (names.length === 0) return []
  const all = metricSamples(record)
  const shown = knee == null ? all : all.filter(({ iteration }) => iteration.number === decidingIteration(knee))
  const byIteration = [...Map.groupBy(shown, ({ iteration }) => iteration.number).values()]
  const lines = byIteration.flatMap(own =>
    names.flatMap(task => {
      const mine = own.filter(each => isOf(each, task))
      const facts = factsOf(new Map(mine.map(each => [each.metric.slice(task.length + 1), each])))
      const iteration = own[0]?.iteration
      const of =
        (byIteration.length === 1 && knee == null) || iteration == null ? '' : ` of ${iterationFolder(iteration)}`
      return facts === '' ? [] : [`${task}${of}: ${facts}`]
    })
  )
  const more = lines.length - MAX_LINES
  return more > 0 ? [...lines.slice(0, MAX_LINES), `${more} more tasks: bak show ${record.run}`] : lines
}

/** Names of tasks have points, too: a metric is that of the task which stated it. */
const isOf = ({ metric, samples }: MetricSamples, task: string) =>
  metric.startsWith(`${task}.`) && samples.some(({ byMember }) => byMember.some(({ workload }) => workload === task))

/** `199 ops/s, latency p50 4.05 ms, p99 194 ms, max 356 ms, 0.3 % failed (2 samples)` */
function factsOf(metrics: Map<string, MetricSamples>): string {
  const shown = (name: string) => {
    const found = metrics.get(name)
    return found && formatValue(medianOf(found.samples.map(({ value }) => value)), found.unit, DIGITS)
  }
  const throughput = shown('throughput')
  const latencies = LATENCIES.flatMap(name => {
    const value = shown(`latency.${name}`)
    return value == null ? [] : [`${name} ${value}`]
  })
  const failed = metrics.get('error_rate')?.samples.some(({ value }) => value > 0)
  const count = metrics.get('samples')?.samples.length ?? 0
  const facts = [
    ...(throughput == null ? [] : [throughput]),
    ...(latencies.length === 0 ? [] : [`latency ${latencies.join(', ')}`]),
    ...(failed ? [`${shown('error_rate')} failed`] : [])
  ]
  if (facts.length === 0) return count === 0 ? '' : 'ended during its warm-up: nothing was measured'
  return `${facts.join(', ')}${count > 1 ? ` (${count} samples)` : ''}`
}
