/** What tasks did by the second, as series of tools are: `throughput`, `latency.p99` and others of `load`, with the label `task`. */
import type { Step } from '../../protocols/phase.ts'
import type { Points } from '../../protocols/series/read-series.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import type { TaskSeconds } from '../../protocols/tasks/tasks-file.ts'
import { TASK_COLUMNS, TASK_TOOL, timesOf, valuesOf } from './task-columns.ts'

export interface TaskSeriesOf {
  step: Step
  /** '' of all members together. */
  member: string
  series: SeriesInfo
  points: Points
}

/**
 * @param isWanted by the name of a member, '' of all together
 * @throws {BakError} `damaged`
 */
export async function taskSeries(
  folder: string,
  step: Step,
  isWanted: (member: string) => boolean
): Promise<TaskSeriesOf[]> {
  const file = await readTasksFile(folder, step)
  return (file?.tasks ?? []).flatMap(({ task, unit, element, duration, seconds, members }) => {
    const at = file?.elements.find(each => each.element === element)?.at
    if (at == null) return []
    const all = [{ member: '', seconds }, ...members].filter(({ member }) => isWanted(member))
    return all.flatMap(of =>
      columnsOf(of.seconds, { at, duration, unit, task }).map(each => ({ step, member: of.member, ...each }))
    )
  })
}

interface About {
  at: number
  duration: number
  unit: string
  task: string
}

/** A gap is no point; a series without points is none. */
function columnsOf(
  seconds: TaskSeconds,
  { at, duration, unit, task }: About
): Array<{ series: SeriesInfo; points: Points }> {
  const times = timesOf(seconds, at)
  return TASK_COLUMNS.flatMap(column => {
    const values = valuesOf(column, seconds, duration)
    const isPoint = (_: number, row: number) => !Number.isNaN(values[row] as number)
    const [t, v] = [times.filter(isPoint), values.filter(isPoint)]
    if (v.length === 0) return []
    const id = { tool: TASK_TOOL, metric: column.metric, labels: { task }, unit: column.unitOf(unit) }
    const kind = column.isRate ? ('rate' as const) : ('gauge' as const)
    return [{ series: { ...id, kind, ...summaryOf(v) }, points: { t, v } }]
  })
}

function summaryOf(v: Float64Array) {
  let [min, max, sum] = [Infinity, -Infinity, 0]
  for (const value of v) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
  }
  return { min, max, mean: sum / v.length, last: v.at(-1) as number, count: v.length }
}
