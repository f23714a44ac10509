/**
 * Writes `times.txt` (protocols/output-times.ts) while a workload runs. Its output goes to files, never through the daemon: this looks
 * at how long they are, and reads nothing.
 */
import { type Stats, statSync } from 'node:fs'
import { constants, type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { whyOf } from '../../protocols/errors.ts'
import { OUTPUT_FILES, TIMES_FILE } from '../../protocols/layout.ts'
import { MAX_LINE_BYTES, MAX_TIMES_BYTES, type OutputTime, writeTime } from '../../protocols/output-times.ts'
import { ifPossible } from '../if-possible.ts'
import { AlignedTimer } from '../mesh/idle/timer.ts'
import { now } from '../now.ts'

/** Interval between two looks, and the shortest between two lines. */
const LOOK_MS = 100
/** After so many lines the shortest interval doubles: a day without a pause is 14,000 lines, 31 days 21,000. */
const LINES_OF_INTERVAL = 1_500

/** What was seen at one look, on the clock of the controller. */
export interface Look {
  at: number
  stdout: number
  stderr: number
  /** When the last of it was written. */
  written: number
}

/**
 * Decides what a look adds. Pure.
 * @param last the line before @param lines how many there are
 * @param isFinal whether nothing is written after this look
 * @returns the line to write; undefined if there is nothing new, or the last line is too near
 */
export function lineAfter(last: OutputTime, lines: number, look: Look, isFinal = false): OutputTime | undefined {
  const stdout = Math.max(last.stdout, look.stdout)
  const stderr = Math.max(last.stderr, look.stderr)
  if (stdout === last.stdout && stderr === last.stderr) return undefined
  // a look comes some ms early or late
  if (!isFinal && look.at - last.at < intervalAfter(lines) - LOOK_MS / 2) return undefined
  // a program may set the times of its files; a clock may have been set
  const at = Math.max(last.at, Math.min(Math.round(look.written), Math.round(look.at)))
  return { at, stdout, stderr }
}

const intervalAfter = (lines: number) => LOOK_MS * 2 ** Math.floor(lines / LINES_OF_INTERVAL)

export class OutputTimes {
  readonly #folder: string
  readonly #began: number
  readonly #beganAt: number
  readonly #timer = new AlignedTimer(
    () => this.#look(),
    () => LOOK_MS
  )
  #file: FileHandle | undefined
  #last: OutputTime
  #lines = 0
  #bytes = 0
  #writing: Promise<void> | undefined
  #failed: string | undefined

  /**
   * @param folder where `stdout.txt` and `stderr.txt` are, and `times.txt` will be
   * @param clock that of the controller, which is read once: from then on the monotonic clock counts, since this machine's may be set
   */
  constructor(folder: string, clock: () => number = now) {
    this.#folder = folder
    this.#beganAt = clock()
    this.#began = performance.now()
    this.#last = { at: Math.round(this.#beganAt), stdout: 0, stderr: 0 }
  }

  /** To be called before the program starts, which may write to the folder: what has the name of the file goes. Never rejects. */
  async start(): Promise<void> {
    const path = join(this.#folder, TIMES_FILE)
    try {
      await unlink(path).catch(() => {})
      const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = constants
      this.#file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
      this.#timer.start()
    } catch (cause) {
      this.#failed = whyOf(cause)
    }
  }

  /** To be called when the program has ended: writes the last line. Never rejects. @returns why lines are missing, if they are */
  async stop(): Promise<string | undefined> {
    this.#timer.stop()
    await this.#writing
    this.#look(true)
    await this.#writing
    await this.#file?.close().catch(() => {})
    this.#file = undefined
    return this.#failed == null ? undefined : `${TIMES_FILE}: ${this.#failed}`
  }

  #look(isFinal = false): void {
    if (this.#file == null || this.#writing != null || this.#failed != null) return
    const elapsed = performance.now() - this.#began
    const [stdout, stderr] = [
      statOf(join(this.#folder, OUTPUT_FILES.stdout)),
      statOf(join(this.#folder, OUTPUT_FILES.stderr))
    ]
    const grown = [
      ...((stdout?.size ?? 0) > this.#last.stdout ? [stdout?.mtimeMs ?? 0] : []),
      ...((stderr?.size ?? 0) > this.#last.stderr ? [stderr?.mtimeMs ?? 0] : [])
    ]
    if (grown.length === 0) return
    const at = this.#beganAt + elapsed
    const written = at - Math.max(0, Date.now() - Math.max(...grown))
    const look = { at, written, stdout: stdout?.size ?? 0, stderr: stderr?.size ?? 0 }
    const line = lineAfter(this.#last, this.#lines, look, isFinal)
    // room is kept for the last line
    if (line == null || (!isFinal && this.#bytes > MAX_TIMES_BYTES - 2 * MAX_LINE_BYTES)) return
    this.#writing = this.#write(this.#file, line).finally(() => {
      this.#writing = undefined
    })
  }

  async #write(file: FileHandle, line: OutputTime): Promise<void> {
    try {
      const { size, nlink } = await file.stat()
      if (size !== this.#bytes || nlink === 0) throw new Error('the workload wrote a file of this name')
      const bytes = Buffer.from(writeTime(line))
      await file.appendFile(bytes)
      this.#bytes += bytes.length
      this.#lines++
      this.#last = line
    } catch (cause) {
      this.#failed = whyOf(cause)
    }
  }
}

/** Synchronous: to wait for the answer would wake threads that sleep. */
const statOf = (path: string): Stats | undefined => ifPossible(() => statSync(path, { throwIfNoEntry: false }))
