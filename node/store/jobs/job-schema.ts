/** The tables of the records of jobs, and how the graph of a run is written in them. */
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'

/** Goes up with the shape of the tables. */
export const FORMAT = 1

/**
 * `results` is narrow, so that a look through all of it is quick: the signed bytes are in `envelopes`. Times are of this peer's clock, when it kept
 * something: what others say of theirs orders nothing here.
 */
export const TABLES = `
  CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, key TEXT NOT NULL, run TEXT NOT NULL, graph TEXT NOT NULL, job TEXT NOT NULL,
    attempt INTEGER NOT NULL, by TEXT NOT NULL, outcome TEXT NOT NULL, at REAL NOT NULL, bytes INTEGER NOT NULL, began REAL, duration REAL NOT NULL,
    exit INTEGER, reason TEXT, outputs INTEGER NOT NULL, output_bytes INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS results_by_key ON results (key, outcome, by);
  CREATE INDEX IF NOT EXISTS results_by_run ON results (run, graph, job, attempt);
  CREATE INDEX IF NOT EXISTS results_by_job ON results (job, outcome);
  CREATE INDEX IF NOT EXISTS results_by_time ON results (at);
  CREATE INDEX IF NOT EXISTS results_by_signer ON results (by, id, bytes);
  CREATE TABLE IF NOT EXISTS envelopes (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS outputs (
    digest TEXT NOT NULL, result INTEGER NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (digest, result, path)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS outputs_by_result ON outputs (result);
  CREATE TABLE IF NOT EXISTS logs (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, graph TEXT NOT NULL, job TEXT NOT NULL, attempt INTEGER NOT NULL, at REAL NOT NULL,
    last INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE (run, job, graph, attempt)
  );
  CREATE INDEX IF NOT EXISTS logs_by_time ON logs (at, bytes);
  CREATE TABLE IF NOT EXISTS log_parts (
    id INTEGER PRIMARY KEY, log INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, lines TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS log_parts_by_line ON log_parts (log, last);
  CREATE TABLE IF NOT EXISTS jobs (
    run TEXT NOT NULL, graph TEXT NOT NULL, job TEXT NOT NULL, state TEXT NOT NULL, member TEXT, by TEXT, attempt INTEGER, began REAL, duration REAL,
    at REAL NOT NULL, why TEXT, reason TEXT, causes TEXT, result TEXT, outputs INTEGER NOT NULL, output_bytes INTEGER NOT NULL,
    entry TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, graph, job)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (at, bytes);`

/** @returns a text that is the same for the same graph, and begins with its role */
export const graphText = ({ role, step }: GraphAt): string =>
  step == null ? role : [role, step.number, step.name, step.sample, ...(step.warmup ? ['warmup'] : [])].join('/')

/** @param text what `graphText` made of it */
export function readGraph(text: string): GraphAt {
  const [role, number, name, sample, warmup] = text.split('/')
  const step = { number: Number(number), name: name as string, sample: Number(sample) }
  if (number == null) return { role: role as GraphAt['role'] }
  return { role: role as GraphAt['role'], step: warmup == null ? step : { ...step, warmup: true } }
}
