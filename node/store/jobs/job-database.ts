/**
 * The file of SQLite with what this peer knows of jobs. Changes are collected, and written in one transaction some time later, so that a job costs
 * microseconds; who reads sees them. It is opened when it is first used: a peer without jobs has none. A file that is damaged, or of another
 * format, goes, and a new one is begun.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Log } from '../../log.ts'
import { FORMAT, TABLES } from './job-schema.ts'

/** Changes are written so long after the first of them, ms. */
const FLUSH_MS = 50
/** Changes that wait: more are written at once. */
const MAX_QUEUED = 512
const MAX_QUEUED_BYTES = 1024 * 1024
/** Another process that has it open is waited for so long, ms. */
const BUSY_MS = 500
/** After it could not be opened, it is not tried again for so long, ms; nor is a failure said again. */
const RETRY_MS = 10_000
/** Of the file that changes go to first. */
const MAX_WAL_BYTES = 16 * 1024 * 1024

/** One change, inside a transaction. */
type Change = (db: OpenJobs) => void

export class JobDatabase {
  readonly #folder: string
  readonly #log: Log
  #open: OpenJobs | undefined
  #queue: Change[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  #failed = Number.NEGATIVE_INFINITY
  /** Called when what waited is written, or is lost. */
  onFlushed: () => void = () => {}
  /** Called in each transaction, behind its changes. */
  beforeCommit: (db: OpenJobs, changes: number) => void = () => {}

  constructor({ folder, log }: { folder: string; log: Log }) {
    this.#folder = folder
    this.#log = log.with({}, 'job-records')
  }

  /** @param bytes about how much it keeps */
  change(bytes: number, change: Change): void {
    this.#queue.push(change)
    this.#queuedBytes += bytes
    if (this.#queue.length >= MAX_QUEUED || this.#queuedBytes >= MAX_QUEUED_BYTES) return this.flush()
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }

  /** @returns what `use` returns, which sees all changes; `otherwise` where there is nothing that can be read */
  read<T>(use: (db: OpenJobs) => T, otherwise: T): T {
    this.flush()
    try {
      const open = this.#opened()
      return open == null ? otherwise : use(open)
    } catch (cause) {
      this.#giveUp('not read', cause)
      return otherwise
    }
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const changes = this.#queue
    if (changes.length === 0) return
    this.#queue = []
    this.#queuedBytes = 0
    try {
      this.#opened()?.inTransaction(db => {
        for (const change of changes) change(db)
        this.beforeCommit(db, changes.length)
      })
    } catch (cause) {
      this.#giveUp('not written', cause)
    }
    this.onFlushed()
  }

  close(): void {
    this.flush()
    this.#close()
    // what comes now is lost
    this.#failed = Number.POSITIVE_INFINITY
  }

  #opened(): OpenJobs | undefined {
    if (this.#open != null) return this.#open
    if (performance.now() - this.#failed < RETRY_MS) return undefined
    this.#open = this.#openFile()
    if (!this.#open.isOfThisFormat()) {
      this.#remove()
      this.#open = this.#openFile()
    }
    this.#open.prepareTables()
    return this.#open
  }

  #openFile(): OpenJobs {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    return new OpenJobs(join(this.#folder, 'jobs.sqlite'))
  }

  /** The daemon goes on without. */
  #giveUp(what: string, cause: unknown): void {
    const { message: why, errcode } = cause as { message: string; errcode?: number }
    const now = performance.now()
    if (now - this.#failed >= RETRY_MS) this.#log.warn(`records of jobs ${what}`, { why, folder: this.#folder })
    if (isDamaged(errcode)) return this.#remove()
    // each further try would hold up the daemon for as long as the first
    if (isBusy(errcode)) this.#close()
    if (this.#open == null) this.#failed = now
  }

  #remove(): void {
    this.#close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #close(): void {
    try {
      this.#open?.close()
    } catch {
      // it may have never been opened whole
    }
    this.#open = undefined
  }
}

/** It while it is open, with the statements that were prepared. */
export class OpenJobs {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    // it takes some 2 ms and 1 MiB, and a daemon without jobs does without
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    this.#db = new DatabaseSync(path, { timeout: BUSY_MS })
  }

  isOfThisFormat(): boolean {
    const { user_version: format } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number }
    return format === 0 || format === FORMAT
  }

  prepareTables(): void {
    // a wait for the disk would be one of the whole daemon; what a power cut damages is begun anew
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      PRAGMA journal_size_limit = ${MAX_WAL_BYTES};
      BEGIN IMMEDIATE;
      ${TABLES}
      PRAGMA user_version = ${FORMAT};
      COMMIT`)
  }

  /** @param sql written in the source: each is prepared once */
  sql(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql)
    this.#statements.set(sql, known)
    return known
  }

  inTransaction(work: (db: OpenJobs) => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work(this)
      this.#db.exec('COMMIT')
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw cause
    }
  }

  close(): void {
    this.#db.close()
  }
}

/** SQLITE_BUSY, SQLITE_LOCKED */
const isBusy = (code = 0) => [5, 6].includes(code & 0xff)
/** SQLITE_ERROR: a table that is not as it is here; SQLITE_CORRUPT, SQLITE_NOTADB */
const isDamaged = (code = 0) => [1, 11, 26].includes(code & 0xff)
