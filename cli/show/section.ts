/** A table of `bak show`, which is left out where it has no rows. */
import { formatTable } from '../../protocols/text-table.ts'

export const formatSection = (head: string[], rows: (string | number | undefined)[][]) =>
  rows.length === 0 ? '' : formatTable(head, rows)
