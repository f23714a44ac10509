/** Runs with tasks on a testnet, and what became of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { type TaskResult, type TasksFile, tasksFile } from '../../protocols/tasks/tasks-file.ts'
import type { Testnet } from './mesh.ts'
import type { EndedRun } from './workloads.ts'

/** @param lines more keys of the task, a line each */
export const taskOf = (name: string, url: string, lines = '') =>
  `[[task]]\nname = "${name}"\n${lines}\noperation = { type = "http", url = "${url}", timeout = 5 }\n`

/** What the tasks of the first sample came to, or of another. */
export function tasksIn(
  net: Testnet,
  peer: string,
  { run }: Pick<EndedRun, 'run'>,
  sample = '1-default/sample1'
): TasksFile {
  const text = readFileSync(join(net.peer(peer).home, 'runs', run, sample, 'tasks.json'), 'utf8')
  return v.parse(tasksFile, JSON.parse(text))
}

export function resultOf({ tasks }: TasksFile, name: string): TaskResult {
  const found = tasks.find(({ task }) => task === name)
  if (found == null) throw new Error(`there is no task ${name}, but ${tasks.map(({ task }) => task).join()}`)
  return found
}

/** @returns normal samples and those of the warm-up, of a whole task or one member; 0 for one that is not there */
export const allSamples = (measured?: Pick<TaskResult, 'samples' | 'warmup'>) =>
  measured == null ? 0 : measured.samples + measured.warmup
