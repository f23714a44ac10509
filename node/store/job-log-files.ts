/**
 * Logs of jobs in the result folder: a file for each job of each graph, of its last attempt, a line of JSON for each line. Lines are gathered for a
 * moment and written in turn, so that thousands of jobs hold no files open; what is beyond the bounds is counted and not kept.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import type { GraphAt } from '../../protocols/jobs/graph-at.ts'
import type { JobResult } from '../../protocols/jobs/job-result.ts'
import type { LogLine } from '../../protocols/jobs/job-stream.ts'
import { lineText, MAX_LOG_BYTES } from '../../protocols/jobs/log-bytes.ts'
import { jobLogFile } from '../../protocols/layout.ts'
import { InTurn } from '../in-turn.ts'
import { onDisk } from './disk.ts'

/** Of all logs of a run. */
const MAX_RUN_BYTES = 1024 ** 3
/** Text that waits for the disk. */
const MAX_WAITING_BYTES = 32 * 1024 ** 2
const WRITE_EVERY_MS = 100

/** A log of which lines are not in its file. */
export interface CutLog {
  graph: GraphAt
  job: string
  lines: number
  /** Of these, those that the member had kept, and did not come. */
  absent: number
}

/** Of a result. */
type EndedLog = Pick<JobResult, 'graph' | 'job' | 'attempt' | 'lines' | 'dropped'>

interface JobLog {
  path: string
  at: CutLog
  attempt: number
  /** Lines that came, whether they are kept or not. */
  came: number
  /** Of what is in the file, and of what waits. */
  bytes: number
  waiting: string[]
  /** The file has lines of an earlier attempt, or none. */
  isNew: boolean
}

export interface JobLogBounds {
  log?: number
  run?: number
  waiting?: number
}

export class JobLogFiles {
  readonly #root: string
  readonly #bounds: Required<JobLogBounds>
  readonly #logs = new Map<string, JobLog>()
  readonly #due = new Set<JobLog>()
  readonly #folders = new Set<string>()
  readonly #turn = new InTurn()
  #timer: NodeJS.Timeout | undefined
  #bytes = 0
  #waiting = 0
  #failed: string | undefined

  /** @param root the result folder */
  constructor(
    root: string,
    { log = MAX_LOG_BYTES, run = MAX_RUN_BYTES, waiting = MAX_WAITING_BYTES }: JobLogBounds = {}
  ) {
    this.#root = root
    this.#bounds = { log, run, waiting }
  }

  /** Lines of an attempt, in their order. Those of an earlier one than the last are dropped; the first of a later one replace the log. */
  add({ graph, job, attempt }: { graph: GraphAt; job: string; attempt: number }, lines: LogLine[]): void {
    const log = this.#logOf(graph, job)
    if (attempt < log.attempt || lines.length === 0) return
    if (attempt > log.attempt) this.#begin(log, attempt)
    log.came += lines.length
    for (const line of lines) {
      const text = lineText(line)
      const bytes = Buffer.byteLength(text)
      const { log: most, run, waiting } = this.#bounds
      // once one is left out, none comes behind it: a log has no holes of this kind
      const isFull = log.at.lines > 0 || log.bytes + bytes > most || this.#bytes + bytes > run
      if (isFull || this.#waiting + bytes > waiting || this.#failed != null) {
        log.at.lines++
        continue
      }
      log.waiting.push(text)
      log.bytes += bytes
      this.#bytes += bytes
      this.#waiting += bytes
    }
    this.#writeSoon(log)
  }

  /** An attempt has ended, and none of its lines comes any more: what did not come is missing, too. */
  ended({ graph, job, attempt, lines, dropped }: EndedLog): void {
    if (lines === 0 && !this.#logs.has(this.#pathOf(graph, job))) return
    const log = this.#logOf(graph, job)
    if (attempt < log.attempt) return
    if (attempt > log.attempt) {
      // of one that wrote nothing the file does not keep what another did
      this.#begin(log, attempt)
      this.#writeSoon(log)
    }
    log.at.lines += Math.max(0, lines - log.came)
    log.at.absent = Math.max(0, lines - dropped - log.came)
  }

  /** Logs of which some lines were not kept. */
  get cut(): CutLog[] {
    return [...this.#logs.values()].map(({ at }) => at).filter(({ lines }) => lines > 0)
  }

  /** Why nothing more is written. */
  get failed(): string | undefined {
    return this.#failed
  }

  /** All that came until now is in the files. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    return this.#turn.run(async () => {
      for (const log of [...this.#due]) {
        this.#due.delete(log)
        const { length } = log.waiting
        await this.#write(log).catch(cause => {
          this.#failed ??= asBakError(cause).message
          log.at.lines += length
        })
      }
    })
  }

  #writeSoon(log: JobLog): void {
    this.#due.add(log)
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY_MS)
  }

  #logOf(graph: GraphAt, job: string): JobLog {
    const path = this.#pathOf(graph, job)
    const known = this.#logs.get(path)
    if (known != null) return known
    const at = { graph, job, lines: 0, absent: 0 }
    const log = { path, at, attempt: 0, came: 0, bytes: 0, waiting: [], isNew: true }
    this.#logs.set(path, log)
    return log
  }

  #pathOf(graph: GraphAt, job: string): string {
    return join(this.#root, jobLogFile(graph, job))
  }

  #begin(log: JobLog, attempt: number): void {
    this.#bytes -= log.bytes
    for (const text of log.waiting) this.#waiting -= Buffer.byteLength(text)
    Object.assign(log.at, { lines: 0, absent: 0 })
    Object.assign(log, { attempt, came: 0, bytes: 0, waiting: [], isNew: true })
  }

  async #write(log: JobLog): Promise<void> {
    const text = log.waiting.join('')
    const flag = log.isNew ? 'w' : 'a'
    Object.assign(log, { waiting: [], isNew: false })
    this.#waiting -= Buffer.byteLength(text)
    const folder = dirname(log.path)
    await onDisk(log.path, async () => {
      if (!this.#folders.has(folder)) await mkdir(folder, { recursive: true })
      this.#folders.add(folder)
      await writeFile(log.path, text, { flag, mode: 0o644 })
    })
  }
}
