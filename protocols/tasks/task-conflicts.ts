/** What is wrong between the keys of a spec that are about tasks; what is wrong with a key by itself its schema says. Pure. */
import type { SpecInput } from '../spec.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { wrongLengths } from './length-conflicts.ts'
import { wrongMetrics } from './metric-conflicts.ts'
import { wrongOperations } from './operation-conflicts.ts'
import { wrongParameters } from './parameter-conflicts.ts'
import { wrongSearch } from './search-conflicts.ts'
import { DRIVER, readTaskKeys, type TaskKeys } from './task.ts'
import { nameOf } from './task-parameters.ts'
import { unknownIn } from './unknown-name.ts'

type Input = Partial<SpecInput>

const ABOUT_TASKS = ['parallel', 'operation', 'load', 'search'] as const

/** @param spec one that its schema accepts, or a part of one @returns each mistake with the path of the key that is to be changed */
export function wrongTasks(spec: Input & { params?: unknown }): ValidationError[] {
  const given = readTaskKeys(spec)
  if (given.task.length === 0)
    return ABOUT_TASKS.filter(key => spec[key] != null && [spec[key]].flat().length > 0).map(key => ({
      path: [key],
      what: 'is for tasks, and there is no [[task]]'
    }))
  const structure = [
    ...besideTasks(spec),
    ...wrongNames(given),
    ...wrongParallels(given),
    ...wrongOperations(given, spec)
  ]
  // what follows reads the schedule, which has to be one
  if (structure.length > 0) return structure
  return [
    ...wrongLengths(given),
    ...wrongParameters(given, spec),
    ...wrongSearch(given, spec),
    ...wrongMetrics(given, spec)
  ]
}

/** What tasks take the place of. */
function besideTasks({ command, workload = [], iterations = [], trigger, groups = [] }: Input): ValidationError[] {
  const wrong = (is: boolean, path: Path, what: string) => (is ? [{ path, what }] : [])
  return [
    ...wrong(command != null, ['command'], 'is given beside tasks, which take its place: a run has one of them'),
    ...workload.flatMap(({ role, name }, i) => [
      ...wrong(
        role !== 'server',
        ['workload', i],
        `${name} is a client, and tasks take its place: only servers go beside them`
      ),
      ...wrong(name === DRIVER, ['workload', i, 'name'], `beside tasks ${DRIVER} is the name of their driver`)
    ]),
    ...iterations.flatMap(({ args = [] }, i) =>
      wrong(args.length > 0, ['iterations', i, 'args'], 'are words of a command, and there are tasks in its place')
    ),
    ...wrong(
      trigger != null || groups.some(each => each.trigger != null),
      [trigger == null ? 'groups' : 'trigger'],
      'a trigger reads the output of the command: there is none beside tasks'
    )
  ]
}

function wrongNames({ task, parallel }: TaskKeys): ValidationError[] {
  const names = task.map(nameOf)
  return [
    ...names.flatMap((name, i) =>
      names.indexOf(name) === i
        ? []
        : [
            {
              path: ['task', i, task[i]?.name == null ? 'operation' : 'name'],
              what: `another task is called ${name}: give it a name of its own`
            }
          ]
    ),
    ...names.flatMap((name, i) =>
      name.length <= MAX_TASK_NAME
        ? []
        : [{ path: ['task', i], what: `${name} has more than ${MAX_TASK_NAME} letters: give the task a name` }]
    ),
    ...parallel.flatMap(({ name }, i) =>
      parallel.findIndex(each => each.name === name) === i
        ? []
        : [{ path: ['parallel', i, 'name'], what: 'is the name of another parallel' }]
    )
  ]
}
/** Metrics are called after tasks, such as `search.processing_time.p99.99`, and a name has 64 letters. */
const MAX_TASK_NAME = 40

function wrongParallels({ task, parallel }: TaskKeys): ValidationError[] {
  const known = parallel.map(({ name }) => name)
  return [
    ...task.flatMap(({ parallel: name }, i) => {
      if (name == null) return []
      const path: Path = ['task', i, 'parallel']
      if (!known.includes(name)) return [{ path, what: unknownIn(name, known, '[[parallel]]') }]
      const isAgain = task[i - 1]?.parallel !== name && task.slice(0, i).some(each => each.parallel === name)
      return isAgain ? [{ path, what: `tasks of ${name} follow each other: move this one to the others` }] : []
    }),
    ...parallel.flatMap(({ name, completed_by: completing }, i) => {
      const names = task.filter(each => each.parallel === name).map(nameOf)
      if (names.length === 0) return [{ path: ['parallel', i], what: `no task has parallel = "${name}"` }]
      const path: Path = ['parallel', i, 'completed_by']
      if (completing == null || (completing === 'any' && !names.includes('any'))) return []
      if (completing === 'any') return [{ path, what: 'any is a task here, and would be any of them: rename the task' }]
      return names.includes(completing)
        ? []
        : [{ path, what: unknownIn(completing, [...names, 'any'], `task of ${name} that is called`) }]
    })
  ]
}
