/** A file of the kernel as CSV: what its columns are, and its rows. */
import { KernelFile } from './kernel-file.ts'
import type { Source } from './sampled-tool.ts'

export interface Subject {
  /** Of the file NAME.csv. */
  name: string
  source: string
  /** Missing in some kernels. */
  optional?: boolean
  /** @returns names of the columns after `time`, as many as this kernel writes */
  columns(text: string): string[]
  /** @returns for each row the values after `time`, joined by commas */
  rows(text: string): string[]
}

/** @throws the error of the file system if it cannot be opened */
export function sourceOf({ name, source, columns, rows }: Subject): Source {
  const file = new KernelFile(source)
  let text = ''
  return {
    file: `${name}.csv`,
    columns: () => columns(text),
    rows() {
      text = file.read()
      return rows(text)
    },
    close: () => file.close()
  }
}

export const linesOf = (text: string) => text.split('\n').filter(line => line !== '')
/** Blanks become commas. */
export const joined = (line: string) => line.trim().replace(/[ \t]+/g, ',')
