/** Files that tools of bak sample: CSV with a line of names, of which the first is `time` in ms since 1970. */
import { splitCsv } from '../../../protocols/csv.ts'
import type { FileAbout, Put, SeriesReader, Sink } from '../../series/reader.ts'
import { keptIn } from './kept.ts'

export interface ReadRow {
  /** @param at ms since 1970 @param cells of the row, with its time */
  (at: number, cells: string[]): void
  /** After the last row below these names, if the file is whole. */
  end?(): void
}

/** @param open gets the names of the columns, at the begin and again where a line of names is repeated */
export function csvFile(
  file: string,
  open: (columns: string[], sink: Sink, about: FileAbout) => ReadRow
): SeriesReader {
  return {
    files: [file],
    open(about, sink) {
      let names = ''
      let columns: string[] = []
      let row: ReadRow | undefined
      let isCut = false
      return {
        line(text) {
          if (text === names) return
          const cells = text.includes('"') ? (splitCsv(text) ?? []) : text.split(',')
          if (cells[0] === 'time') {
            row?.end?.()
            names = text
            columns = cells
            row = open(columns, sink, about)
            return
          }
          const at = cells[0] === '' ? Number.NaN : Number(cells[0])
          if (row == null) sink.bad('comes before the names of the columns')
          else if (cells.length !== columns.length)
            sink.bad(`has ${cells.length} cells; there are ${columns.length} columns`)
          else if (Number.isNaN(at)) sink.bad(`${cells[0]?.slice(0, 40)} is no time in ms since 1970`)
          else row(at, cells)
        },
        cut() {
          sink.bad('ends without a line break')
          isCut = true
        },
        end() {
          if (!isCut) row?.end?.()
        }
      }
    }
  }
}

/** What becomes of a column. */
export interface Column {
  metric: string
  unit: string
  /** By which it is multiplied. */
  scale?: number
  /** It only grows, and becomes a rate per second, of which `unit` is the unit. */
  isCounter?: boolean
  /** Bits after which a counter begins again at 0. */
  wrap?: 32
}

/** @param labels of all values of this row @returns what writes the value of each column, where a column is one */
export function writersOf(
  columns: Array<Column | undefined>,
  labels: Record<string, string>,
  sink: Sink
): Array<Put | undefined> {
  return columns.map(column => {
    if (column == null) return undefined
    const { metric, unit, scale = 1, isCounter, wrap } = column
    if (isCounter) return sink.counter(metric, labels, unit, { wrap, scale })
    const put = sink.gauge(metric, labels, unit)
    return scale === 1 ? put : (at, value) => put(at, value * scale)
  })
}

/**
 * A table whose rows are about the thing, or the things, that its first columns name.
 * @param labelOf by column, the label that it becomes @param columnOf @returns undefined for a column that is no measurement
 */
export function rowsAbout(
  labelOf: Record<string, string>,
  columnOf: (name: string) => Column | undefined,
  names: string[],
  sink: Sink
): ReadRow {
  const keys = names.flatMap((name, i) => (labelOf[name] == null ? [] : [{ label: labelOf[name], i }]))
  const columns = names.map((name, i) => (i === 0 || labelOf[name] != null ? undefined : columnOf(name)))
  const places = columns.flatMap((column, i) => (column == null ? [] : [i]))
  const known = new Map<string, { at: number; writers: Array<Put | undefined> }>()
  return (at, cells) => {
    const key = keys.length === 1 ? (cells[keys[0]?.i ?? 0] ?? '') : keys.map(({ i }) => cells[i]).join(',')
    const row = keptIn(known, key, () => ({
      at: Number.NaN,
      writers: writersOf(columns, Object.fromEntries(keys.map(({ label, i }) => [label, cells[i] ?? ''])), sink)
    }))
    // of two with one name, as of mounts of which one hides the other, the first
    if (row.at === at) return
    row.at = at
    for (const i of places) {
      const cell = cells[i]
      if (cell !== '') row.writers[i]?.(at, Number(cell))
    }
  }
}
