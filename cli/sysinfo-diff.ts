/** Draws in what machines differ: the odd ones out first, facts in which the same members stand against each other together. Pure. */
import { listInWords } from '../protocols/list-in-words.ts'
import { type Comparison, type Difference, sidesOf } from '../protocols/sysinfo/differences.ts'
import { cleanLine } from './output.ts'

const MAX_MEMBERS = 6
/** Facts of one block. */
const MAX_ROWS = 40
const INDENT = '  '
const BETWEEN = ' | '
const MAX_NAME = 34

/** @param width columns; no line is wider. @returns one line where all are alike */
export function drawDifferences({ members, facts, differences, absent }: Comparison, width = 80): string[] {
  const without = absent.map(({ item, members: who }) => `not compared: ${item} of ${listInWords(who, MAX_MEMBERS)}`)
  if (members.length < 2) return [`one machine, ${members[0] ?? 'none'}: nothing to compare it with`, ...without]
  const count = `${members.length} machines`
  if (differences.length === 0)
    return [`${count} are alike in ${facts} facts`, ...without].map(line => fit(line, width))
  const blocks = [...Map.groupBy(differences, sidesOf).values()].flatMap(each => ['', ...drawBlock(each, width)])
  const head = `${count} differ in ${differences.length} of ${facts} facts`
  return [fit(head, width), ...without.map(line => fit(line, width)), ...blocks]
}

/** Facts with the same sides: who they are, then a row for each fact. */
function drawBlock(differences: Difference[], width: number): string[] {
  const { groups } = differences[0] as Difference
  const sides = groups.map(({ members }) => listInWords(members, MAX_MEMBERS))
  const shown = differences.slice(0, MAX_ROWS)
  const widest = Math.min(MAX_NAME, Math.max(...shown.map(({ fact }) => fact.length)))
  const rows = shown.flatMap(each => drawRow(each, widest, width))
  const more = differences.length - shown.length
  return [
    ...foldSides(sides, width),
    ...rows,
    ...(more > 0 ? [`${INDENT}${more} more in which they stand so: --json has all`] : [])
  ]
}

/** The sides in the order of the values. */
function foldSides(sides: string[], width: number): string[] {
  const line = sides.join(BETWEEN)
  return line.length <= width ? [line] : sides.map((side, i) => fit(`${i === 0 ? '' : '| '}${side}`, width))
}

/** `name  one | other`, or where that is too long a line for each value. */
function drawRow({ fact, groups }: Difference, widest: number, width: number): string[] {
  const values = groups.map(({ value }) => cleanLine(value ?? '-') || '-')
  const name = cleanLine(fact)
  const line = `${INDENT}${name.padEnd(widest)}  ${values.join(BETWEEN)}`
  if (line.length <= width) return [line]
  const space = width - INDENT.length * 2
  return [
    fit(`${INDENT}${name}`, width),
    ...differing(values, space).map((each, i) => `${INDENT}${INDENT}${fit(`${i === 0 ? '' : '| '}${each}`, space)}`)
  ]
}

/** Values that are too long from shortly before they begin to differ. */
export function differing(values: string[], space: number): string[] {
  if (values.every(each => each.length + 2 <= space)) return values
  const [first = ''] = values
  let same = 0
  while (same < first.length && values.every(each => each[same] === first[same])) same++
  const from = Math.max(0, same - 12)
  return from === 0 ? values : values.map(each => `…${each.slice(from)}`)
}

const fit = (line: string, width: number) => (line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`)
