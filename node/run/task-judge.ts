/** Holds what tasks measure against thresholds while they go on: those with `stop` end the run once no further sample can mend them. Pure. */
import type { Step } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { lostThresholds } from '../../protocols/thresholds/judge.ts'
import { DEFAULT_AFTER, type Decision, type Threshold } from '../../protocols/thresholds/threshold.ts'
import type { ToolReadings } from '../../protocols/thresholds/tool-readings.ts'
import type { WorkEntry } from '../../protocols/work-entry.ts'

/** Whether tasks of the sample are judged while they go on. */
export const isJudgedLive = ({ threshold = [] }: Pick<RunRecord['spec'], 'threshold'>, step: Step): boolean =>
  step.warmup == null && threshold.some(({ stop }) => stop)

/** Of one sample. */
export class TaskJudge {
  readonly #record: RunRecord
  readonly #tools: ToolReadings[]
  /** When normal samples of a task were seen first, ms. */
  readonly #since = new Map<string, number>()

  constructor(record: RunRecord, tools: ToolReadings[]) {
    this.#record = record
    this.#tools = tools
  }

  /**
   * @param entries what the tasks that go on would come to if they ended now
   * @param now ms, of a monotonic clock
   * @returns the first threshold that is missed for certain
   */
  missed(entries: WorkEntry[], now: number): Decision | undefined {
    const age = new Map<string, number>()
    for (const { name = '', metrics = [] } of entries) {
      // before its first normal sample a task only has their number
      if (metrics.length < 2) continue
      const since = this.#since.get(name) ?? now
      this.#since.set(name, since)
      for (const each of metrics) age.set(each.name, (now - since) / 1000)
    }
    const asked = this.#record.spec.threshold ?? []
    const isDue = (at: number) => isDueAt(asked[at] as Threshold, age.get(asked[at]?.metric ?? ''))
    if (![...asked.keys()].some(isDue)) return undefined
    const record = { ...this.#record, workload: [...this.#record.workload, ...entries] }
    return lostThresholds(record, this.#tools).find(({ threshold }) => isDue(threshold))
  }
}

/** @param age seconds of normal samples; undefined for a metric that is of no task that goes on */
function isDueAt({ metric, min, stop, after = DEFAULT_AFTER }: Threshold, age: number | undefined): boolean {
  // a number of samples still grows
  return stop && age != null && age >= after && !(metric.endsWith('.samples') && min != null)
}
