/** How a file that a tool wrote becomes series: what a reader is, and what it writes to. */
import type { ToolOptions } from '../../protocols/tool-options.ts'

/** What a reader knows of a file beside its lines. */
export interface FileAbout {
  tool: string
  /** Its path in the folder of the tool. */
  file: string
  options: ToolOptions
  /** Seconds between two samples, as the tool was asked. */
  interval: number
  /** When its writing began, ms since 1970 on this machine's clock: for times that count from there. */
  began: number
  /** How far the clock of this machine is ahead of the controller's, ms: for times that are on the controller's. */
  offset?: number | undefined
  /** Processors of this machine. */
  processors?: number | undefined
}

/** Reads files of one kind. It belongs to no file: what it must remember of one is in what `open` returns. */
export interface SeriesReader {
  /** Of the folder of the tool: names, or what a path there matches. */
  files: Array<string | RegExp>
  /**
   * Of a file that is no text: the program and its words that print it as lines, which runs on this machine with LC_ALL=C and TZ=UTC.
   * @param path of the file
   */
  convert?(path: string, about: FileAbout): string[]
  open(about: FileAbout, sink: Sink): LineReader
}

/** What it throws gives up the file from there on: what was read stays, and file, line and reason are named. */
export interface LineReader {
  /** @param text without its line break @param number 1 .. n */
  line(text: string, number: number): void
  /** For a last line without a line break, which may be half of one; without this method it is left out and named. */
  cut?(text: string, number: number): void
  /** After the last line. */
  end?(): void
}

/** @param t ms since 1970 on this machine's clock, with fractions */
export type Put = (t: number, value: number) => void

export interface CounterOptions {
  /** Bits after which the counter begins at 0 again; without it a smaller value means that it was reset. */
  wrap?: 32 | undefined
  /** What the rate is multiplied with: 512 for sectors, 100 / ticks for shares of a processor. */
  scale?: number | undefined
}

/**
 * Where a reader puts numbers. `gauge` and `counter` cost a look-up: a reader keeps what they return for each of its series, which is cheap
 * to call. Values that are not finite are left out. A series that is beyond the bounds of a file takes values and drops them.
 */
export interface Sink {
  gauge(metric: string, labels: Labels, unit: string): Put
  /** A number that only grows. Between two samples it becomes a rate a second, in this unit, at the time of the second. */
  counter(metric: string, labels: Labels, unit: string, options?: CounterOptions): Put
  /** The line is no sample, and nothing that the tool writes beside its samples: counted, and the first is named with its number. */
  bad(why: string): void
}

export type Labels = Readonly<Record<string, string>>
