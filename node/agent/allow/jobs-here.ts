/** What this machine has for the jobs of a run, as its answer to `join` says: its slots, or why its owner lets none of these jobs run here. */
import { totalmem } from 'node:os'
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { Capabilities, Offer } from '../../../protocols/manifest.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import { broughtByJob } from '../../work/jobs/job-words.ts'
import type { Allowance } from './allowance.ts'

/** Jobs that are judged before one is found that may run here, and images: each is judged again when it is offered. */
const MAX_JUDGED = 256

type Owner = Pick<Allowance, 'check' | 'checkImage'>

/** @returns the id of the image in which a job is to run, of one that names an image */
type Judge = (job: Job) => Promise<string | undefined>

/** @returns undefined for a peer that the offer offers no jobs */
export async function jobsHere(
  offer: Pick<Offer, 'spec' | 'candidates' | 'controller'>,
  self: string,
  { owner, slots }: { owner: Owner; slots: number }
): Promise<Capabilities['jobs']> {
  const { spec, candidates } = offer
  if (candidates.find(({ peer }) => peer === self)?.jobs == null) return undefined
  const judge = judgeOf(owner, offer)
  const images = await imagesHere(spec.job, judge)
  const about = { memory: totalmem(), platform: PLATFORM, ...(images.length === 0 ? {} : { images }) }
  const why = await whyNone(spec.job, judge)
  return why == null ? { ...about, slots } : { ...about, slots: 0, why: cutText(why) }
}

/** @returns what judges the jobs of a run: the judge throws {BakError} `not-allowed`, or `tool-unavailable` where an image is not here */
export function judgeOf(owner: Owner, { spec, controller }: Pick<Offer, 'spec' | 'controller'>): Judge {
  // to ask podman takes longer than many a job
  const images = new Map<string, Promise<{ id: string }>>()
  return async job => {
    const brought = broughtByJob(job, spec)
    const { image } = job
    // nothing of this machine is run in an image
    await owner.check(controller, [], [image == null ? brought : { ...brought, commands: [], env: {} }])
    if (image == null) return undefined
    const known = images.get(image) ?? owner.checkImage(controller, image)
    images.set(image, known)
    return (await known).id
  }
}

/** @returns the images of these jobs that are here, and in which they may run */
async function imagesHere(jobs: readonly Job[], judge: Judge): Promise<string[]> {
  const named = [...new Map(jobs.flatMap(job => (job.image == null ? [] : [[job.image, job] as const])))]
  const here: string[] = []
  for (const [image, job] of named.slice(0, MAX_JUDGED)) if ((await whyNot(job, judge)) == null) here.push(image)
  return here
}

/** @returns why the first of them may not run, where none of them may; undefined where they are too many to say so */
async function whyNone(jobs: readonly Job[], judge: Judge): Promise<string | undefined> {
  if (jobs.length > MAX_JUDGED) return undefined
  let first: string | undefined
  for (const job of jobs) {
    const why = await whyNot(job, judge)
    if (why == null) return undefined
    first ??= why
  }
  return first
}

/** @throws what is no judgement */
async function whyNot(job: Job, judge: Judge): Promise<string | undefined> {
  try {
    await judge(job)
    return undefined
  } catch (cause) {
    const { code, message } = asBakError(cause)
    if (code === 'not-allowed' || code === 'tool-unavailable') return message
    throw cause
  }
}
