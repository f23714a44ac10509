/**
 * Which lines of a list a person means, those of runs or of jobs: `tags.kernel = "6.18" and (name ~ "fio*" or took > 5m) and not partial`.
 *
 *     or     = and { "or" and }
 *     and    = not { "and" not }
 *     not    = "not" not | "(" or ")" | FIELD [ OPERATOR VALUE ]
 *
 * A field alone asks whether the line has it. A line without the field fits no comparison but != and !~.
 */
import type { RunLine } from '../control/results.ts'
import { listInWords } from '../list-in-words.ts'
import { nearest } from '../nearest.ts'
import type { Field, Fields } from './field.ts'
import { fieldsOfRuns } from './fields-of-runs.ts'
import { EXPECTED, inNaturalOrder, type Operator, testOf, type Value } from './values.ts'
import { type Word, wordsOf, wrong } from './words.ts'

/** Parentheses and `not` in each other. */
const MAX_DEPTH = 64
/** Values that a message names. */
const MAX_NAMED = 32

/** @param now ms since 1970 */
export type Fits<Line = RunLine> = (line: Line, now: number) => boolean
/** @returns below 0 where the first comes first */
export type Order<Line = RunLine> = (a: Line, b: Line, now: number) => number

/** @returns which runs fit. @throws {BakError} `usage`: what is wrong and in which column */
export const readWhere = (expression: string): Fits => readWhereOf(fieldsOfRuns, expression)
/** As `readOrderOf`, of runs. */
export const readOrder = (text: string): Order => readOrderOf(fieldsOfRuns, text)

/** @returns which lines fit. @throws {BakError} `usage`: what is wrong and in which column */
export function readWhereOf<Line>(fields: Fields<Line>, expression: string): Fits<Line> {
  const reader = new Reader(fields, wordsOf(expression))
  const fits = reader.or(0)
  const { next } = reader
  if (next.kind !== 'end') throw wrong(`expected and, or, or the end, and found ${shown(next)}`, next.column)
  return fits
}

class Reader<Line> {
  readonly #fields: Fields<Line>
  readonly #words: Word[]
  #at = 0

  constructor(fields: Fields<Line>, words: Word[]) {
    this.#fields = fields
    this.#words = words
  }

  get next(): Word {
    return this.#words[this.#at] as Word
  }

  or(depth: number): Fits<Line> {
    const all = [this.#and(depth)]
    while (this.#takes('or')) all.push(this.#and(depth))
    return all.length === 1 ? (all[0] as Fits<Line>) : (line, now) => all.some(each => each(line, now))
  }

  #and(depth: number): Fits<Line> {
    const all = [this.#not(depth)]
    while (this.#takes('and')) all.push(this.#not(depth))
    return all.length === 1 ? (all[0] as Fits<Line>) : (line, now) => all.every(each => each(line, now))
  }

  #not(depth: number): Fits<Line> {
    const { column } = this.next
    if (depth > MAX_DEPTH) throw wrong(`more than ${MAX_DEPTH} parentheses in each other`, column)
    if (this.#takes('not')) {
      const fits = this.#not(depth + 1)
      return (line, now) => !fits(line, now)
    }
    if (!this.#takesSign('(')) return this.#comparison()
    const fits = this.or(depth + 1)
    if (!this.#takesSign(')')) throw wrong(`expected ), and found ${shown(this.next)}`, this.next.column)
    return fits
  }

  #comparison(): Fits<Line> {
    const word = this.next
    const field = word.kind === 'bare' ? this.#fields.of(word.text) : undefined
    if (field == null) throw wrong(noField(this.#fields, word), word.column)
    this.#at++
    const operator = this.#operator()
    if (operator == null) return (line, now) => isThere(field.of(line, now))
    const value = this.next
    if (value.kind === 'sign' || value.kind === 'end' || isKeyword(value))
      throw wrong(`expected ${EXPECTED[field.kind]} after ${operator}, and found ${shown(value)}`, value.column)
    this.#at++
    return comparing(field, word.text, operator, value)
  }

  #operator(): Operator | undefined {
    const { kind, text } = this.next
    if (kind !== 'sign' || text === '(' || text === ')') return undefined
    this.#at++
    return text as Operator
  }

  #takes(keyword: string): boolean {
    return this.#takesWord(this.next.kind === 'bare' && this.next.text.toLowerCase() === keyword)
  }

  #takesSign(sign: string): boolean {
    return this.#takesWord(this.next.kind === 'sign' && this.next.text === sign)
  }

  #takesWord(isTaken: boolean): boolean {
    if (isTaken) this.#at++
    return isTaken
  }
}

function comparing<Line>(
  field: Field<Line>,
  name: string,
  operator: Operator,
  { text, kind, column }: Word
): Fits<Line> {
  const { choices } = field
  if (choices != null && (operator === '=' || operator === '!=') && !choices.includes(text))
    throw wrong(`${name} is never ${JSON.stringify(text)}: it is ${choices.join(', ')}`, column)
  const test = testOf(field.kind, operator, text, kind === 'quoted')
  if (test == null && (operator === '~' || operator === '!~'))
    throw wrong(`${operator} is for texts, and ${name} is ${EXPECTED[field.kind]}`, column)
  if (test == null) throw wrong(`${name} is ${EXPECTED[field.kind]}, and ${JSON.stringify(text)} is not`, column)
  const ofNone = operator === '!=' || operator === '!~'
  return (line, now) => {
    const value = field.of(line, now)
    return value === undefined ? ofNone : test(value)
  }
}

const isThere = (value: Value | undefined) => value !== undefined && value !== false && value !== ''
const isKeyword = ({ kind, text }: Word) => kind === 'bare' && ['and', 'or', 'not'].includes(text.toLowerCase())
const shown = ({ kind, text }: Word) => (kind === 'end' ? 'the end' : kind === 'quoted' ? JSON.stringify(text) : text)

function noField<Line>(fields: Fields<Line>, word: Word): string {
  if (word.kind !== 'bare' || isKeyword(word))
    return `expected a field, and found ${shown(word)}. Fields are ${theFields(fields)}`
  const near = nearest(word.text, fields.names)
  return `there is no field ${word.text}${near == null ? '.' : `; did you mean ${near}?`} Fields are ${theFields(fields)}`
}

const theFields = <Line>({ names }: Fields<Line>) => listInWords(names, MAX_NAMED)

/**
 * @param text fields with commas, `-` before one for the largest first: `-took,tags.kernel`
 * @returns how to order lines; those without the field come last, and who is alike in all keeps its place
 * @throws {BakError} `usage`
 */
export function readOrderOf<Line>(fields: Fields<Line>, text: string): Order<Line> {
  let column = 1
  const keys = text.split(',').map(each => {
    const name = each.trim().replace(/^-/, '')
    const field = fields.of(name)
    if (field == null) throw wrong(noField(fields, { kind: 'bare', text: name, column }), column)
    column += each.length + 1
    return { field, sign: each.trim().startsWith('-') ? -1 : 1 }
  })
  return (a, b, now) => {
    for (const { field, sign } of keys) {
      const [one, other] = [field.of(a, now), field.of(b, now)]
      if (one === other) continue
      if (one === undefined || other === undefined) return one === undefined ? 1 : -1
      const difference =
        field.kind === 'text' ? inNaturalOrder(String(one), String(other)) : Number(one) - Number(other)
      if (difference !== 0) return sign * difference
    }
    return 0
  }
}
