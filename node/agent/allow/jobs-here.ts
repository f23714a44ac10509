/** What this machine has for the jobs of a run, as its answer to `join` says: its slots, or why its owner lets none of these jobs run here. */
import { totalmem } from 'node:os'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { Capabilities, Offer } from '../../../protocols/manifest.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import { broughtByJob } from '../../work/jobs/job-words.ts'
import type { Allowance } from './allowance.ts'

/** Jobs that are judged before one is found that may run here: each of them is judged again when it is offered. */
const MAX_JUDGED = 256

interface Here {
  owner: Pick<Allowance, 'check'>
  /** Of this machine, for jobs of all runs. */
  slots: number
  /** Bytes; that of the machine where its owner sets none. */
  memory?: number
}

/** @returns undefined for a peer that the offer offers no jobs */
export async function jobsHere(
  { spec, candidates, controller }: Pick<Offer, 'spec' | 'candidates' | 'controller'>,
  self: string,
  { owner, slots, memory = totalmem() }: Here
): Promise<Capabilities['jobs']> {
  if (candidates.find(({ peer }) => peer === self)?.jobs == null) return undefined
  const about = { memory, platform: PLATFORM }
  const why = await whyNone(spec.job.slice(0, MAX_JUDGED), job =>
    owner.check(controller, [], [broughtByJob(job, spec)])
  )
  return why == null ? { ...about, slots } : { ...about, slots: 0, why: cutText(why) }
}

/** @returns why the first of them may not run, where none of them may */
async function whyNone(jobs: readonly Job[], judge: (job: Job) => Promise<void>): Promise<string | undefined> {
  let first: string | undefined
  for (const job of jobs) {
    try {
      await judge(job)
      return undefined
    } catch (cause) {
      const error = asBakError(cause)
      if (error.code !== 'not-allowed') throw new BakError(error.code, error.message, { cause })
      first ??= error.message
    }
  }
  return first
}
