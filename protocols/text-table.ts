/** Tables and facts for people: on a terminal no line is wider than that. */
import { cleanLine } from './clean-line.ts'

type Cell = string | number | undefined

/** Columns between a row and what is folded below it. */
const INDENT = '    '

/** What a pipe reads is not folded: there each row is a line. */
export const terminalWidth = () => (process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY)

/**
 * Columns two spaces apart, as wide as their widest cell; an empty cell is a dash. Where the table is too wide, the last columns follow
 * below each row, with their heads and without empty cells; a first cell that is too wide itself is folded.
 */
export function formatTable(head: string[], rows: Cell[][], width = terminalWidth()): string {
  const cells = rows.map(row => row.map(textOf))
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map(row => (row[i] as string).length)))
  const fitting = countFitting(widths, width)
  const line = ([first = '', ...others]: string[]) =>
    first.length > width
      ? foldText(first, width - INDENT.length).join(`\n${INDENT}`)
      : [first, ...others.slice(0, fitting - 1)]
          .map((cell, i) => cell.padEnd(widths[i] as number))
          .join('  ')
          .trimEnd()
  const below = (row: string[]) =>
    head.flatMap((name, i) => (i < fitting || row[i] === '-' ? [] : [`${name.toLowerCase()}: ${row[i]}`]))
  return [line(head), ...cells.flatMap(row => [line(row), ...foldPieces(below(row), width - INDENT.length)])].join('\n')
}

/** `key: value` lines, the values aligned, without the keys that have no value. */
export function formatFacts(facts: Record<string, Cell>, width = terminalWidth()): string {
  const given = Object.entries(facts).filter(([, value]) => value != null && value !== '')
  const keys = Math.max(...given.map(([key]) => key.length)) + 2
  return given
    .flatMap(([key, value]) => {
      const [first = '', ...more] = foldText(cleanLine(String(value)), width - keys)
      return [`${key}:`.padEnd(keys) + first, ...more.map(line => ' '.repeat(keys) + line)]
    })
    .join('\n')
}

const textOf = (cell: Cell) => cleanLine(String(cell ?? '')) || '-'

/** @returns how many columns fit side by side, at least the first */
function countFitting(widths: number[], width: number): number {
  let used = -2
  const tooMany = widths.findIndex(each => {
    used += each + 2
    return used > width
  })
  return tooMany === -1 ? widths.length : Math.max(1, tooMany)
}

/** Puts pieces side by side, two spaces apart, on as many lines as they need. */
function foldPieces(pieces: string[], width: number): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (last != null && last.length + 2 + piece.length <= width) lines[lines.length - 1] = `${last}  ${piece}`
    else lines.push(...foldText(piece, width))
  }
  return lines.map(line => INDENT + line)
}

/** A sentence on lines that fit the terminal, the further ones indented. */
export const formatNote = (text: string, width = terminalWidth()) =>
  foldText(cleanLine(text), width - INDENT.length).join(`\n${INDENT}`)

/** A space at which a line may end: not the one between a number and its unit, as in `16.8 k requests/s`, `1,003 ops/s` and `36.9 %`. */
const BREAK = / (?=\d)|(?<!(?:^|[ (])\d(?:[\d.]|,(?=\d)){0,15}(?: [kMG])?) /

/** Breaks a text at its spaces; a word that is too long stays whole, so that it can be copied. */
function foldText(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(BREAK).flatMap(each => (each.length > width ? each.split(' ') : [each]))) {
    const last = lines.at(-1)
    if (last != null && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
