/** Which jobs a run would have if it began now, and who may run each, as far as that is known without offering them the run. Pure. */
import type { MemberView, Plan } from '../../../protocols/control.ts'
import { neededBy } from '../../../protocols/jobs/graph.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { type JobMember, type Requirements, whyNobody, whyNot } from './eligible.ts'
import { fitsOf } from './job-members.ts'
import { RunJobs } from './run-jobs.ts'

/** Members of one job. */
const MAX_NAMED = 16

export interface PlannedJobs {
  jobs: NonNullable<Plan['jobs']>
  /** The first job that would fail at once, and why. */
  stranded?: string
}

/**
 * @param members those that would be asked to join
 * @param slots of those that said how many they have, by peer; of the others as many as any job takes are supposed
 * @returns nothing for a run without jobs
 */
export function plannedJobs(
  spec: Pick<Spec, 'job' | 'jobs'>,
  members: MemberView[],
  slots: ReadonlyMap<string, number> = new Map()
): PlannedJobs | undefined {
  if (spec.job.length === 0) return undefined
  const { applied, leftOut } = new RunJobs(spec, members)
  const jobs = new Map(applied.map(each => [each.name, each]))
  const why = new Map(leftOut.map(each => [each.job, each.why]))
  const able = placesAmong(members.map((each, rank) => jobMemberOf(each, rank, slots.get(each.peer))))
  const stranded = applied.flatMap(job => {
    const { lacks } = able(job)
    return lacks == null ? [] : [`job ${job.name}: ${lacks}`]
  })
  const planned = spec.job.map(({ name, role }) => {
    const job = jobs.get(name)
    if (job == null) return { name, role, needs: [], on: [], members: 0, why: `left out: ${why.get(name)}` }
    const { on, lacks } = able(job)
    const reason = lacks == null ? {} : { why: lacks }
    return { name, role, needs: neededBy(job), on: on.slice(0, MAX_NAMED), members: on.length, ...reason }
  })
  return { jobs: planned, ...(stranded[0] == null ? {} : { stranded: stranded[0] }) }
}

/** Thousands of jobs ask for few things. */
function placesAmong(members: JobMember[]): (job: Job) => { on: string[]; lacks?: string } {
  const known = new Map<string, { on: string[]; lacks?: string }>()
  return ({ on, cores, memory, platform, slots }) => {
    const key = JSON.stringify([on, cores, memory, platform, slots])
    const found = known.get(key) ?? placesOf({ on, cores, memory, platform, slots, image: undefined }, members)
    known.set(key, found)
    return found
  }
}

/** Which images members have, and let this run use, they say only to a run. */
function placesOf(asked: Requirements, members: JobMember[]): { on: string[]; lacks?: string } {
  const able = members.filter(each => whyNot(asked, each) == null).map(({ name }) => name)
  return able.length > 0 ? { on: able } : { on: [], lacks: whyNobody(asked, members) }
}

const jobMemberOf = (view: MemberView, rank: number, slots = Number.MAX_SAFE_INTEGER): JobMember => {
  const { peer, shown: name, cores, memory, os, arch } = view
  return { peer, name, rank, cores, memory, platform: `${os}-${arch}`, slots, fits: fitsOf(view) }
}
