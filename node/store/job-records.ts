/**
 * What this peer knows of jobs, on the disk: results that members signed, by key and by what they made; logs of attempts that ran here, by line;
 * and what became of the jobs of runs that were driven here. All of it is kept also where it belongs, in results and artifacts: what cannot be
 * written, or was damaged, costs a later run its reuse and a list its rows, never a run. So no call waits for the disk, and none fails.
 */
import type { Signed } from '../../protocols/envelope.ts'
import { type JobFilter, type JobRow, MAX_JOB_ROWS, MAX_PROVENANCE } from '../../protocols/jobs/job-records.ts'
import type { JobResult } from '../../protocols/jobs/job-result.ts'
import { resultDigest } from '../../protocols/jobs/jobs-answer.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import type { Log } from '../log.ts'
import { JobDatabase } from './jobs/job-database.ts'
import { JobLogs } from './jobs/job-logs.ts'
import { JobRows } from './jobs/job-rows.ts'
import { KeptJobResults } from './jobs/kept-job-results.ts'
import { type OutputFilter, type OutputRow, readOutputs } from './jobs/output-rows.ts'
import { type JobBounds, keepWithin } from './jobs/trim-jobs.ts'

export interface JobRecordsInit {
  /** Of its own: `<home>/jobs`. */
  folder: string
  /** This peer: what it signed itself is not crowded out by what others signed. */
  self: string
  log: Log
  bounds?: JobBounds
}

export class JobRecords {
  readonly #database: JobDatabase
  readonly #results: KeptJobResults
  /** Of attempts that run or ran here. */
  readonly logs: JobLogs
  readonly #rows: JobRows
  readonly #self: string

  constructor({ folder, self, log, bounds }: JobRecordsInit) {
    this.#self = self
    this.#database = new JobDatabase({ folder, log })
    this.#results = new KeptJobResults(this.#database)
    this.logs = new JobLogs(this.#database)
    this.#rows = new JobRows(this.#database)
    this.#database.onFlushed = () => this.logs.onFlushed()
    keepWithin(this.#database, self, bounds)
  }

  /** Keeps a result; one that is here already is kept once. One of this peer ends the log of its attempt. Its signature is checked when it is read. */
  keep(result: Signed<JobResult>): void {
    this.#results.keep(result)
    // what others say of an attempt ends none that runs here
    if (result.by === this.#self) this.logs.end(result.value)
  }

  /** Results of these keys whose job is done, of each key the newest of each signer first. */
  byKeys(keys: string[]): Signed<JobResult>[] {
    return this.#results.byKeys(keys)
  }

  /** Results with this artifact among their outputs, the newest first. */
  byOutput(digest: string, most = MAX_PROVENANCE): Signed<JobResult>[] {
    return this.#results.byOutput(digest, most)
  }

  /** Outputs of results, as they say, the newest first. */
  outputs(filter: OutputFilter, most = MAX_JOB_ROWS): OutputRow[] {
    return readOutputs(this.#database, filter, most)
  }

  /** Of one run, whatever the outcome, the newest first. */
  resultsOf(run: string, which: { job?: string; attempt?: number } = {}): Signed<JobResult>[] {
    return this.#results.ofRun(run, which)
  }

  /** The newest result of a job of this name that is done, of the last ones that are of the same job: what `--explain` compares with. */
  latestOf(job: string, isSame?: (before: JobResult) => boolean): Signed<JobResult> | undefined {
    return this.#results.latestOf(job, isSame)
  }

  /** What became of jobs of a run that is driven here: those that have changed. */
  note(run: string, entries: JobEntry[]): void {
    this.#rows.note(run, entries)
  }

  /** What was noted of a run: without the results that members signed, which `resultsOf` has. */
  entriesOf(run: string, { job }: { job?: string } = {}): JobEntry[] {
    return this.#rows.entriesOf(run, job)
  }

  /** Whether this peer took it itself, in a run that it drove: others may say that they made the same for another key. */
  hasTaken({ value, envelope }: Signed<JobResult>): boolean {
    return this.#rows.isDoneBy(resultDigest(envelope), value)
  }

  /** The newest first, at most `limit` (1,000 unless it is said). */
  select(filter: JobFilter = {}): JobRow[] {
    return this.#rows.select(filter)
  }

  /** What is not written yet is. */
  flush(): void {
    this.#database.flush()
  }

  /** What comes later is lost. */
  close(): void {
    this.#database.close()
  }
}
