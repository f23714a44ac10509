/** What a thread is to read into one `series.parquet`, and what came of it: plain data, which a thread is given and gives back. */
import type { ErrorCode } from '../../../protocols/errors.ts'
import type { Reading } from '../../../protocols/reading.ts'
import type { Remark, SeriesFileInfo } from '../../../protocols/series/series-file.ts'
import type { CollectorName } from '../../collectors/collector.ts'
import type { FileAbout } from '../../series/reader.ts'

/**
 * How a file is read: by the reader of a tool of bak, by its place in the list of that tool, by a table of a user's tool, or by one of the
 * readers of workloads, by its place in their list.
 */
export type ReaderRef = { tool: string; at: number } | { reading: Reading } | { workload: number } | CollectedRef

/** Or what a collector has. */
export interface CollectedRef {
  collected: CollectorName
  /** Labels that each series of the member has. */
  drop: string[]
}

export interface FileToRead {
  /** What is read: the file, or what a program printed of it. */
  path: string
  /** The file in the folder of the sample, as remarks name it. */
  shown: string
  about: FileAbout
  reader: ReaderRef
}

export interface SeriesJob {
  /** In a folder that is there. */
  output: string
  info: Omit<SeriesFileInfo, 'remarks'>
  files: FileToRead[]
  /** Files that are not read, and why: by their place in `files`. */
  givenUp: Array<[file: number, why: string]>
  /** What is known already of what cannot be read. */
  remarks: Remark[]
  /** ms that it may take: what is not read then stays unread. */
  time: number
}

export interface SeriesMade {
  series: number
  points: number
  /** Bytes of text that were read. */
  bytes: number
  remarks: Remark[]
}

/** What a thread says: which file it reads, at its begin and then again from time to time; or the end; or why no file of series could be written. */
export type FromThread = { file: number } | { made: SeriesMade } | { failed: string; code: ErrorCode }
