/** What an export is written by: a file a format, named in `formats.ts`. */

import type { Result } from '../result/open-result.ts'
import type { SeriesChoice } from '../result/series-rows.ts'

export interface ExportOptions {
  result: Result
  choice: SeriesChoice
  /** A file, or a folder; stdout where it is left out. */
  output?: string
}

export interface Exported {
  rows: number
  series: number
}

export interface Exporter {
  /** What is written: one text, which may go to stdout; a file that is no text; or a folder of files. */
  writes: 'text' | 'file' | 'folder'
  /** Of the name of a file that is written. */
  extensions: string[]
  /** @param write takes the next portion of a text @throws {BakError} of the file system */
  run(options: ExportOptions, write: (text: string) => Promise<void>): Promise<Exported>
}
