/**
 * Parameters of a run file: each combination of their values is an iteration. `[params]` is one set, of which each list is multiplied with
 * the others; with `[[params]]` there are several, as in crucible, each for itself: a set of single values is one combination. What
 * is in the effective spec are the iterations that they make.
 */
import * as v from 'valibot'
import { list, name } from '../fields.ts'
import { table } from '../free-keys.ts'
import { own } from '../own.ts'
import { collidingParameters, parameterVariable } from '../variables.ts'

const MAX_SETS = 1000
/** Iterations of one run. */
export const MAX_ITERATIONS = 1000
const MAX_NAME = 64

const value = v.union(
  [
    v.pipe(v.string(), v.maxLength(128), v.excludes('\0', 'has a zero byte')),
    v.pipe(v.number(), v.finite()),
    v.boolean()
  ],
  'expected a text of 128 characters at most, a number, true or false'
)
const paramSet = table(
  name,
  v.union(
    [value, v.pipe(list(value, MAX_ITERATIONS), v.minLength(1))],
    'expected a value, or a list of values: texts of 128 characters at most, numbers, true or false'
  )
)
const noSet = v.custom<ParamSet>(() => false, 'expected a table of parameters, or several: [[params]]')
const manySets = v.pipe(list(paramSet, MAX_SETS), v.minLength(1))
/** By what it is, so that a mistake is named at its parameter. */
export const params = v.lazy(
  (input): v.GenericSchema<ParamSet | ParamSet[]> =>
    Array.isArray(input) ? manySets : input != null && typeof input === 'object' ? paramSet : noSet
)
export type ParamSet = v.InferOutput<typeof paramSet>
export type Params = v.InferOutput<typeof params>

type Combination = Record<string, string>
interface Iteration {
  name: string
  args?: string[]
  params?: Combination
}
export interface Expanded {
  iterations: Iteration[]
  /** What is wrong, in words; there are no iterations then. */
  errors: string[]
}

export const setsOf = (given: Params): ParamSet[] => (Array.isArray(given) ? given : [given])

/**
 * @param explicit iterations that the run file has beside them: each is multiplied with each combination
 * @returns an iteration for each, named by the values that differ: `bs=4k,depth=8`
 */
export function expandParams(given: Params, explicit: Iteration[] = []): Expanded {
  const sets = setsOf(given)
  const errors = [...new Set(sets.flatMap(set => mistakesIn(set, explicit)))]
  const total = sets.reduce((sum, set) => sum + sizeOf(set), 0) * Math.max(1, explicit.length)
  if (total > MAX_ITERATIONS) errors.push(`params: they make ${total} iterations, and ${MAX_ITERATIONS} are the most`)
  if (errors.length > 0) return { iterations: [], errors }
  const combinations = withoutDoubles(sets.flatMap(combinationsOf))
  const naming = differingIn(combinations)
  const taken = new Set<string>()
  const iterations = (explicit.length === 0 ? [undefined] : explicit).flatMap(iteration =>
    combinations.map(values => ({
      ...iteration,
      name: uniqueName([iteration?.name, ...partsOf(values, naming)], taken),
      params: { ...iteration?.params, ...values }
    }))
  )
  return { iterations, errors: [] }
}

function mistakesIn(set: ParamSet, explicit: Iteration[]): string[] {
  const colliding = collidingParameters(Object.keys(set))
  const both = explicit.flatMap(({ name: called, params: its = {} }) =>
    Object.keys(its)
      .filter(key => Object.keys(set).some(each => parameterVariable(each) === parameterVariable(key)))
      .map(key => `params.${key}: the iteration ${called} has it, too: leave it out of one of them`)
  )
  if (colliding == null) return both
  const [one, other] = colliding
  return [`params: ${one} and ${other} would both be ${parameterVariable(one)}: rename one of them`, ...both]
}

/** Without making them: there may be very many. */
const sizeOf = (set: ParamSet) => Object.values(set).reduce<number>((size, each) => size * valuesOf(each).length, 1)

const valuesOf = (given: ParamSet[string]) => (Array.isArray(given) ? given : [given])

/** The last parameter varies first, as in nested loops. */
function combinationsOf(set: ParamSet): Combination[] {
  return Object.entries(set).reduce<Combination[]>(
    (before, [key, given]) => before.flatMap(each => valuesOf(given).map(one => withEntry(each, key, String(one)))),
    [{}]
  )
}

/** A parameter may be called `__proto__`. */
function withEntry(before: Combination, key: string, text: string): Combination {
  const entries = { ...before }
  return Object.defineProperty(entries, key, { value: text, enumerable: true, writable: true, configurable: true })
}

function withoutDoubles(combinations: Combination[]): Combination[] {
  const keyOf = (each: Combination) => JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
  return [...new Map(combinations.map(each => [keyOf(each), each])).values()]
}

/** @returns the parameters that tell combinations from each other; all of them where there is one */
function differingIn(combinations: Combination[]): Set<string> {
  const all = new Set(combinations.flatMap(each => Object.keys(each)))
  const differing = [...all].filter(key => new Set(combinations.map(each => own(each, key))).size > 1)
  return differing.length === 0 ? all : new Set(differing)
}

const partsOf = (values: Combination, naming: Set<string>) =>
  Object.entries(values).flatMap(([key, text]) => (naming.has(key) ? [`${key}=${text}`] : []))

/** @returns the parts as one path component, cut to the length of a name and told from those that are taken by a number */
function uniqueName(parts: Array<string | undefined>, taken: Set<string>): string {
  const whole =
    parts
      .filter(part => part != null)
      .join(',')
      .replace(/[^A-Za-z0-9._@#=,-]+/g, '-') || 'default'
  let called = whole.slice(0, MAX_NAME)
  for (let i = 2; taken.has(called); i++) called = `${whole.slice(0, MAX_NAME - `#${i}`.length)}#${i}`
  taken.add(called)
  return called
}
