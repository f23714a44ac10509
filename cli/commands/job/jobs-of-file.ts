/** The jobs of a run file for commands that look at their graph, without a daemon: which members there will be is not known. */
import type { Command } from 'commander'
import * as v from 'valibot'
import { BakError } from '../../../protocols/errors.ts'
import { type Applied, applyConditions } from '../../../protocols/jobs/conditions.ts'
import { graphOfJobs, type JobGraph } from '../../../protocols/jobs/graph.ts'
import { type JobKeys, jobKeys, jobsOf } from '../../../protocols/jobs/job.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { addFlag } from '../../command.ts'
import { keysOfRunFile } from '../../given-run-file.ts'
import { parseVariable } from '../../jobs/job-flags.ts'

export interface JobsOfFile extends Applied {
  /** All of them, as the file has them. */
  all: JobKeys['job']
  /** Of the jobs that are not left out, of all roles. */
  graph: JobGraph
}

export function addEnvFlag(command: Command): void {
  addFlag(command, '--env <name[=value]>', 'a variable of each job, for conditions; repeatable', parseVariable)
}

/** @param env variables of all jobs beside those of the file @throws {BakError} `bad-run-file`, or `usage` for a file without jobs */
export function jobsOfFile(file: string, env: Record<string, string> = {}): JobsOfFile {
  const { keys } = keysOfRunFile(file)
  const given: JobKeys = v.parse(v.object(jobKeys), { job: keys.job, jobs: keys.jobs })
  if (given.job.length === 0) throw new BakError('usage', `${file} has no [[job]]`)
  const jobs = jobsOf(given)
  const all = { jobs: { ...jobs, env: { ...jobs.env, ...env } } }
  const facts = { fits: () => undefined, variablesOf: (job: JobKeys['job'][number]) => variablesOf(job, all) }
  const applied = applyConditions(given.job, facts)
  return { all: given.job, ...applied, graph: graphOfJobs(applied.jobs) }
}
