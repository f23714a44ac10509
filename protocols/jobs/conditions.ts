/** Which jobs of a file there are in a run, and which of their needs: by what holds for its members and variables. Pure. */
import { neededBy } from './graph.ts'
import type { Condition, Job } from './job.ts'

export interface Facts {
  /** Whether some member of the run fits a selector; undefined where that is not known yet. */
  fits(selector: string): boolean | undefined
  variablesOf(job: Job): Record<string, string>
}

export interface Applied {
  /** With the needs and inputs that they have under these conditions. */
  jobs: Job[]
  leftOut: Array<{ job: string; why: string }>
}

/**
 * A job whose condition does not hold is left out; what needs it does without it, and so it does where the condition of a need does not hold. An
 * input that is an output of a job goes with the need. What is not known holds.
 */
export function applyConditions(jobs: readonly Job[], facts: Facts): Applied {
  const why = new Map(jobs.map(job => [job.name, whyNot(job.when, job, facts)]))
  const leftOut = jobs.flatMap(({ name }) => {
    const reason = why.get(name)
    return reason == null ? [] : [{ job: name, why: reason }]
  })
  const applied = jobs.filter(({ name }) => why.get(name) == null).map(job => without(job, droppedBy(job, why, facts)))
  return { jobs: applied, leftOut }
}

/** @returns why a condition does not hold: `no member fits arch=arm64`; undefined if it does, or that is not known */
export function whyNot(condition: Condition | undefined, job: Job, facts: Facts): string | undefined {
  const { label, env } = condition ?? {}
  if (label != null && facts.fits(label) === false) return `no member fits ${label}`
  if (env == null) return undefined
  const variables = facts.variablesOf(job)
  if (typeof env === 'string') return Object.hasOwn(variables, env) ? undefined : `there is no variable ${env}`
  const other = Object.entries(env).find(([name, value]) => variables[name] !== value)
  return other == null ? undefined : `the variable ${other[0]} is not ${JSON.stringify(other[1])}`
}

/** @returns the jobs that this one does without. A job that it needs twice is needed if one of the conditions holds. */
function droppedBy(job: Job, leftOut: Map<string, string | undefined>, facts: Facts): Set<string> {
  const holding = job.needs.filter(need => !('when' in need) || whyNot(need.when, job, facts) == null)
  const held = new Set(holding.map(need => need.job))
  const named = job.needs.map(need => need.job)
  const unmet = named.filter(name => !held.has(name))
  return new Set([...unmet, ...neededBy(job).filter(name => leftOut.get(name) != null)])
}

function without(job: Job, dropped: Set<string>): Job {
  if (dropped.size === 0) return job
  return {
    ...job,
    needs: job.needs.filter(each => !dropped.has(each.job)),
    inputs: job.inputs.filter(input => !('job' in input && input.job != null && dropped.has(input.job)))
  }
}
