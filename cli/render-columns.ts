/** Lays out rows of the live block in columns that fit the terminal. Pure. */
import { cleanLine } from '../protocols/clean-line.ts'
import type { Piece, Style } from './output.ts'

export interface LiveColumn<T> {
  head: string
  /** What a cell says, the longest way first. */
  cells: Array<(row: T) => string>
  style?: (row: T) => Style | undefined
  isNumber?: boolean
  /** So wide at least, so that columns stay where they are when a number gets longer. */
  least?: number
  /** It is left out where there is no room; of several the highest first. */
  spare?: number
}

/** A column, and which way of its cells is drawn. */
interface Chosen<T> {
  column: LiveColumn<T>
  way: number
}

const GAP = 2

/** @returns the head and a line a row: cells are shortened first, then columns are left out, until `width` is enough */
export function drawColumns<T>(columns: LiveColumn<T>[], rows: T[], width: number): Piece[][] {
  let chosen = columns.map((column): Chosen<T> => ({ column, way: 0 }))
  while (usedBy(chosen, rows) > width) {
    const next = narrower(chosen)
    if (next == null) break
    chosen = next
  }
  const widths = chosen.map(each => widthOf(each, rows))
  const line = (cells: Array<{ text: string; style?: Style | undefined }>) =>
    cells.flatMap(({ text, style }, i): Piece[] => {
      const room = widths[i] as number
      const padded = chosen[i]?.column.isNumber ? text.padStart(room) : text.padEnd(room)
      return [i === 0 ? '' : ' '.repeat(GAP), style == null ? padded : [style, padded]]
    })
  const head = line(chosen.map(({ column: { head } }) => ({ text: head, style: 'dim' as const })))
  return [
    head,
    ...rows.map(row => line(chosen.map(each => ({ text: textOf(each, row), style: each.column.style?.(row) }))))
  ]
}

/** @returns undefined where nothing more can be done */
function narrower<T>(chosen: Chosen<T>[]): Chosen<T>[] | undefined {
  const left = chosen.map(({ column, way }) => column.cells.length - 1 - way)
  const most = Math.max(...left)
  // what can still be shortened most, so that a bar gives way before a name does
  const shorter = left.lastIndexOf(most)
  if (most > 0) return chosen.map((each, i) => (i === shorter ? { ...each, way: each.way + 1 } : each))
  const spare = chosen.reduce((highest, { column }) => Math.max(highest, column.spare ?? 0), 0)
  return spare === 0 ? undefined : chosen.filter(({ column }) => column.spare !== spare)
}

const textOf = <T>({ column, way }: Chosen<T>, row: T) => cleanLine(column.cells[way]?.(row) ?? '')

const widthOf = <T>(chosen: Chosen<T>, rows: T[]) =>
  rows.reduce(
    (most, row) => Math.max(most, textOf(chosen, row).length),
    Math.max(chosen.column.head.length, chosen.column.least ?? 0)
  )

const usedBy = <T>(chosen: Chosen<T>[], rows: T[]) =>
  chosen.reduce((sum, each) => sum + GAP + widthOf(each, rows), -GAP)
