/** Tables that leave out columns where they would not fit a terminal. */
import { cleanLine } from '../protocols/clean-line.ts'
import { formatTable, terminalWidth } from '../protocols/text-table.ts'

type Cell = string | number | undefined

/**
 * @param spare heads of columns that may be left out, the first of them first
 * @returns the table with as many of its columns as fit beside each other
 */
export function fittingTable(head: string[], rows: Cell[][], spare: string[], width = terminalWidth()): string {
  const widths = head.map((name, i) =>
    rows.reduce((most, row) => Math.max(most, cleanLine(String(row[i] ?? '')).length), name.length)
  )
  const left = new Set<string>()
  const used = () => head.reduce((sum, name, i) => (left.has(name) ? sum : sum + 2 + (widths[i] as number)), -2)
  for (const name of spare) if (used() > width) left.add(name)
  const isShown = (_: unknown, i: number) => !left.has(head[i] as string)
  return formatTable(
    head.filter(isShown),
    rows.map(row => row.filter(isShown)),
    width
  )
}
