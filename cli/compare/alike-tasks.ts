/** Whether the tasks of two runs are the same load: another schedule, another operation or other machines that load measure something else. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { loadOf } from '../../protocols/tasks/task.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'

const MAX_NAMED = 4

type Spec = RunRecord['spec']

/** @returns what is not alike, in words; what a run keeps of its samples is no difference */
export function taskDifferences(one: Spec, other: Spec, a: string, b: string): string[] {
  const [before, now] = [one, other].map(({ task }) => task.map(nameOf)) as [string[], string[]]
  if (!isDeepStrictEqual(before, now)) return [`tasks ${named(before)} in ${a}, ${named(now)} in ${b}`]
  const changed = one.task.flatMap((each, i) => (isDeepStrictEqual(each, other.task[i]) ? [] : [nameOf(each)]))
  const operations = changedNames(one.operation, other.operation)
  const parallels = changedNames(one.parallel, other.parallel)
  const settings = (
    [
      ['tasks', changed],
      ['operations', operations],
      ['parallels', parallels]
    ] as const
  ).flatMap(([kind, names]) => (names.length === 0 ? [] : [`other settings of ${kind} ${named(names)}`]))
  const [load, otherLoad] = [one, other].map(spec => ({ ...loadOf(spec), samples: undefined }))
  return [...settings, ...(isDeepStrictEqual(load, otherLoad) ? [] : ['other settings of [load]'])]
}

const named = (names: string[]) => listInWords(names, MAX_NAMED) || 'none'

function changedNames(one: Array<{ name: string }>, other: Array<{ name: string }>): string[] {
  const names = [...new Set([...one, ...other].map(({ name }) => name))]
  const find = (list: Array<{ name: string }>, name: string) => list.find(each => each.name === name)
  return names.filter(name => !isDeepStrictEqual(find(one, name), find(other, name)))
}
