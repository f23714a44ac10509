/** Reads `jobs.json` of a result, which another machine may have written. */
import { join } from 'node:path'
import { check, decode } from '../codec.ts'
import { envelope, peek } from '../envelope.ts'
import { BakError, whyOf } from '../errors.ts'
import { JOBS_FILE } from '../layout.ts'
import { readPlain } from '../plain-file.ts'
import { type JobResult, jobResultSubject } from './job-result.ts'
import { type JobEntry, jobsFile } from './jobs-file.ts'

const MAX_BYTES = 512 * 1024 * 1024

/** @returns nothing where the run has no jobs. @throws {BakError} `damaged` for a file that is none, naming where */
export async function readJobsFile(folder: string): Promise<JobEntry[] | undefined> {
  const content = await readPlain(join(folder, JOBS_FILE), MAX_BYTES).catch(cause => {
    if (cause?.code === 'ENOENT') return undefined
    throw new BakError('damaged', `${JOBS_FILE}: ${whyOf(cause)}`, { cause })
  })
  return content == null ? undefined : check(jobsFile, fromJson(content), 'damaged', `${JOBS_FILE}: `).jobs
}

function fromJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch (cause) {
    throw new BakError('damaged', `${JOBS_FILE} is not JSON: ${whyOf(cause)}`, { cause })
  }
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
