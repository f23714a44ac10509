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

/**
 * A file that several are about is read once a sample, for the first of them.
 * @throws the error of the file system if one cannot be opened
 */
export function sourcesOf(subjects: Subject[]): Source[] {
  const opened = new Map<string, { text: string }>()
  return subjects.map(subject => {
    const read = opened.get(subject.source)
    if (read != null) return sourceOf(subject, { read: () => read.text })
    const file = new KernelFile(subject.source)
    const kept = { text: '' }
    opened.set(subject.source, kept)
    const readAnew = () => {
      // what cannot be read is not there for the others either
      kept.text = ''
      kept.text = file.read()
      return kept.text
    }
    return sourceOf(subject, { read: readAnew, close: () => file.close() })
  })
}

function sourceOf({ name, columns, rows }: Subject, { read, close }: { read(): string; close?(): void }): Source {
  let text = ''
  return {
    file: `${name}.csv`,
    columns: () => columns(text),
    rows() {
      text = read()
      return text === '' ? [] : rows(text)
    },
    close
  }
}

export const linesOf = (text: string) => text.split('\n').filter(line => line !== '')
/** Blanks become commas. */
export const joined = (line: string) => line.trim().replace(/[ \t]+/g, ',')
