/** Latency of tasks by percentile, of each sample and of all samples of a group together: what the page of a comparison draws over each other. */
import { BakError } from '../../protocols/errors.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { LogHistogram } from '../../protocols/tasks/histogram.ts'
import { histogramOf } from '../../protocols/tasks/histogram-codec.ts'
import type { Distribution } from '../../protocols/tasks/tasks-file.ts'
import { failuresIn } from '../../protocols/work-entry.ts'
import { curveOf, type PercentileCurve } from '../report/tasks/percentile-curve.ts'
import type { Result } from '../result/open-result.ts'
import { readTasks } from '../result/tasks.ts'
import { type Group, keysOf, type Selection } from './groups.ts'

/** Of a group in one plot: more cannot be told from each other. */
const MAX_SAMPLES = 8

export interface TaskCurves {
  /** '' where each group has one. */
  iteration: string
  task: string
  /** In the order of the groups. */
  lines: TaskCurve[]
}

export interface TaskCurve {
  /** Of the group. */
  label: string
  kind: 'latency' | 'service' | 'sample'
  curve: PercentileCurve
  /** ms */
  max: number
}

/** The samples of one group of a task. */
class Merged {
  readonly samples: Distribution[] = []
  readonly #all = { latency: new LogHistogram(), service: new LogHistogram() }
  readonly #range = { latency: { min: Infinity, max: 0 }, service: { min: Infinity, max: 0 } }

  add(kind: 'latency' | 'service', distribution: Distribution): void {
    this.#all[kind].add(histogramOf(distribution))
    const range = this.#range[kind]
    range.min = Math.min(range.min, distribution.min)
    range.max = Math.max(range.max, distribution.max)
    if (kind === 'latency') this.samples.push(distribution)
  }

  lines(label: string): TaskCurve[] {
    const merged = (['latency', 'service'] as const).flatMap(kind =>
      this.#all[kind].count === 0
        ? []
        : [{ label, kind, curve: curveOf(this.#all[kind], this.#range[kind]), max: this.#range[kind].max }]
    )
    const each = this.samples.length < 2 ? [] : this.samples.slice(0, MAX_SAMPLES)
    return [
      ...each.map(of => ({ label, kind: 'sample' as const, curve: curveOf(histogramOf(of), of), max: of.max })),
      ...merged
    ]
  }
}

/** @returns tasks that the baseline and another group have; what cannot be read is left out, as samples that failed are */
export async function readCurves(groups: Group<Result>[]): Promise<TaskCurves[]> {
  const keyOf = keysOf(groups)
  const found = new Map<string, { iteration: string; task: string; byLabel: Map<string, Merged> }>()
  for (const { label, selections } of groups) {
    for (const selection of selections) {
      const iteration = keyOf(selection)
      for (const { task, latency, service } of await tasksIn(selection)) {
        const key = JSON.stringify([iteration, task])
        const of = found.get(key) ?? { iteration, task, byLabel: new Map<string, Merged>() }
        found.set(key, of)
        const merged = of.byLabel.get(label) ?? new Merged()
        of.byLabel.set(label, merged)
        if (latency != null) addReadable(merged, 'latency', latency)
        if (service != null) addReadable(merged, 'service', service)
      }
    }
  }
  const [base = ''] = groups.map(({ label }) => label)
  return [...found.values()]
    .filter(({ byLabel }) => byLabel.has(base) && byLabel.size > 1)
    .map(({ byLabel, ...of }) => ({ ...of, lines: [...byLabel].flatMap(([label, merged]) => merged.lines(label)) }))
}

/** @returns the tasks of the good samples of one iteration, without what is by the second */
async function tasksIn({ result: { folder, record, samples }, number }: Selection<Result>) {
  const bad = new Set(failuresIn(record.workload, record.spec).map(({ step }) => stepFolder(step)))
  const steps = samples.map(({ step }) => step).filter(step => step.number === number && step.warmup == null)
  const found: Array<{ task: string; latency?: Distribution; service?: Distribution }> = []
  for (const step of steps.filter(each => !bad.has(stepFolder(each)))) {
    // a file after the other: each may be large
    const read = await readTasks(folder, [step])
    for (const { task, latency, service } of read.samples.flatMap(({ tasks }) => tasks))
      found.push({ task, ...(latency == null ? {} : { latency }), ...(service == null ? {} : { service }) })
  }
  return found
}

/** What is no histogram is no line. */
function addReadable(merged: Merged, kind: 'latency' | 'service', distribution: Distribution): void {
  try {
    merged.add(kind, distribution)
  } catch (cause) {
    if (!(cause instanceof BakError)) throw cause
  }
}
