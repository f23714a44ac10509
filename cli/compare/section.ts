/** A table of a comparison, which each form writes in its way. */

export type Cell = string | number | undefined

export interface Section {
  title: string
  head: string[]
  rows: Cell[][]
  /** Columns that a narrow screen goes without, the first of them first. */
  spare: string[]
  /** What the table leaves out. */
  note?: string
}
