/** The jobs of a run file for commands that look at their graph, without a daemon: which members there will be is not known. */
import * as v from 'valibot'
import { BakError } from '../../../protocols/errors.ts'
import { type Applied, applyConditions } from '../../../protocols/jobs/conditions.ts'
import { graphOfJobs, type JobGraph } from '../../../protocols/jobs/graph.ts'
import { type JobKeys, jobKeys } from '../../../protocols/jobs/job.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { keysOfRunFile } from '../../given-run-file.ts'

export interface JobsOfFile extends Applied {
  /** All of them, as the file has them. */
  all: JobKeys['job']
  /** Of the jobs that are not left out, of all roles. */
  graph: JobGraph
}

/** @throws {BakError} `bad-run-file`, or `usage` for a file without jobs */
export function jobsOfFile(file: string): JobsOfFile {
  const { keys } = keysOfRunFile(file)
  const given: JobKeys = v.parse(v.object(jobKeys), { job: keys.job, jobs: keys.jobs })
  if (given.job.length === 0) throw new BakError('usage', `${file} has no [[job]]`)
  const facts = { fits: () => undefined, variablesOf: (job: JobKeys['job'][number]) => variablesOf(job, given) }
  const applied = applyConditions(given.job, facts)
  return { all: given.job, ...applied, graph: graphOfJobs(applied.jobs) }
}
