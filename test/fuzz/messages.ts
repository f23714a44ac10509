/** Generates values that fit a valibot schema, so that a new message is fuzzed without further code. */
import * as fc from 'fast-check'
import type { Schema } from '../../protocols/codec.ts'

/** The parts of valibot's schemas that this file reads. */
interface Shape {
  type: string
  pipe?: Array<{ kind: string; type: string; requirement?: unknown }>
  wrapped?: Shape
  default?: unknown
  entries?: Record<string, Shape>
  options?: unknown[]
  item?: Shape
  items?: Shape[]
  key?: Shape
  value?: Shape
  rest?: Shape
  literal?: unknown
  class?: unknown
  getter?: (input: unknown) => Shape
}

/** Values to use for a schema, such as the ids of existing runs for a run id. */
export type Known = Map<unknown, fc.Arbitrary<unknown>>

/** Elements of a list, characters of a text: longer ones are handled in the same way. */
const MAX_LENGTH = 6

/** @throws for a kind of schema that is not in `kinds` */
export function valuesOf(schema: Schema, known: Known = new Map()): fc.Arbitrary<unknown> {
  return arbitrary(schema as unknown as Shape, known)
}

function arbitrary(shape: Shape, known: Known): fc.Arbitrary<unknown> {
  const values = known.get(shape)
  if (values != null) return values
  if (shape.pipe != null) return piped(shape, known)
  const make = kinds[shape.type]
  if (make == null) throw new Error(`no values for a schema of type ${shape.type}`)
  return make(shape, known)
}

/** A schema with conditions: most are satisfied by construction; the rest may give values that are refused. */
function piped(shape: Shape, known: Known): fc.Arbitrary<unknown> {
  const [root, ...actions] = flat(shape) as [Shape, ...NonNullable<Shape['pipe']>]
  const all = (...types: string[]) => actions.filter(each => types.includes(each.type)).map(each => each.requirement)
  const [pattern] = all('regex') as RegExp[]
  const [start] = all('starts_with') as string[]
  const least = Math.max(0, ...(all('min_length', 'length') as number[]))
  const most = Math.min(least + MAX_LENGTH, ...(all('max_length', 'length') as number[]))
  if (root.type === 'string') return texts(pattern, start, least, most)
  if (root.type === 'number') {
    const low = Math.max(Number.MIN_SAFE_INTEGER, ...(all('min_value') as number[]))
    const high = Math.min(Number.MAX_SAFE_INTEGER, ...(all('max_value') as number[]))
    return numbers(low, high, all('safe_integer', 'integer').length > 0)
  }
  if (root.type === 'array') {
    return fc.array(arbitrary(root.item as Shape, known), { minLength: least, maxLength: most })
  }
  if (root.type === 'instance') return fc.uint8Array({ minLength: least, maxLength: Math.max(least, most) })
  return arbitrary(root, known)
}

/** @returns the innermost schema and then every condition on it: a pipe may begin with a pipe */
function flat({ pipe, ...rest }: Shape): unknown[] {
  const [root, ...actions] = pipe ?? []
  return root == null ? [rest] : [...flat(root as unknown as Shape), ...actions]
}

/** Any character, mostly ASCII; fast-check's `binary` enumerates all of them first. */
const character = fc
  .oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 0x7f }) }, fc.integer({ min: 0x80, max: 0xd7ff }))
  .map(code => String.fromCodePoint(code))

function texts(pattern: RegExp | undefined, start = '', least = 0, most = MAX_LENGTH): fc.Arbitrary<string> {
  if (pattern != null) return fc.stringMatching(pattern)
  return fc.string({ minLength: least, maxLength: most, unit: character }).map(rest => start + rest)
}

function numbers(low = Number.MIN_SAFE_INTEGER, high = Number.MAX_SAFE_INTEGER, whole = false): fc.Arbitrary<number> {
  const small = fc.integer({
    min: Math.ceil(Math.max(low, -9)),
    max: Math.floor(Math.min(high, Math.max(low, 0) + 9))
  })
  if (whole)
    return fc.oneof(
      small,
      fc.maxSafeInteger().map(n => Math.min(high, Math.max(low, n)))
    )
  return fc.oneof(small, fc.double({ min: low, max: high, noNaN: true }))
}

const record = (shape: Shape, known: Known) => {
  const entries = Object.entries(shape.entries ?? {})
  const values = Object.fromEntries(entries.map(([key, entry]) => [key, arbitrary(entry, known)]))
  const requiredKeys = entries.filter(([, entry]) => entry.type !== 'optional').map(([key]) => key)
  return fc.record(values, { requiredKeys, noNullPrototype: true } as never)
}
const either = (shape: Shape, known: Known) =>
  fc.oneof(...(shape.options as Shape[]).map(option => arbitrary(option, known)))

const kinds: Record<string, (shape: Shape, known: Known) => fc.Arbitrary<unknown>> = {
  object: record,
  strict_object: record,
  object_with_rest: (shape, known) =>
    fc
      .tuple(
        fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,9}$/), arbitrary(shape.rest as Shape, known), {
          maxKeys: MAX_LENGTH
        }),
        record(shape, known)
      )
      .map(([rest, own]) => ({ ...rest, ...own })),
  tuple: (shape, known) => fc.tuple(...(shape.items as Shape[]).map(item => arbitrary(item, known))),
  variant: either,
  union: either,
  intersect: (shape, known) =>
    fc
      .tuple(...(shape.options as Shape[]).map(option => arbitrary(option, known)))
      .map(parts => Object.assign({}, ...parts)),
  optional: (shape, known) => arbitrary(shape.wrapped as Shape, known),
  array: (shape, known) => fc.array(arbitrary(shape.item as Shape, known), { maxLength: MAX_LENGTH }),
  record: (shape, known) =>
    fc.dictionary(
      (arbitrary(shape.key as Shape, known) as fc.Arbitrary<string>).filter(key => key !== '__proto__'),
      arbitrary(shape.value as Shape, known),
      { maxKeys: MAX_LENGTH, noNullPrototype: true }
    ),
  /** What it is depends on what it is given: a text, or a table. */
  lazy: ({ getter }, known) => fc.oneof(...['x', {}].map(each => arbitrary(getter?.(each) as Shape, known))),
  picklist: shape => fc.constantFrom(...(shape.options as unknown[])),
  literal: shape => fc.constant(shape.literal),
  string: () => texts(undefined),
  number: () => numbers(),
  boolean: () => fc.boolean(),
  instance: () => fc.uint8Array({ maxLength: 64 }),
  unknown: () => fc.jsonValue(),
  any: () => fc.jsonValue()
}
