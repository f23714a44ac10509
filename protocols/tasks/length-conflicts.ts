/** What is wrong with how long tasks last and how fast they send, each with the defaults of its parallel. Pure. */
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { groupsOf } from './elements.ts'
import { LENGTHS, MAX_CLIENTS, type Parallel, type Task, type TaskKeys } from './task.ts'
import { nameOf } from './task-parameters.ts'

const ITERATIONS = ['iterations', 'warmup_iterations'] as const
const PERIODS = ['time_period', 'warmup_time_period'] as const

/** @param keys of which names are right */
export function wrongLengths({ task, parallel }: Pick<TaskKeys, 'task' | 'parallel'>): ValidationError[] {
  return [
    ...task.flatMap((each, i) => {
      const shared = parallel.find(({ name }) => name === each.parallel)
      const path = ['task', i]
      return [
        ...mixed(each, shared),
        ...wrongRampUp(each, shared),
        ...twoTargets(each),
        ...endless(each, shared, task)
      ].map(({ path: key, what }) => ({ path: [...path, ...key], what }))
    }),
    ...tooManyClients(task)
  ]
}

/** @returns the value of each key, and whose it is */
function lengthsIn(task: Task, shared: Parallel | undefined) {
  const given = LENGTHS.map(key => [key, task[key] ?? shared?.[key], task[key] == null] as const)
  return new Map(
    given.flatMap(([key, value, isShared]) => (value == null ? [] : [[key as string, { value, isShared }] as const]))
  )
}

function mixed(task: Task, shared: Parallel | undefined): ValidationError[] {
  const lengths = lengthsIn(task, shared)
  const counted = ITERATIONS.find(key => lengths.has(key))
  const timed = PERIODS.find(key => lengths.has(key))
  if (counted == null || timed == null) return []
  const called = (key: string) => (lengths.get(key)?.isShared ? `${key} of parallel ${shared?.name}` : key)
  const [at, other] = lengths.get(counted)?.isShared ? [timed, counted] : [counted, timed]
  return [{ path: [at], what: `is given beside ${called(other)}: a task has iterations or periods, and not both` }]
}

function wrongRampUp(task: Task, shared: Parallel | undefined): ValidationError[] {
  const own = task.ramp_up_time_period
  const rampUp = own ?? shared?.ramp_up_time_period ?? 0
  const warmup = task.warmup_time_period ?? shared?.warmup_time_period
  const path: Path = ['ramp_up_time_period']
  if (shared != null && own != null && own !== shared.ramp_up_time_period)
    return [{ path, what: `is of all tasks of a parallel: give it to parallel ${shared.name}` }]
  if (rampUp === 0 || (warmup != null && rampUp <= warmup)) return []
  const has = warmup == null ? 'which the task does not have' : `which is ${warmup} s`
  return [{ path, what: `of ${rampUp} s has to end within warmup_time_period, ${has}` }]
}

const twoTargets = ({ target_throughput: rate, target_interval: interval }: Task): ValidationError[] =>
  rate == null || interval == null
    ? []
    : [{ path: ['target_interval'], what: 'is given beside target_throughput: a task has one of them' }]

function endless(task: Task, shared: Parallel | undefined, all: Task[]): ValidationError[] {
  if (!isEndless(task, shared)) return []
  const completing = shared?.completed_by
  const others = all.filter(each => each.parallel === shared?.name && !isEndless(each, shared)).map(nameOf)
  const isEnded = completing === 'any' ? others.length > 0 : completing != null && others.includes(completing)
  if (isEnded) return []
  const what = 'there is no time_period behind it, and no other task that completes this one: it would never end'
  return [{ path: ['warmup_time_period'], what }]
}

const isEndless = (task: Task, shared: Parallel | undefined) =>
  (task.warmup_time_period ?? shared?.warmup_time_period) != null && (task.time_period ?? shared?.time_period) == null

function tooManyClients(task: Task[]): ValidationError[] {
  return groupsOf(task).flatMap(group => {
    const clients = group.reduce((sum, each) => sum + each.clients, 0)
    const path = ['task', task.indexOf(group.at(-1) as Task), 'clients']
    return clients <= MAX_CLIENTS
      ? []
      : [{ path, what: `${clients} clients at the same time are more than ${MAX_CLIENTS}` }]
  })
}
