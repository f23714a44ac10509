/**
 * The output of a job as lines, each with its number, its time and the phase of the script, from bytes that come in portions. A line is bounded, and
 * so is what is kept of all: behind that lines are counted, and looked at for what they say of the job.
 */
import { type LogLine, MAX_LINE } from '../../../protocols/jobs/job-stream.ts'
import { lineText } from '../../../protocols/jobs/log-bytes.ts'
import type { Metric } from '../../../protocols/metric.ts'
import { MarkedLines } from '../stated/marked-lines.ts'
import { Metrics } from '../stated/metrics.ts'
import { readStatement } from '../stated/statement.ts'

const NEWLINE = 10

export interface JobLinesInit {
  /** Bytes of the lines that are kept, as they are in a result. */
  most: number
  /** The words of its first line `#BAK:STATE ERR`. */
  onError(why: string): void
  /** Its phase or its progress, 0 to 100, is another one now. */
  onStated(now: { phase?: string; percent?: number }): void
}

export class JobLines {
  readonly #init: JobLinesInit
  readonly #marks: MarkedLines
  readonly #metrics = new Metrics()
  /** Of a line that has no end yet, at most as much as is kept of one. */
  #rest: Buffer[] = []
  #restBytes = 0
  #bytes = 0
  #isFull = false
  #lines = 0
  #dropped = 0
  #hasFailed = false
  phase: string | undefined

  constructor(init: JobLinesInit) {
    this.#init = init
    this.#marks = new MarkedLines(line => this.#hear(readStatement(line)))
  }

  /** All, also those that are not kept. */
  get lines(): number {
    return this.#lines
  }

  get dropped(): number {
    return this.#dropped
  }

  /** What it stated. */
  get metrics(): Metric[] {
    return this.#metrics.list
  }

  /** Statements that could not be read. */
  get warnings(): string[] {
    return this.#metrics.warnings
  }

  /** @param t ms since the job began @returns the lines that have ended in this portion, as far as they are kept */
  push(portion: Buffer, t: number): LogLine[] {
    const kept: LogLine[] = []
    if (this.#isFull) return this.#count(portion)
    let begin = 0
    for (let end = portion.indexOf(NEWLINE); end >= 0; end = portion.indexOf(NEWLINE, begin)) {
      const part = portion.subarray(begin, end + 1)
      // before the line is made: one that begins a phase is in it
      this.#marks.push(part)
      this.#add(part.subarray(0, -1))
      this.#close(kept, t)
      begin = end + 1
    }
    const rest = portion.subarray(begin)
    if (rest.length === 0) return kept
    this.#marks.push(rest)
    this.#add(rest)
    return kept
  }

  /** Nothing more comes. @returns the last line, where it has no end */
  end(t: number): LogLine[] {
    const kept: LogLine[] = []
    this.#marks.end()
    if (this.#restBytes > 0) this.#close(kept, t)
    return kept
  }

  /** Of a portion of which nothing is kept. */
  #count(portion: Buffer): LogLine[] {
    this.#marks.push(portion)
    for (let end = portion.indexOf(NEWLINE); end >= 0; end = portion.indexOf(NEWLINE, end + 1)) {
      this.#lines++
      this.#dropped++
    }
    this.#rest = []
    this.#restBytes = portion.at(-1) === NEWLINE ? 0 : 1
    return []
  }

  #add(part: Buffer): void {
    const isKept = !this.#isFull && this.#restBytes < MAX_LINE
    // a copy: the portion is used again for what comes next
    if (isKept) this.#rest.push(Buffer.from(part.subarray(0, MAX_LINE - this.#restBytes)))
    this.#restBytes += part.length
  }

  #close(kept: LogLine[], t: number): void {
    this.#lines++
    const text = Buffer.concat(this.#rest).toString('utf8').replace(/\r$/, '')
    const line = { n: this.#lines, t, ...(this.phase == null ? {} : { phase: this.phase }), text }
    this.#bytes += Buffer.byteLength(lineText(line))
    // once one has no room, none behind it has: a log has no holes
    this.#isFull ||= this.#bytes > this.#init.most
    if (this.#isFull) this.#dropped++
    else kept.push(line)
    this.#rest = []
    this.#restBytes = 0
  }

  #hear(said: ReturnType<typeof readStatement>): void {
    if (said?.kind === 'phase') {
      this.phase = said.phase
      this.#init.onStated({ phase: said.phase })
    } else if (said?.kind === 'progress') {
      this.#init.onStated({ ...(this.phase == null ? {} : { phase: this.phase }), percent: said.progress })
    } else if (said?.kind === 'metric') this.#metrics.add(said)
    else if (said?.kind === 'bad') this.#metrics.warn(said.why)
    else if (said?.kind === 'error' && !this.#hasFailed) {
      this.#hasFailed = true
      this.#init.onError(said.why)
    }
  }
}
