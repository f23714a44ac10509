/** Reads `jobs.json` of a result, which another machine may have written. */
import { decode } from '../codec.ts'
import { envelope, peek } from '../envelope.ts'
import { JOBS_FILE } from '../layout.ts'
import { readPlainJson } from '../plain-file.ts'
import { type JobResult, jobResultSubject } from './job-result.ts'
import { type JobEntry, jobsFile } from './jobs-file.ts'

const MAX_BYTES = 512 * 1024 * 1024

/** @returns nothing where the run has no jobs. @throws {BakError} `damaged` for a file that is none, naming where */
export async function readJobsFile(folder: string): Promise<JobEntry[] | undefined> {
  return (await readPlainJson(folder, JOBS_FILE, jobsFile, MAX_BYTES))?.jobs
}

/** @returns what its member said of it, as it is written: the signature is not checked. Nothing where no member signed a result, or it is none */
export function resultOf({ result }: Pick<JobEntry, 'result'>): JobResult | undefined {
  if (result == null) return undefined
  try {
    return peek(jobResultSubject, decode(envelope, Buffer.from(result, 'base64')))
  } catch {
    return undefined
  }
}
