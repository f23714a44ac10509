/** What tasks did by the second, over the whole run: the samples one after the other, with a gap in between. */
import type { TasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { TASK_COLUMNS, TASK_TOOL, type TaskColumn, timesOf, valuesOf } from '../../result/task-columns.ts'
import type { Block } from '../block.ts'
import { joinSegments, type Segment, SegmentAxes } from '../segments.ts'
import { fairShare, thinValues } from '../thin.ts'
import type { TaskSeries } from './tasks-data.ts'

/** The service time of a member is among its numbers. */
const OF_MEMBER = TASK_COLUMNS.filter(({ key }) => !key.startsWith('service'))

/** Of one task, of one member or of all. */
interface Lines {
  task: string
  unit: string
  /** -1 of all. */
  member: number
  segments: Map<TaskColumn, Segment[]>
}

export class TaskLines {
  readonly #begun: number
  readonly #points: number
  readonly #axes = new SegmentAxes()
  readonly #lines = new Map<string, Lines>()

  /** @param points of one sample, of all its lines together */
  constructor(begun: number, points: number) {
    this.#begun = begun
    this.#points = points
  }

  /** @param members by their numbers; of others nothing is drawn */
  add({ elements, tasks }: TasksFile, members: Map<string, number>): void {
    this.#axes.nextFile()
    const found = tasks.flatMap(({ task, unit, element, duration, seconds, members: own }) => {
      const at = elements.find(each => each.element === element)?.at
      if (at == null) return []
      const ofMembers = own.flatMap(({ member, seconds: ofMember }) => {
        const number = members.get(member)
        return number == null ? [] : [{ task, unit, at, duration, member: number, seconds: ofMember, kinds: OF_MEMBER }]
      })
      return [{ task, unit, at, duration, member: -1, seconds, kinds: TASK_COLUMNS }, ...ofMembers]
    })
    const counts = found.flatMap(({ kinds, seconds }) => kinds.map(() => seconds.throughput.length))
    const most = Math.max(2, fairShare(counts, this.#points))
    for (const { task, unit, at, duration, member, seconds, kinds } of found) {
      const { segments } = this.#linesOf({ task, unit, member })
      const thinning = this.#axes.thinned(timesOf(seconds, at), most, this.#begun)
      for (const kind of kinds) {
        const values = valuesOf(kind, seconds, duration)
        const segment = { thinning, values: thinValues(values, thinning.by), measured: values.length }
        segments.set(kind, [...(segments.get(kind) ?? []), segment])
      }
    }
  }

  #linesOf(of: Omit<Lines, 'segments'>): Lines {
    const key = `${of.member} ${of.task}`
    const known = this.#lines.get(key) ?? { ...of, segments: new Map() }
    this.#lines.set(key, known)
    return known
  }

  /** @returns the rows of each task, of all members and of each */
  addTo(block: Block): Map<string, { series: TaskSeries; members: Array<{ member: number; series: TaskSeries }> }> {
    const found = new Map<string, { series: TaskSeries; members: Array<{ member: number; series: TaskSeries }> }>()
    for (const lines of this.#lines.values()) {
      const series = this.#addSeries(lines, block)
      const of = found.get(lines.task) ?? { series, members: [] }
      found.set(lines.task, of)
      if (lines.member < 0) of.series = series
      else of.members.push({ member: lines.member, series })
    }
    for (const { members } of found.values()) members.sort((a, b) => a.member - b.member)
    return found
  }

  #addSeries({ task, unit, member, segments }: Lines, block: Block): TaskSeries {
    const series = Object.fromEntries(TASK_COLUMNS.map(({ key }) => [key, -1])) as unknown as TaskSeries
    for (const [{ key, metric, unitOf }, all] of segments) {
      const { axis, values } = joinSegments(all, this.#axes, times => block.addAxis(times))
      const measured = all.reduce((sum, each) => sum + each.measured, 0)
      const about = { member, tool: TASK_TOOL, metric, labels: `task=${task}`, unit: unitOf(unit) }
      series[key] = block.addSeries({ ...about, axis, values, measured })
    }
    return series
  }
}
