/** Names and numbers of tasks that several parts of the page say alike. Pure. */
import type { Window } from '../../report-data.ts'
import type { TakenSample, TaskData, TaskElement, TasksData, TaskTake, Times } from '../../tasks/tasks-data.ts'
import { nameOf } from '../metrics-table.ts'
import { quantile } from '../spread.ts'

/** Of tasks and of lines over each other. */
export const COLOURS = ['--blue', '--orange', '--green', '--vermillion', '--purple', '--sky', '--grey']
export const colourOf = (place: number): string => COLOURS[place % COLOURS.length] as string

/** Percentiles that are shown, where so many requests can show them. */
export const PERCENTILES = ['50', '90', '99', '99.9'] as const

export type Iterations = Array<{ number: number; name: string }>

/** `1-4k · 2`, `sample 2` where there is one iteration; `warm-up 1`. */
export function takenName({ iteration, sample, warmup, isFailed }: TakenSample, iterations: Iterations): string {
  const of = iterations.length > 1 ? `${nameOf({ iteration }, iterations)} · ` : ''
  const kind = warmup ? 'warm-up ' : of === '' ? 'sample ' : ''
  return `${of}${kind}${sample}${isFailed ? ', failed' : ''}`
}

/** @returns of each iteration the samples that count: not its warm-ups, and what failed only where it has nothing else */
export function counted(takes: TaskTake[]): TaskTake[] {
  const normal = takes.filter(({ warmup }) => !warmup)
  const byIteration = [...Map.groupBy(normal, ({ iteration }) => iteration).values()]
  return byIteration.flatMap(all => {
    const good = all.filter(({ isFailed }) => !isFailed)
    return good.length > 0 ? good : all
  })
}

/** The median over samples of what each of them came to; NaN of none. */
export function overSamples(takes: TaskTake[], of: (take: TaskTake) => number | undefined): number {
  const values = takes.flatMap(take => of(take) ?? []).sort((a, b) => a - b)
  return values.length === 0 ? Number.NaN : quantile(values, 0.5)
}

/** @param percentile `99.9` @returns nothing where too few requests can show it */
export const percentileOf = (times: Times | undefined, percentile: string): number | undefined =>
  times?.percentiles[percentile]

/** Requests that failed, as a share of those that count. */
export function errorShare(takes: TaskTake[]): number {
  const requests = takes.reduce((sum, each) => sum + each.requests, 0)
  return requests === 0 ? Number.NaN : takes.reduce((sum, each) => sum + each.failed, 0) / requests
}

/** Grounds of plots: warm-up is lighter. @param tasks those that are drawn; all where it is left out */
export function taskWindows({ elements, tasks }: TasksData, of: TaskData[] = tasks): Window[] {
  const takes = of.flatMap(task => task.takes)
  return elements.flatMap(element => {
    const own = takes.filter(take => isSame(take, element) && take.element === element.element)
    if (own.length === 0) return []
    const begins = Math.min(...own.map(take => take.counted))
    const about = { kind: 'work' as const, label: '' }
    const warm = { ...about, warmup: true, from: element.from, to: begins }
    return [...(begins > element.from ? [warm] : []), { ...about, from: begins, to: Math.max(begins, element.to) }]
  })
}

/** Whether both are of one sample of the run. */
export const isSame = (one: TakenSample, other: TakenSample) =>
  one.iteration === other.iteration && one.sample === other.sample && one.warmup === other.warmup

/** Where an element begins when another has ended: everybody waited for everybody. */
export const joinPoints = (elements: TaskElement[]): number[] =>
  elements.filter((element, i) => i > 0 && isSame(element, elements[i - 1] as TaskElement)).map(({ from }) => from)
