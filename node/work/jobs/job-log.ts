/**
 * Reads along the file with the output of a job: at intervals while it runs, and to its end when it has ended. The file is the daemon's, and its
 * program appends to it; what was written since the last look is in the page cache, so that reading it waits for no disk.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MAX_TAIL } from '../../../protocols/jobs/job-result.ts'
import { type LogLine, MAX_LINE } from '../../../protocols/jobs/job-stream.ts'
import { MAX_LOG_BYTES } from '../../../protocols/jobs/log-bytes.ts'
import { AlignedTimer } from '../../mesh/idle/timer.ts'
import { JobLines, type JobLinesInit } from './job-lines.ts'

/** Between two looks: the times of lines are as fine. */
const LOOK_MS = 100
const PORTION_BYTES = 64 * 1024

export interface JobLogInit extends Pick<JobLinesInit, 'onError' | 'onStated'> {
  path: string
  onLines(lines: LogLine[]): void
}

/** One buffer for all: what is read is taken in before anything else is. */
const portion = Buffer.allocUnsafeSlow(PORTION_BYTES)

export class JobLog {
  readonly #init: JobLogInit
  readonly #lines: JobLines
  readonly #timer = new AlignedTimer(
    // what cannot be read now cannot be read at the end either, which says so
    () => void this.#look().catch(() => {}),
    () => LOOK_MS
  )
  #file: number | undefined
  #began = 0
  #beganAt = 0
  #read = 0
  #t = 0
  #looking: Promise<void> | undefined
  readonly #tail: string[] = []

  constructor(init: JobLogInit) {
    this.#init = init
    const { onError, onStated } = init
    this.#lines = new JobLines({ most: MAX_LOG_BYTES, onError, onStated })
  }

  /** Of its output as far as it has been read. */
  get said(): Pick<JobLines, 'lines' | 'dropped' | 'phase' | 'metrics' | 'warnings'> {
    return this.#lines
  }

  /** The last lines. */
  get tail(): string[] {
    return this.#lines.dropped > 0 ? this.#lastLines() : [...this.#tail]
  }

  /** To be called once the program is there, and its file with it. */
  start(): void {
    this.#began = performance.now()
    this.#beganAt = Date.now()
    this.#file = openSync(this.#init.path, constants.O_RDONLY)
    this.#timer.start()
  }

  /** All that was written is read. @throws what the disk has */
  async finish(): Promise<void> {
    this.#timer.stop()
    await this.#looking
    await this.#look()
    this.#keep(this.#lines.end(this.#t))
  }

  /** Nothing is read any more. */
  close(): void {
    this.#timer.stop()
    if (this.#file != null) closeSync(this.#file)
    this.#file = undefined
  }

  #look(): Promise<void> {
    this.#looking ??= this.#readOn().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #readOn(): Promise<void> {
    while (this.#file != null) {
      const { size, mtimeMs } = fstatSync(this.#file)
      // a program may cut its own output off
      if (size < this.#read) this.#read = 0
      if (size === this.#read) return
      const bytes = readSync(this.#file, portion, 0, Math.min(PORTION_BYTES, size - this.#read), this.#read)
      if (bytes === 0) return
      this.#read += bytes
      // the clock of the system may be set, and a line is no older than that before it
      const elapsed = performance.now() - this.#began
      this.#t = Math.max(this.#t, Math.min(elapsed, Math.max(0, mtimeMs - this.#beganAt)))
      this.#keep(this.#lines.push(portion.subarray(0, bytes), Math.round(this.#t)))
      if (this.#read < size) await nextTurn()
    }
  }

  #keep(lines: LogLine[]): void {
    if (lines.length === 0) return
    this.#tail.push(...lines.slice(-MAX_TAIL).map(({ text }) => text))
    this.#tail.splice(0, this.#tail.length - MAX_TAIL)
    this.#init.onLines(lines)
  }

  /** Of an output that is longer than what is kept of it. */
  #lastLines(): string[] {
    if (this.#file == null) return []
    const from = Math.max(0, this.#read - PORTION_BYTES)
    const bytes = readSync(this.#file, portion, 0, PORTION_BYTES, from)
    const lines = portion.toString('utf8', 0, bytes).replace(/\n$/, '').split('\n')
    // the first of them may have begun before
    return lines
      .slice(lines.length > 1 ? 1 : 0)
      .slice(-MAX_TAIL)
      .map(line => line.slice(0, MAX_LINE))
  }
}
