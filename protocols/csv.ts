/**
 * Cells of comma-separated values, as RFC 4180 has them but for one rule: a row is one line, so that a text has no end of a line. A text
 * that a spreadsheet would take for a formula has an apostrophe before it.
 */
import { cleanLine } from './clean-line.ts'

export type CsvCell = string | number | undefined

/** What a spreadsheet calculates. A number is none, nor is a name such as -.mount. */
const FORMULA = /^[=+@]|^-.*[!(|]/
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i
/** Written in quotes: what separates, quotes, and blanks that a reader may cut off. */
const QUOTED = /[",]|^\s|\s$/

/** @returns the text of one cell; nothing and what is no finite number are an empty one */
export function csvCell(value: CsvCell): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  const line = cleanLine(value ?? '')
  const text = FORMULA.test(line) && !NUMBER.test(line) ? `'${line}` : line
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** @returns a row without the end of its line */
export const csvLine = (cells: CsvCell[]): string => cells.map(csvCell).join(',')

/** Reads a row that is one line. @returns undefined if a quote is not closed */
export function splitCsv(line: string, separator = ','): string[] | undefined {
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] as string
    if (isQuoted && letter === '"' && line[i + 1] === '"') cell += line[++i]
    else if (letter === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted
    else if (letter === separator && !isQuoted) {
      cells.push(cell)
      cell = ''
    } else cell += letter
  }
  return isQuoted ? undefined : [...cells, cell]
}
