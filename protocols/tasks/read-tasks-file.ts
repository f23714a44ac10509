/** Reads `tasks.json` of a sample, which another machine may have written. */
import { BakError } from '../errors.ts'
import { tasksFileOf } from '../layout.ts'
import type { Step } from '../phase.ts'
import { readPlainJson } from '../plain-file.ts'
import { MAX_SECONDS, type TaskSeconds, type TasksFile, tasksFile } from './tasks-file.ts'

/** Of one file: two million rows of members, 50 bytes each, and a thousand members of ten tasks with their histograms. */
const MAX_BYTES = 256 * 1024 * 1024

/** @returns nothing where the sample has no tasks. @throws {BakError} `damaged` for one that is none, naming where */
export async function readTasksFile(folder: string, step: Step): Promise<TasksFile | undefined> {
  const path = tasksFileOf(step)
  const file = await readPlainJson(folder, path, tasksFile, MAX_BYTES)
  if (file == null) return undefined
  for (const task of file.tasks) {
    checkSeconds(`${path}: task ${task.task}`, task.seconds)
    for (const { member, seconds } of task.members) checkSeconds(`${path}: task ${task.task} on ${member}`, seconds)
  }
  return file
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
