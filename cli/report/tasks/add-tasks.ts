/** Adds what tasks came to, to a report: their lines over the run and their curves to the block, their numbers to the data. */
import { whyOf } from '../../../protocols/errors.ts'
import { stepFolder, tasksFileOf } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { readTasksFile } from '../../../protocols/tasks/read-tasks-file.ts'
import type { TaskSeconds, TasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { failuresIn } from '../../../protocols/work-entry.ts'
import { type IterationTask, tasksByIteration } from '../../result/task-groups.ts'
import type { SampleTasks } from '../../result/tasks.ts'
import { warningsOf } from '../../show/task-warnings.ts'
import type { Block } from '../block.ts'
import type { Unread } from '../member-index.ts'
import { searchIn } from './search-data.ts'
import { TaskLines } from './task-lines.ts'
import { takeOf } from './task-take.ts'
import type { TakenSample, TaskData, TaskElement, TasksData } from './tasks-data.ts'

/** Members of tasks of which the page has the numbers, of all samples together. */
const MAX_MEMBERS = 5_000

interface Source {
  folder: string
  steps: Step[]
  record: Pick<RunRecord, 'roster' | 'workload' | 'spec' | 'knee'>
  /** By which they are numbered on the page. */
  iterations: Array<{ number: number }>
  /** Zero of all times, ms since 1970. */
  begun: number
}

/**
 * Of one file after the other, so that one is in memory.
 * @param points that all lines together may have
 * @param unread gets each file, and each histogram in one, that cannot be read
 * @returns nothing where no sample has tasks
 */
export async function addTasks(
  { folder, steps, record, iterations, begun }: Source,
  block: Block,
  points: number,
  unread: Unread[]
): Promise<TasksData | undefined> {
  const members = new Map(record.roster.map(({ name }, at) => [name, at]))
  const bad = new Set(failuresIn(record.workload, record.spec).map(each => stepFolder(each.step)))
  const tasks = new Map<string, Omit<TaskData, 'series' | 'members'>>()
  const elements: TaskElement[] = []
  const read: SampleTasks[] = []
  const lines = new TaskLines(begun, points / Math.max(1, steps.length))
  for (const step of steps) {
    const iteration = iterations.findIndex(({ number }) => number === step.number)
    const file = await readTasksFile(folder, step).catch(cause => {
      unread.push(['', tasksFileOf(step), whyOf(cause)])
    })
    if (file == null || iteration < 0) continue
    const taken: TakenSample = {
      ...{ iteration, sample: step.sample, ...(step.warmup ? { warmup: true } : {}) },
      ...(bad.has(stepFolder(step)) ? { isFailed: true } : {})
    }
    const most = Math.max(1, Math.floor(MAX_MEMBERS / (steps.length * Math.max(1, file.tasks.length))))
    const onDamaged = (member: string, why: string) => void unread.push([member, tasksFileOf(step), why])
    const ran = elementsOf(file, taken, begun)
    for (const result of file.tasks) {
      const from = ran.find(({ element }) => element === result.element)?.from
      if (from == null) continue
      const { task, operation, unit } = result
      const known = tasks.get(task) ?? { task, operation, unit, takes: [] }
      tasks.set(task, known)
      known.takes.push(takeOf(result, { taken, from, members, most, block, onDamaged }))
    }
    elements.push(...ran)
    read.push(withoutSeconds(step, file))
    lines.add(file, members)
  }
  const drawn = lines.addTo(block)
  const all = [...tasks.values()].flatMap(task => {
    const own = drawn.get(task.task)
    return own == null ? [] : [{ ...task, ...own }]
  })
  if (all.length === 0) return undefined
  const search = searchIn(record, iterations)
  const warnings = warningsIn(tasksByIteration(read, record), iterations)
  return { elements, tasks: all, warnings, ...(search == null ? {} : { search }) }
}

/** What takes little memory, of all samples. */
const withoutSeconds = (step: Step, file: TasksFile): SampleTasks => ({
  ...{ step, ...file },
  tasks: file.tasks.map(({ latency: _, service: __, processing: ___, throughput, members, ...task }) => ({
    ...{ ...task, seconds: NO_SECONDS, throughput: { ...throughput, rows: [] } },
    members: members.map(({ latency: _, service: __, processing: ___, ...member }) => ({
      ...member,
      seconds: NO_SECONDS
    }))
  }))
})
const NOTHING = { p50: [], p99: [], max: [] }
const NO_SECONDS: TaskSeconds = { every: 1, throughput: [], failed: [], latency: NOTHING, service: NOTHING }

function warningsIn(all: IterationTask[], iterations: Source['iterations']): TasksData['warnings'] {
  return all.flatMap(each => {
    const iteration = iterations.findIndex(({ number }) => number === each.iteration.number)
    return warningsOf(each).map(text => ({ task: each.task, iteration, text }))
  })
}

function elementsOf({ elements, tasks }: TasksFile, taken: TakenSample, begun: number): TaskElement[] {
  return elements.map(({ element, tasks: names, at, skew }) => {
    const lasted = tasks.filter(each => each.element === element).map(({ duration }) => duration)
    const from = (at - begun) / 1000
    return {
      ...{ ...taken, element, tasks: names, from, to: from + Math.max(0, ...lasted) },
      ...(skew == null ? {} : { skew })
    }
  })
}
