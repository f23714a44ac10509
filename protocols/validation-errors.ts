/** The errors in a value, in words for the person who wrote it; the messages of valibot are for programmers. */
import * as v from 'valibot'
import type { Schema } from './codec.ts'
import { nearest } from './nearest.ts'
import type { Path } from './toml-lines.ts'

export interface ValidationError {
  path: Path
  what: string
}

/** The parts of valibot's schemas that this file reads. */
interface Shape {
  type: string
  message?: unknown
  wrapped?: Shape
  entries?: Record<string, Shape>
  item?: Shape
  value?: Shape
  /** Of a variant: its shapes, and the key that says which. */
  options?: Shape[]
  key?: string
  literal?: unknown
  /** Of a lazy one: its shape, by the value. */
  getter?: (value: unknown) => Shape
}

/** @returns the first error at each path of `value`, and every unknown key with the nearest known one */
export function findValidationErrors(schema: Schema, value: unknown): ValidationError[] {
  const { issues = [] } = v.safeParse(schema, value)
  const wrong = issues.filter(issue => issue.expected !== 'never').map(issue => describe(schema, issue))
  const known = new Set<string>()
  const first = wrong.filter(({ path }) => !known.has(String(path)) && known.add(String(path)))
  return [...first, ...findUnknown(schema as unknown as Shape, value, [])]
}

function describe(schema: Schema, issue: v.BaseIssue<unknown>): ValidationError {
  const path = (issue.path ?? []).map(item => item.key as string | number)
  if (issue.type === 'strict_object' && issue.received === 'undefined') return { path, what: 'is missing' }
  if (issue.type === 'variant' && issue.received === 'undefined')
    return { path, what: `is missing: ${plain(String(issue.expected))}` }
  const shape = shapeAt(schema as unknown as Shape, path)
  const what = phrase(issue, shape)
  return { path, what: isTableForTables(issue, shape) ? `${what}: it begins with [[${path.join('.')}]]` : what }
}

/** `[task]` in the place of `[[task]]`. smol-toml's tables have no prototype, so valibot has no name for them. */
function isTableForTables({ type, received }: v.BaseIssue<unknown>, shape?: Shape): boolean {
  const item = shape?.item && unwrap(shape.item)
  return (
    type === 'array' && ['Object', 'null'].includes(received) && ['strict_object', 'variant'].includes(item?.type ?? '')
  )
}

function phrase({ message, type, received, requirement }: v.BaseIssue<unknown>, shape?: Shape): string {
  if (!message.startsWith('Invalid ')) return message
  if (type === 'max_length') return `has a length of ${received}; ${requirement} is the most`
  if (shape?.type === 'union' && typeof shape.message === 'string') return shape.message
  if (type === 'min_length') return 'is empty'
  if (type === 'safe_integer' || type === 'integer') return `expected a whole number, got ${received}`
  return message
    .replace(/^Invalid [\w ]+: /, '')
    .replace(/^Expected (.*) but received (.*)$/s, (_, wanted, got) => `expected ${plain(wanted)}, got ${plain(got)}`)
}

/** `("A" | "B")` as `"A" or "B"`, and types by their names in TOML. */
function plain(words: string): string {
  const kinds: Record<string, string> = {
    Object: 'a table',
    // smol-toml's tables have no prototype, so valibot has no name for them
    null: 'a table',
    Array: 'a list',
    string: 'a string',
    number: 'a number'
  }
  const shown = words
    .replace(/^\((.*)\)$/s, '$1')
    .replace(/ \| (?=[^|]*$)/, ' or ')
    .replaceAll(' | ', ', ')
  return kinds[shown] ?? shown.replace(/^([<>]=?)(?=\S)/, '$1 ')
}

/** A schema reports only the first unknown key of an object; this finds all of them. */
function findUnknown(schema: Shape, value: unknown, path: Path): ValidationError[] {
  if (value == null || typeof value !== 'object') return []
  const shape = chosen(shapeFor(schema, value), value as Record<string, unknown>)
  if (Array.isArray(value) && shape.type === 'strict_object')
    return [{ path, what: `expected a table, got a list: it begins with [${path.join('.')}]` }]
  return Object.entries(value).flatMap(([key, inner]) => {
    const child = childOf(shape, key)
    const at = [...path, Array.isArray(value) ? Number(key) : key]
    if (child != null) return findUnknown(child, inner, at)
    return shape.type === 'strict_object' ? [{ path: at, what: unknown(key, Object.keys(shape.entries ?? {})) }] : []
  })
}

function shapeFor(schema: Shape, value: unknown): Shape {
  const shape = unwrap(schema)
  return shape.getter == null ? shape : shapeFor(shape.getter(value), value)
}

/** A variant is the one of its shapes that the value says. */
function chosen(shape: Shape, value: Record<string, unknown>): Shape {
  const { type, options = [], key = '' } = shape
  if (type !== 'variant') return shape
  return options.find(({ entries }) => entries?.[key]?.literal === value[key]) ?? shape
}

function unknown(key: string, known: string[]): string {
  const near = nearest(key, known)
  return near == null
    ? `is not a known key; there are ${known.join(', ')}`
    : `is not a known key; did you mean ${near}?`
}

function shapeAt(schema: Shape, path: Path): Shape | undefined {
  let shape: Shape | undefined = unwrap(schema)
  for (const key of path) {
    const child: Shape | undefined = shape && childOf(shape, key)
    shape = child && unwrap(child)
  }
  return shape
}

const childOf = ({ type, entries, item, value }: Shape, key: string | number): Shape | undefined => {
  if (entries != null) return Object.hasOwn(entries, key) ? entries[key] : undefined
  return type === 'array' ? item : value
}

const unwrap = (schema: Shape): Shape => (schema.wrapped == null ? schema : unwrap(schema.wrapped))
