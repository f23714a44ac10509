/** What the tasks of a result came to: `tasks.json` of its samples, checked. */
import { join } from 'node:path'
import { check } from '../../protocols/codec.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { tasksFileOf } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import {
  MAX_SECONDS,
  type TaskResult,
  type TaskSeconds,
  type TasksFile,
  tasksFile
} from '../../protocols/tasks/tasks-file.ts'

/** Of one file: an hour of 64 tasks of 64 members. */
const MAX_BYTES = 256 * 1024 * 1024

export interface SampleTasks extends TasksFile {
  step: Step
}

/** A file that cannot be read, in the words of one of series. */
export interface UnreadTasks {
  path: string
  reason: string
}

export interface ReadTasks {
  /** In the order of the steps; nothing of one that has no such file. */
  samples: SampleTasks[]
  unread: UnreadTasks[]
}

/**
 * @param folder of the result
 * @param steps of which the files are read, such as those of `Result.samples`
 */
export async function readTasks(folder: string, steps: Step[]): Promise<ReadTasks> {
  const read: ReadTasks = { samples: [], unread: [] }
  // one after the other: each may be large
  for (const step of steps) {
    try {
      const file = await readTasksFile(folder, step)
      if (file != null) read.samples.push({ step, ...file })
    } catch (error) {
      read.unread.push({ path: tasksFileOf(step), reason: whyOf(error) })
    }
  }
  return read
}

/** @returns nothing where the sample has no tasks. @throws {BakError} `damaged` for one that is none, naming where */
export async function readTasksFile(folder: string, step: Step): Promise<TasksFile | undefined> {
  const path = tasksFileOf(step)
  const content = await readPlain(join(folder, path), MAX_BYTES).catch(cause => {
    if (cause?.code === 'ENOENT') return undefined
    throw new BakError('damaged', `${path}: ${whyOf(cause)}`, { cause })
  })
  if (content == null) return undefined
  const file = check(tasksFile, fromJson(path, content), 'damaged', `${path}: `)
  for (const task of file.tasks) {
    checkSeconds(`${path}: task ${task.task}`, task.seconds)
    for (const { member, seconds } of task.members) checkSeconds(`${path}: task ${task.task} on ${member}`, seconds)
  }
  return file
}

function fromJson(path: string, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch (cause) {
    throw new BakError('damaged', `${path} is not JSON: ${whyOf(cause)}`, { cause })
  }
}

/** Every column has a value for each row. */
function checkSeconds(where: string, { throughput, failed, latency, service }: TaskSeconds): void {
  const rows = throughput.length
  if (rows > MAX_SECONDS) throw new BakError('damaged', `${where} has ${rows} seconds; ${MAX_SECONDS} are the most`)
  const others = { failed, ...under('latency', latency), ...under('service', service) }
  for (const [name, { length }] of Object.entries(others))
    if (length !== rows) throw new BakError('damaged', `${where} has ${rows} seconds, and ${length} of ${name}`)
}

const under = (name: string, columns: TaskSeconds['latency']) =>
  Object.fromEntries(Object.entries(columns).map(([key, column]) => [`${name}.${key}`, column]))

/** @returns s since the begin of the element at which normal samples begin, to a row; 0 without a warm-up, all of it where there is nothing else */
export function warmupEnd({
  seconds,
  throughput: { rows },
  duration
}: Pick<TaskResult, 'seconds' | 'throughput' | 'duration'>): number {
  if (seconds.warmup != null) return Math.min(duration, seconds.warmup * seconds.every)
  if (!rows.some(([, isWarmup]) => isWarmup)) return 0
  return rows.find(([, isWarmup]) => !isWarmup)?.[0] ?? duration
}
