/** Which jobs a run would have if it began now, and who may run each, as far as that is known without asking anybody. Pure. */
import type { MemberView, Plan } from '../../../protocols/control.ts'
import { neededBy } from '../../../protocols/jobs/graph.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { parseSelector } from '../selector.ts'
import { RunJobs } from './run-jobs.ts'

/** Members of one job. */
const MAX_NAMED = 16

/** @param members those that would be asked to join; @returns nothing for a run without jobs */
export function plannedJobs(spec: Pick<Spec, 'job' | 'jobs'>, members: MemberView[]): Plan['jobs'] {
  if (spec.job.length === 0) return undefined
  const { applied, leftOut } = new RunJobs(spec, members)
  const jobs = new Map(applied.map(each => [each.name, each]))
  const why = new Map(leftOut.map(each => [each.job, each.why]))
  const known = new Map<string, string[]>()
  const mayRun = (on: string, cores: number) => {
    const key = `${cores} ${on}`
    const found =
      known.get(key) ??
      members
        .filter(parseSelector(on))
        .filter(each => each.cores >= cores)
        .map(each => each.shown)
    known.set(key, found)
    return found
  }
  return spec.job.map(({ name, role }) => {
    const job = jobs.get(name)
    if (job == null) return { name, role, needs: [], on: [], members: 0, why: `left out: ${why.get(name)}` }
    const able = mayRun(job.on, job.cores)
    const lacks =
      able.length > 0 ? {} : { why: `no member fits ${job.on}${job.cores > 0 ? ` with ${job.cores} cores` : ''}` }
    return { name, role, needs: neededBy(job), on: able.slice(0, MAX_NAMED), members: able.length, ...lacks }
  })
}
