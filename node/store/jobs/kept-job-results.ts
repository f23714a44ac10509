/**
 * Signed results of jobs. Those of other peers may be kept without a look at their signature, which costs more than all the rest: it is checked
 * when a result is read, and one that is not good, or was damaged on the disk, is not there.
 */
import { decode, encode } from '../../../protocols/codec.ts'
import { digestOf } from '../../../protocols/digest.ts'
import { envelope, open, type Signed } from '../../../protocols/envelope.ts'
import { bytesOfOutputs, type JobResult, jobResultSubject, reasonOf } from '../../../protocols/jobs/job-result.ts'
import type { JobDatabase, OpenJobs } from './job-database.ts'
import { graphText } from './job-schema.ts'

/** Of one key, the newest of so many signers: any of them may not be reached. */
const MAX_SIGNERS = 16
/** Of one name of a job, until one is of the same job. */
const MAX_LATEST = 8
/** Results that one answer has. */
const MAX_RESULTS = 1_024

type Row = { sealed: Uint8Array }
type Bound = string | number

export class KeptJobResults {
  readonly #database: JobDatabase

  constructor(database: JobDatabase) {
    this.#database = database
  }

  keep(result: Signed<JobResult>): void {
    const sealed = encode(result.envelope)
    this.#database.change(sealed.length, db => insert(db, result, sealed))
  }

  byKeys(keys: string[]): Signed<JobResult>[] {
    const newest = `SELECT max(id) FROM results WHERE key = ? AND outcome = 'done' GROUP BY by ORDER BY 1 DESC LIMIT ${MAX_SIGNERS}`
    return this.#database.read(db => keys.flatMap(key => this.#read(db, newest, key)), [])
  }

  byOutput(digest: string, most: number): Signed<JobResult>[] {
    const newest = 'SELECT DISTINCT result FROM outputs WHERE digest = ? ORDER BY result DESC LIMIT ?'
    return this.#database.read(db => this.#read(db, newest, digest, most), [])
  }

  ofRun(run: string, { job, attempt }: { job?: string; attempt?: number }): Signed<JobResult>[] {
    const these = `SELECT id FROM results WHERE run = ? AND ? IN ('', job) AND ? IN (0, attempt) ORDER BY id DESC LIMIT ${MAX_RESULTS}`
    return this.#database.read(db => this.#read(db, these, run, job ?? '', attempt ?? 0), [])
  }

  latestOf(job: string, isSame: (before: JobResult) => boolean = () => true): Signed<JobResult> | undefined {
    const newest = `SELECT id FROM results WHERE job = ? AND outcome = 'done' ORDER BY id DESC LIMIT ${MAX_LATEST}`
    return this.#database.read(db => {
      // one by one: most often the first does, and each costs the check of a signature
      for (const { id } of db.sql(newest).all(job) as unknown as Array<{ id: number }>) {
        const [found] = this.#read(db, '?', id)
        if (found != null && isSame(found.value)) return found
      }
      return undefined
    }, undefined)
  }

  /** @param ids a query of ids */
  #read(db: OpenJobs, ids: string, ...bound: Bound[]): Signed<JobResult>[] {
    const rows = db.sql(`SELECT sealed FROM envelopes WHERE id IN (${ids}) ORDER BY id DESC`).all(...bound)
    return (rows as unknown as Row[]).flatMap(({ sealed }) => opened(sealed) ?? [])
  }
}

function opened(sealed: Uint8Array): Signed<JobResult> | undefined {
  try {
    return open(jobResultSubject, decode(envelope, sealed))
  } catch {
    return undefined
  }
}

function insert(db: OpenJobs, { by, value }: Signed<JobResult>, sealed: Uint8Array): void {
  const { key, run, graph, job, attempt, outcome, began, duration, exit, outputs } = value
  const bytes = bytesOfOutputs(outputs)
  const added = db
    .sql(
      `INSERT INTO results (digest, key, run, graph, job, attempt, by, outcome, at, bytes, began, duration, exit, reason, outputs, output_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
    )
    .run(
      ...[digestOf(sealed), key, run, graphText(graph), job, attempt, by, outcome, Date.now(), sealed.length],
      ...[began ?? null, duration, exit ?? null, outcome === 'done' ? null : reasonOf(value), outputs.length, bytes]
    )
  if (added.changes === 0) return
  const id = added.lastInsertRowid
  db.sql('INSERT INTO envelopes VALUES (?, ?)').run(id, sealed)
  const output = db.sql('INSERT INTO outputs VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
  for (const { path, digest, kind, bytes } of outputs) output.run(digest, id, path, kind, bytes)
}
