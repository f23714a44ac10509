/** Logs of attempts that run or ran here, by line: those that were written together are kept together. */
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'
import { lineText, MAX_LOG_BYTES } from '../../../protocols/jobs/log-bytes.ts'
import { onAbort } from '../../wait.ts'
import type { JobDatabase, OpenJobs } from './job-database.ts'
import { graphText, readGraph } from './job-schema.ts'

/** Lines that are read at once. */
const LINES = 256

/** A log, as far as it is here. */
interface KnownLog extends AttemptAt {
  /** Number of the last line. */
  last: number
  /** Its attempt goes on. */
  isOpen: boolean
}

/** One whose attempt goes on here. */
interface OpenLog {
  at: AttemptAt
  bytes: number
  last: number
  /** Lines that are to be written. */
  lines: LogLine[]
}

interface Waiting {
  /** The number of the line that is waited for. */
  from: number
  wake(): void
}

type LogRow = { id: number; run: string; graph: string; job: string; attempt: number; last: number }

export class JobLogs {
  readonly #database: JobDatabase
  readonly #open = new Map<string, OpenLog>()
  /** Those that are to be written. */
  readonly #unwritten = new Set<OpenLog>()
  /** Who waits for a log to grow or end. */
  readonly #waiting = new Map<string, Set<Waiting>>()

  constructor(database: JobDatabase) {
    this.#database = database
  }

  /** An attempt begins here, so that whoever follows its log waits for it. */
  begin(at: AttemptAt): void {
    if (this.#open.has(keyOf(at))) return
    const log: OpenLog = { at, bytes: 0, last: 0, lines: [] }
    this.#open.set(keyOf(at), log)
    this.#write(log, 0)
  }

  /** Lines beyond the bounds of a log, or of all, are dropped; `n` tells which are missing. */
  append(at: AttemptAt, lines: LogLine[]): void {
    this.begin(at)
    const log = this.#open.get(keyOf(at)) as OpenLog
    let bytes = 0
    for (const line of lines) {
      const size = Buffer.byteLength(lineText(line))
      // what was sent twice is there once
      if (line.n <= log.last || log.bytes + size > MAX_LOG_BYTES) continue
      log.lines.push(line)
      log.last = line.n
      log.bytes += size
      bytes += size
    }
    if (bytes > 0) this.#write(log, bytes)
  }

  /** An attempt has ended. */
  end(at: AttemptAt): void {
    this.#open.delete(keyOf(at))
    for (const { wake } of [...(this.#waiting.get(keyOf(at)) ?? [])]) wake()
  }

  /** The last attempt, and the graph that was begun last, where they are left out. */
  find({ run, job, graph, attempt }: Partial<AttemptAt> & Pick<AttemptAt, 'run' | 'job'>): KnownLog | undefined {
    const rows = this.#database.read(
      db => db.sql('SELECT * FROM logs WHERE run = ? AND job = ?').all(run, job) as unknown as LogRow[],
      []
    )
    const fitting = rows.filter(
      row => (graph == null || row.graph === graphText(graph)) && (attempt == null || row.attempt === attempt)
    )
    // the graph that was begun last, and its last attempt
    const latest = fitting.reduce((id, row) => Math.max(id, row.id), 0)
    const within = fitting.find(({ id }) => id === latest)?.graph
    const [found] = fitting.filter(row => row.graph === within).sort((a, b) => b.attempt - a.attempt)
    if (found == null) return undefined
    const at = { run, job, graph: readGraph(found.graph), attempt: found.attempt }
    return { ...at, last: found.last, isOpen: this.#open.has(keyOf(at)) }
  }

  /** @returns lines from the number `from` on, at most `most`; none where there are no more yet */
  read({ run, graph, job, attempt }: AttemptAt, from = 1, most = LINES): LogLine[] {
    return this.#database.read(db => {
      const log = db
        .sql('SELECT id FROM logs WHERE run = ? AND job = ? AND graph = ? AND attempt = ?')
        .get(run, job, graphText(graph), attempt) as { id: number } | undefined
      if (log == null) return []
      const parts = db
        .sql('SELECT lines FROM log_parts WHERE log = ? AND last >= ? ORDER BY last')
        .iterate(log.id, from) as Iterable<unknown> as Iterable<{ lines: string }>
      const lines: LogLine[] = []
      for (const part of parts) {
        lines.push(...unpacked(part.lines).filter(({ n }) => n >= from))
        if (lines.length >= most) break
      }
      return lines.slice(0, most)
    }, [])
  }

  /** @returns when the log has a line of that number or a later one, or its attempt has ended, or the signal aborts. Never rejects. */
  grew(at: AttemptAt, from: number, signal: AbortSignal): Promise<void> {
    const key = keyOf(at)
    if (signal.aborted || this.#hasGrown(key, from)) return Promise.resolve()
    return new Promise(resolve => {
      const wake = () => {
        waiting.delete(each)
        if (waiting.size === 0) this.#waiting.delete(key)
        release()
        resolve()
      }
      const each = { from, wake }
      const waiting = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiting.add(each))
      const release = onAbort(signal, wake)
    })
  }

  /** What was appended can be read, or is lost. */
  onFlushed(): void {
    for (const log of this.#unwritten) log.lines = []
    this.#unwritten.clear()
    for (const [key, waiting] of [...this.#waiting]) {
      for (const { from, wake } of [...waiting]) if (this.#hasGrown(key, from)) wake()
    }
  }

  /** One change for all that is appended until it is made. */
  #write(log: OpenLog, bytes: number): void {
    const isQueued = this.#unwritten.has(log)
    this.#unwritten.add(log)
    this.#database.change(bytes, db => {
      if (!isQueued) write(db, log)
    })
  }

  #hasGrown(key: string, from: number): boolean {
    const log = this.#open.get(key)
    return log == null || (log.last >= from && log.lines.length === 0)
  }
}

const keyOf = ({ run, graph, job, attempt }: AttemptAt) => `${run} ${graphText(graph)} ${job} ${attempt}`

function write(db: OpenJobs, log: OpenLog): void {
  const { run, graph, job, attempt } = log.at
  const { lines } = log
  const { id } = db
    .sql(
      `INSERT INTO logs (run, graph, job, attempt, at, last, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET at = excluded.at, last = max(last, excluded.last), bytes = excluded.bytes RETURNING id`
    )
    .get(run, graphText(graph), job, attempt, Date.now(), log.last, log.bytes) as { id: number }
  const [first, last] = [lines[0], lines.at(-1)]
  if (first == null || last == null) return
  db.sql('INSERT INTO log_parts (log, first, last, lines) VALUES (?, ?, ?, ?)').run(id, first.n, last.n, packed(lines))
}

const packed = (lines: LogLine[]): string =>
  JSON.stringify(lines.map(({ n, t, text, phase }) => (phase == null ? [n, t, text] : [n, t, text, phase])))

function unpacked(text: string): LogLine[] {
  const lines = JSON.parse(text) as Array<[number, number, string, string?]>
  return lines.map(([n, t, text, phase]) => (phase == null ? { n, t, text } : { n, t, text, phase }))
}
