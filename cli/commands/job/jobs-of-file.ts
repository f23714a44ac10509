/** The jobs of a run file for commands that look at their graph, without a daemon: which members there will be is not known. */
import { BakError } from '../../../protocols/errors.ts'
import { type Applied, applyConditions } from '../../../protocols/jobs/conditions.ts'
import { graphOfJobs, type JobGraph } from '../../../protocols/jobs/graph.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { specOfRunFile } from '../../given-run-file.ts'

export interface JobsOfFile extends Applied {
  spec: Spec
  /** Of the jobs that are not left out, of all roles. */
  graph: JobGraph
}

/** @throws {BakError} `bad-run-file`, or `usage` for a file without jobs */
export function jobsOfFile(file: string): JobsOfFile {
  const { spec } = specOfRunFile(file)
  if (spec.job.length === 0) throw new BakError('usage', `${file} has no [[job]]`)
  const applied = applyConditions(spec.job, { fits: () => undefined, variablesOf: job => variablesOf(job, spec) })
  return { spec, ...applied, graph: graphOfJobs(applied.jobs) }
}
