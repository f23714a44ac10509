/** What is wrong with `[search]`, and beside it. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { MAX_ITERATIONS } from '../matrix/params.ts'
import type { SpecInput } from '../spec.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { searchedTask, searchIterations, sizeOfGrid } from './search-grid.ts'
import type { Search, TaskKeys } from './task.ts'
import { nameOf } from './task-parameters.ts'
import { unknownIn } from './unknown-name.ts'

/** Which samples are taken the search itself decides. */
const OTHERS = ['max_stddev', 'max_sample_failures', 'seed'] as const

/** @param keys of which names are right */
export function wrongSearch(keys: TaskKeys, spec: Partial<SpecInput> & { params?: unknown }): ValidationError[] {
  const { search } = keys
  if (search == null) return []
  const wrong = (is: boolean, path: Path, what: string) => (is ? [{ path, what }] : [])
  const inSearch = [...wrongTask(keys), ...wrongValues(search)]
  if (inSearch.length > 0) return inSearch
  const isOther = (given: Iteration[]) => !isDeepStrictEqual(plain(given), plain(searchIterations(keys) ?? []))
  return [
    ...wrong(spec.params != null, ['params'], 'goes with no search, which has one value varied'),
    ...wrong(
      spec.iterations != null && isOther(spec.iterations),
      ['iterations'],
      'goes with no search, which makes them'
    ),
    ...OTHERS.flatMap(key =>
      wrong(spec[key] != null, [key], 'goes with no search, which decides which samples are taken')
    ),
    ...wrong(
      (spec.order ?? 'sample') !== 'sample',
      ['order'],
      'goes with no search, which decides which samples are taken'
    ),
    ...(spec.threshold ?? []).flatMap(({ stop }, i) =>
      wrong(
        stop === true,
        ['threshold', i, 'stop'],
        'ends the run at the first value that breaks it, and a search goes on from there'
      )
    ),
    ...wrong((spec.threshold ?? []).length === 0, ['search'], 'needs a [[threshold]], which says where the limit is')
  ]
}

type Iteration = { name: string; args?: string[] | undefined; params?: Record<string, string> | undefined }
/** Tables of TOML have no prototype, and are equal to none that have. */
const plain = (given: Iteration[]) =>
  given.map(({ name, args = [], params }) => ({ name, args, params: { ...params } }))

function wrongTask(keys: TaskKeys): ValidationError[] {
  if (searchedTask(keys) != null) return []
  const names = keys.task.map(nameOf)
  const { task } = keys.search as Search
  return task == null
    ? [{ path: ['search'], what: `task is missing: which of ${names.join(', ')} is varied` }]
    : [{ path: ['search', 'task'], what: unknownIn(task, names, 'task') }]
}

function wrongValues(search: Search): ValidationError[] {
  const { from, to, step, vary } = search
  if (from >= to) return [{ path: ['search', 'to'], what: `has to be more than from, which is ${from}` }]
  if (sizeOfGrid(search) > MAX_ITERATIONS)
    return [
      { path: ['search', 'step'], what: `makes ${sizeOfGrid(search)} values, and ${MAX_ITERATIONS} are the most` }
    ]
  const broken =
    vary === 'clients' ? (['from', 'to', 'step'] as const).find(key => !Number.isInteger(search[key] ?? 1)) : undefined
  if (broken != null) return [{ path: ['search', broken], what: 'is a number of clients: expected a whole number' }]
  const isCoarse = step != null && step > to - from
  return isCoarse ? [{ path: ['search', 'step'], what: `is more than the way from ${from} to ${to}` }] : []
}
