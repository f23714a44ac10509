/** Which lines a plot by percentile has: samples and iterations over each other, or members. */
import type { ReportData } from '../../report-data.ts'
import type { TaskData, TaskTake, Times } from '../../tasks/tasks-data.ts'
import type { Loaded } from '../load.ts'
import { shortNames } from '../member-names.ts'
import { nameOf } from '../metrics-table.ts'
import { type CurveLine, type CurvePlot, curvePlot } from './curve-plot.ts'
import { colourOf, counted, type Iterations, takenName } from './task-words.ts'

/** Samples that have a colour and a name each; of more, one stands for all. */
const MOST_NAMED = 4

/** @returns a line, unless its histogram could not be read */
export function curveOf(
  times: Times | undefined,
  loaded: Loaded,
  about: Pick<CurveLine, 'label' | 'colour' | 'isFaint' | 'isDashed'>
): CurveLine[] {
  if (times?.curve == null) return []
  return [{ ...about, values: loaded.values(times.curve), end: times.curve.end, max: times.max }]
}

interface OfSamples {
  task: TaskData
  iterations: Iterations
  loaded: Loaded
}

/** Latency with service time beside it: what is between the two, requests waited for before they were sent. */
export function sampleCurves({ task, iterations, loaded }: OfSamples): Parameters<typeof curvePlot>[0] {
  const takes = counted(task.takes)
  const groups = [...Map.groupBy(takes, ({ iteration }) => iteration)]
  const isEach = groups.length === 1 && takes.length <= MOST_NAMED
  const lines = isEach
    ? takes.flatMap((take, i) => pair(take, takenName(take, iterations), colourOf(i), loaded))
    : groups.flatMap(([iteration, all], i) => {
        const middle = middleOf(all)
        const faint = all
          .filter(each => each !== middle)
          .flatMap(({ latency }) => curveOf(latency, loaded, { label: '', colour: colourOf(i), isFaint: true }))
        return [...faint, ...pair(middle, nameOf({ iteration }, iterations), colourOf(i), loaded)]
      })
  const note = takes.length > 1 && !isEach ? 'the sample in the middle of each iteration, the others faint' : undefined
  return { title: 'latency by percentile', note, lines, wide: true }
}

function pair(take: TaskTake, label: string, colour: string, loaded: Loaded): CurveLine[] {
  return [
    ...curveOf(take.latency, loaded, { label, colour }),
    ...curveOf(take.service, loaded, { label: `${label} service`, colour, isDashed: true })
  ]
}

/** The one whose tail is the median of all. */
function middleOf(takes: TaskTake[]): TaskTake {
  const levelOf = ({ latency }: TaskTake) => latency?.percentiles['99'] ?? latency?.max ?? 0
  const sorted = takes.toSorted((a, b) => levelOf(a) - levelOf(b))
  return sorted[(sorted.length - 1) >> 1] as TaskTake
}

interface OfMembers {
  task: TaskData
  take: TaskTake | undefined
  members: ReportData['members']
  loaded: Loaded
  most: number
}

/** Latencies of the members in one sample, those with the greatest of more than can be told apart. */
export function memberCurves({ take, members, loaded, most }: OfMembers): CurvePlot {
  const all = take?.members ?? []
  const levelOf = ({ latency }: (typeof all)[number]) => latency?.percentiles['99'] ?? latency?.max ?? 0
  const kept = new Set(all.toSorted((a, b) => levelOf(b) - levelOf(a)).slice(0, most))
  const shown = all.filter(each => kept.has(each))
  const short = shortNames(members.map(({ name }) => name))
  const lines = shown.flatMap(({ member, latency }, i) =>
    curveOf(latency, loaded, { label: short[member] ?? '', colour: colourOf(i), isDashed: i >= 7 })
  )
  const note = shown.length < all.length ? `${shown.length} of ${all.length} members, the slowest` : undefined
  return curvePlot({ title: 'latency by percentile, of each member', note, lines, wide: true })
}
