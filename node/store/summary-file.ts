/**
 * What lists say of results, kept on the disk so that nobody reads ten thousand records for a list: a table of SQLite with the summary of
 * each and the stamp of the folder that it was read from. All of it comes from the records: what cannot be read is made anew, and what
 * cannot be written costs the next list its time.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { removeTree } from './remove-tree.ts'

/** Goes up with the shape of what is kept. */
const FORMAT = 1
/** Another process that has it open is waited for so long, ms. */
const BUSY_MS = 500

/** @param text a summary, as JSON */
export interface KeptSummary {
  run: string
  stamp: string
  text: string
}

export class SummaryFile {
  readonly #folder: string

  /** @param folder of its own */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** One after the other, since all of them at once are many megabytes; none where there is no file that can be read. */
  async *rows(): AsyncGenerator<KeptSummary> {
    const db = await this.#open()
    if (db == null) return
    try {
      yield* db
        .prepare('SELECT run, stamp, text FROM summaries')
        .iterate() as Iterable<unknown> as Iterable<KeptSummary>
    } catch (cause) {
      await this.#giveUp(cause)
    } finally {
      db.close()
    }
  }

  async write(fresh: KeptSummary[], gone: string[]): Promise<void> {
    if (fresh.length + gone.length === 0) return
    const db = await this.#open()
    if (db == null) return
    try {
      const put = db.prepare('INSERT OR REPLACE INTO summaries VALUES (?, ?, ?)')
      const drop = db.prepare('DELETE FROM summaries WHERE run = ?')
      db.exec('BEGIN')
      for (const run of gone) drop.run(run)
      for (const { run, stamp, text } of fresh) put.run(run, stamp, text)
      db.exec('COMMIT')
    } catch (cause) {
      await this.#giveUp(cause)
    } finally {
      db.close()
    }
  }

  /** @returns undefined where it cannot be opened */
  async #open(): Promise<DatabaseSync | undefined> {
    let db: DatabaseSync | undefined
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      // it takes some 2 ms and 1 MiB, and a daemon that lists nothing does without
      const { DatabaseSync } = await import('node:sqlite')
      db = new DatabaseSync(join(this.#folder, 'results.sqlite'), { timeout: BUSY_MS })
      prepare(db)
      return db
    } catch (cause) {
      db?.close()
      await this.#giveUp(cause)
      return undefined
    }
  }

  /** A file that is damaged goes, and the next call makes a new one. */
  async #giveUp(cause: unknown): Promise<void> {
    if (isDamaged(cause)) await removeTree(this.#folder).catch(() => {})
  }
}

function prepare(db: DatabaseSync): void {
  // a wait for the disk would be one of the whole daemon; what a power cut leaves is read anew
  db.exec('PRAGMA synchronous = OFF')
  const { user_version: format } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (format === FORMAT) return
  db.exec(`
    BEGIN IMMEDIATE;
    DROP TABLE IF EXISTS summaries;
    CREATE TABLE summaries (run TEXT PRIMARY KEY, stamp TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = ${FORMAT};
    COMMIT`)
}

/** SQLITE_ERROR: a table that is not as it is here; SQLITE_CORRUPT, SQLITE_NOTADB */
const isDamaged = (cause: unknown) => [1, 11, 26].includes((cause as { errcode?: number }).errcode ?? 0)
