/**
 * Bounds of the records of jobs: what was kept longest ago goes, a portion with each change, so that no change takes long. What other peers signed
 * goes by itself, and of that first what the peer signed that has most: nobody crowds out the others, nor what was made here.
 */
import type { JobDatabase, OpenJobs } from './job-database.ts'

export interface JobBounds {
  /** Of this peer's own, and as many of all others together. */
  results: number
  /** Of results, own and others' each. */
  resultBytes: number
  logs: number
  logBytes: number
  /** Jobs of runs that were driven here. */
  jobs: number
  jobBytes: number
}

const MIB = 1024 * 1024
export const defaultBounds: JobBounds = {
  results: 50_000,
  resultBytes: 128 * MIB,
  logs: 50_000,
  logBytes: 256 * MIB,
  jobs: 200_000,
  jobBytes: 128 * MIB
}

/** Changes between two looks at how much there is, which takes some 10 ms. */
const LOOK_EVERY = 512
/** Rows that go at a look, beside as many as may have come: in a file that is full that takes some 50 ms. */
const PORTION = 256

/** @param self this peer */
export function keepWithin(database: JobDatabase, self: string, bounds: JobBounds = defaultBounds): void {
  // the first change looks, too: a daemon that is often started must not grow
  let changes = LOOK_EVERY
  database.beforeCommit = (db, more) => {
    changes += more
    if (changes < LOOK_EVERY) return
    const most = changes + PORTION
    changes = 0
    trimOwn(db, self, bounds, most)
    trimOthers(db, self, bounds, most)
    trimLogs(db, bounds, most)
    trimJobs(db, bounds, most)
  }
}

interface Size {
  rows: number
  bytes: number
}

const sizeIn = (db: OpenJobs, what: string, ...bound: string[]): Size =>
  db.sql(`SELECT count(*) AS rows, total(bytes) AS bytes FROM ${what}`).get(...bound) as unknown as Size

const excessOf = (size: Size, rows: number, bytes: number): Size => ({
  rows: Math.max(0, size.rows - rows),
  bytes: Math.max(0, size.bytes - bytes)
})

function trimOwn(db: OpenJobs, self: string, { results, resultBytes }: JobBounds, most: number): void {
  trimSigner(db, self, excessOf(sizeIn(db, 'results WHERE by = ?', self), results, resultBytes), most)
}

function trimOthers(db: OpenJobs, self: string, { results, resultBytes }: JobBounds, most: number): void {
  const excess = excessOf(sizeIn(db, 'results WHERE by <> ?', self), results, resultBytes)
  if (excess.rows === 0 && excess.bytes === 0) return
  const what = excess.bytes > 0 ? 'bytes' : 'rows'
  const largest = db
    .sql(
      `SELECT by, count(*) AS rows, total(bytes) AS bytes FROM results WHERE by <> ? GROUP BY by ORDER BY ${what} DESC LIMIT 1`
    )
    .get(self) as { by: string }
  trimSigner(db, largest.by, excess, most)
}

/** The oldest of one signer go. */
function trimSigner(db: OpenJobs, signer: string, excess: Size, most: number): void {
  const oldest = db.sql('SELECT id, bytes FROM results WHERE by = ? ORDER BY id LIMIT ?').all(signer, most)
  for (const id of beyond(oldest as unknown as Aged[], excess)) {
    db.sql('DELETE FROM outputs WHERE result = ?').run(id)
    db.sql('DELETE FROM envelopes WHERE id = ?').run(id)
    db.sql('DELETE FROM results WHERE id = ?').run(id)
  }
}

function trimLogs(db: OpenJobs, { logs, logBytes }: JobBounds, most: number): void {
  const excess = excessOf(sizeIn(db, 'logs'), logs, logBytes)
  const oldest = db.sql('SELECT id, bytes FROM logs ORDER BY at LIMIT ?').all(most)
  for (const id of beyond(oldest as unknown as Aged[], excess)) {
    db.sql('DELETE FROM log_parts WHERE log = ?').run(id)
    db.sql('DELETE FROM logs WHERE id = ?').run(id)
  }
}

function trimJobs(db: OpenJobs, { jobs, jobBytes }: JobBounds, most: number): void {
  const excess = excessOf(sizeIn(db, 'jobs'), jobs, jobBytes)
  const oldest = 'SELECT run, graph, job, bytes FROM jobs ORDER BY at LIMIT ?'
  // one change may have all jobs of a graph
  const aged = db.sql(oldest).all(Math.max(most, excess.rows)) as unknown as Array<
    Record<string, string> & { bytes: number }
  >
  const ids = aged.map((each, id) => ({ id, bytes: each.bytes }))
  const drop = db.sql('DELETE FROM jobs WHERE run = ? AND graph = ? AND job = ?')
  for (const id of beyond(ids, excess)) drop.run(...['run', 'graph', 'job'].map(column => aged[id]?.[column] as string))
}

type Aged = { id: number; bytes: number }

/** @param oldest in the order of their age @returns those that go, so that nothing is in excess. Pure. */
export function beyond(oldest: Aged[], excess: Size): number[] {
  const gone: number[] = []
  let bytes = 0
  for (const each of oldest) {
    if (gone.length >= excess.rows && bytes >= excess.bytes) break
    gone.push(each.id)
    bytes += each.bytes
  }
  return gone
}
