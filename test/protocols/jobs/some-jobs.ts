/** Jobs for tests: as their schema gives them, with every default, and graphs of any shape. */
import fc from 'fast-check'
import * as v from 'valibot'
import { type Job, job } from '../../../protocols/jobs/job.ts'

/** @returns a job with a script that does nothing, unless it is given what it runs */
export function makeJob(name: string, keys: Partial<v.InferInput<typeof job>> = {}): Job {
  const runs = keys.command ?? keys.phases ?? keys.script
  return v.parse(job, { name, ...(runs == null ? { script: 'true' } : {}), ...keys })
}

/** @param graph needs by name */
export const makeJobs = (graph: Record<string, string[]>): Job[] =>
  Object.entries(graph).map(([name, needs]) => makeJob(name, { needs }))

/** Graphs without a circle, whose jobs stand in any order. */
export const someGraph = fc
  .array(fc.array(fc.nat(30), { maxLength: 5 }), { minLength: 1, maxLength: 30 })
  .chain(rows => {
    // a job needs those of lower numbers only
    const jobs = rows.map((numbers, i) =>
      makeJob(`j${i}`, { needs: [...new Set(i === 0 ? [] : numbers.map(n => `j${n % i}`))] })
    )
    return fc.shuffledSubarray(jobs, { minLength: jobs.length })
  })
