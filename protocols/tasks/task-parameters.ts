/** Parameters of a run that set a key of a task: `TASK.KEY`, such as `search.clients`, in `[params]` or in an iteration. Pure. */
import * as v from 'valibot'
import { BakError } from '../errors.ts'
import { own } from '../own.ts'
import { LENGTHS, type Task, task as taskSchema } from './task.ts'

/** Keys of a task that a parameter can set. */
export const TASK_PARAMETERS = ['clients', ...LENGTHS, 'schedule', 'target_throughput', 'target_interval'] as const
type Key = (typeof TASK_PARAMETERS)[number]

/** What a parameter takes the place of, beside its own key. */
const OTHER: Partial<Record<Key, Key>> = { target_throughput: 'target_interval', target_interval: 'target_throughput' }

/** @returns the name of a task: its own, or that of its operation, or the type of one that stands in the task */
export const nameOf = ({ name, operation }: Pick<Task, 'name' | 'operation'>): string =>
  name ?? (typeof operation === 'string' ? operation : operation.type)

/** @returns `TASK.KEY` in its two halves; undefined for a parameter without a point. Names of tasks may have points too. */
export function splitParameter(parameter: string): { task: string; key: string } | undefined {
  const at = parameter.lastIndexOf('.')
  return at <= 0 ? undefined : { task: parameter.slice(0, at), key: parameter.slice(at + 1) }
}

export const isTaskKey = (key: string): key is Key => (TASK_PARAMETERS as readonly string[]).includes(key)

/** @throws {BakError} `usage` for a value that the key cannot have */
export function withParameters(task: Task, params: Record<string, string>): Task {
  const called = nameOf(task)
  return TASK_PARAMETERS.reduce<Task>((before, key) => {
    const value = own(params, `${called}.${key}`)
    return value == null ? before : withParameter(before, key, value)
  }, task)
}

function withParameter(task: Task, key: Key, text: string): Task {
  const { value, what } = readParameter(key, text)
  if (what != null) throw new BakError('usage', `${nameOf(task)}.${key} = ${text}: ${what}`)
  const changed = { ...task, [key]: value }
  const other = OTHER[key]
  if (other != null) delete changed[other]
  return changed
}

/** Parameters are texts; keys that are numbers have them as numbers. @returns the value of the key, or what is wrong with it */
export function readParameter(key: Key, text: string): { value?: unknown; what?: string } {
  const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)
  const read = v.safeParse(taskSchema.entries[key] as v.GenericSchema, isNumber ? Number(text) : text)
  return read.success ? { value: read.output } : { what: read.issues[0].message }
}
