/**
 * What this peer knows of jobs, on the disk: results that members signed, by key and by what they made; logs of attempts that ran here, by line;
 * and what became of the jobs of runs that were driven here. All of it is kept also where it belongs, in results and artifacts: what cannot be
 * written, or was damaged, costs a later run its reuse and a list its rows, never a run. So no call waits for the disk, and none fails.
 */
import type { Signed } from '../../protocols/envelope.ts'
import type { AttemptAt, JobFilter, JobRow } from '../../protocols/jobs/job-records.ts'
import type { JobResult } from '../../protocols/jobs/job-result.ts'
import type { LogLine } from '../../protocols/jobs/job-stream.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import type { Log } from '../log.ts'

export interface JobRecordsInit {
  /** Of its own: `<home>/jobs`. */
  folder: string
  /** This peer: what it signed itself is not crowded out by what others signed. */
  self: string
  log: Log
}

/** A log, as far as it is here. */
export interface KnownLog extends AttemptAt {
  /** Number of the last line. */
  last: number
  /** Its attempt goes on. */
  isOpen: boolean
}

export class JobRecords {
  constructor(_init: JobRecordsInit) {}

  /** Keeps a result whose signature is good; one that is here already is kept once. It ends the log of its attempt. */
  keep(_result: Signed<JobResult>): void {}

  /** An attempt begins here, so that whoever follows its log waits for it. */
  beginLog(_at: AttemptAt): void {}

  /** Lines beyond the bounds of a log, or of all, are dropped; `n` tells which are missing. */
  appendLog(_at: AttemptAt, _lines: LogLine[]): void {}

  /** An attempt has ended without a result. */
  endLog(_at: AttemptAt): void {}

  /** The last attempt, and the graph that was written to last, where they are left out. */
  findLog(_at: Partial<AttemptAt> & Pick<AttemptAt, 'run' | 'job'>): KnownLog | undefined {
    return undefined
  }

  /** @returns lines from the number `from` on, at most `most`; none where there are no more yet */
  readLog(_at: AttemptAt, _from = 1, _most = 256): LogLine[] {
    return []
  }

  /** @returns when the log has a line of that number or a later one, or its attempt has ended, or the signal aborts. Never rejects. */
  async logGrew(_at: AttemptAt, _from: number, _signal: AbortSignal): Promise<void> {}

  /** Results of these keys whose job is done, the newest of each first. */
  byKeys(_keys: string[]): Signed<JobResult>[] {
    return []
  }

  /** Results with this artifact among their outputs, the newest first. */
  byOutput(_digest: string): Signed<JobResult>[] {
    return []
  }

  /** Of one run, whatever the outcome, the newest first. */
  resultsOf(_run: string, _which: { job?: string; attempt?: number } = {}): Signed<JobResult>[] {
    return []
  }

  /** The newest result of a job of this name that is done: what `--explain` compares with. */
  latestOf(_job: string): Signed<JobResult> | undefined {
    return undefined
  }

  /** What became of jobs of a run that is driven here: those that changed, or all. */
  note(_run: string, _entries: JobEntry[]): void {}

  /** The newest first, at most `limit` (1,000 unless it is said). */
  select(_filter: JobFilter = {}): JobRow[] {
    return []
  }

  /** What is not written yet is. */
  flush(): void {}

  close(): void {}
}
