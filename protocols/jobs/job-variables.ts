/** The variables of a job: those of `[jobs]`, its own, and the parameters of the iteration. Pure. */
import { parameterVariable } from '../variables.ts'
import { type Job, type JobsTable, jobsOf } from './job.ts'

/** @param iteration that of the sample; jobs of the roles `setup` and `report` are of none. Where bak runs it, it has `BAK_JOB` and others beside these */
export function variablesOf(
  { env }: Pick<Job, 'env'>,
  spec: { jobs?: JobsTable | undefined },
  iteration?: { params: Record<string, string> }
): Record<string, string> {
  const params = Object.entries(iteration?.params ?? {}).map(([name, value]) => [parameterVariable(name), value])
  return { ...jobsOf(spec).env, ...env, ...Object.fromEntries(params) }
}
