/**
 * Jobs that wait for a member, the oldest first. Jobs that ask the same of their members wait in one line: where the first of it finds no slots,
 * none does, so that what is free is given away without looking at every job.
 */
import { Heap } from '../../heap.ts'
import { type JobMember, type Requirements, whyNot } from './eligible.ts'

/** What the queue knows of a member. */
export interface QueueMember {
  readonly peer: string
  readonly facts: JobMember
  /** Why it takes no part any more. */
  readonly left: string | undefined
  readonly free: number
  readonly max: number
}

interface Queued {
  readonly job: Requirements
  readonly place: number
  readonly excluded: ReadonlyMap<string, string>
}

interface Line<Job, Member> {
  key: string
  members: Member[]
  slots: number
  jobs: Heap<Job>
  /** Those of its jobs that are still there. */
  waiting: number
}

export class JobQueue<Job extends Queued, Member extends QueueMember> {
  readonly #members: Member[]
  readonly #lines = new Map<string, Line<Job, Member>>()
  readonly #lineOf = new Map<Job, Line<Job, Member>>()

  constructor(members: Member[]) {
    this.#members = members
  }

  get size(): number {
    return this.#lineOf.size
  }

  /** Members that may run it, whether they can be reached now or not. */
  eligible({ job, excluded }: Queued): Member[] {
    return this.#members.filter(
      each => each.left == null && !excluded.has(each.peer) && whyNot(job, each.facts) == null
    )
  }

  add(job: Job): void {
    this.remove(job)
    const key = keyOf(job)
    let line = this.#lines.get(key)
    if (line == null) {
      const jobs = new Heap<Job>((a, b) => a.place - b.place)
      line = { key, members: this.eligible(job), slots: job.job.slots, jobs, waiting: 0 }
      this.#lines.set(key, line)
    }
    line.jobs.push(job)
    line.waiting++
    this.#lineOf.set(job, line)
  }

  remove(job: Job): void {
    const line = this.#lineOf.get(job)
    if (line == null) return
    this.#lineOf.delete(job)
    line.waiting--
    if (line.waiting === 0) this.#lines.delete(line.key)
  }

  /** Members came or went for good: @returns the jobs that nobody can run now, which are removed */
  rebuild(): Job[] {
    const jobs = [...this.#lineOf.keys()]
    for (const job of jobs) this.remove(job)
    for (const job of jobs) this.add(job)
    const stranded = jobs.filter(job => this.#lineOf.get(job)?.members.length === 0)
    for (const job of stranded) this.remove(job)
    return stranded
  }

  /**
   * Gives jobs to members with free slots, the oldest job first.
   * @param place offers the job to one of these members, which all have room for it, and thereby takes slots of it
   * @param drainable the slots that a member would have free if all that this run has there ended: an older job that needs them is not
   * overtaken there by younger ones
   */
  give(place: (job: Job, members: Member[]) => void, drainable: (member: Member) => number): void {
    const ahead = new Heap<{ line: Line<Job, Member>; job: Job }>((a, b) => a.job.place - b.job.place)
    const reserved = new Set<Member>()
    const addFirst = (line: Line<Job, Member>) => {
      const job = this.#firstOf(line)
      if (job != null) ahead.push({ line, job })
    }
    const hasRoom = () => this.#members.some(({ free }) => free > 0)
    if (!hasRoom()) return
    for (const line of this.#lines.values()) addFirst(line)
    for (let next = ahead.pop(); next != null; next = ahead.pop()) {
      const { line, job } = next
      if (!hasRoom()) return
      const open = line.members.filter(member => !reserved.has(member))
      const fitting = open.filter(({ free }) => free >= line.slots)
      if (fitting.length > 0) {
        this.remove(job)
        place(job, fitting)
        addFirst(line)
      } else if (line.slots > 1) {
        const draining = open.filter(member => drainable(member) >= line.slots)
        if (draining.length > 0) reserved.add(draining.reduce((a, b) => (b.free > a.free ? b : a)))
      }
    }
  }

  /** @returns slots that jobs which wait could take of each member, and those of the largest of them */
  wanted(): Map<Member, { slots: number; most: number }> {
    const wanted = new Map(this.#members.map(member => [member, { slots: 0, most: 0 }]))
    for (const { members, slots, waiting } of this.#lines.values()) {
      for (const member of members) {
        const sum = wanted.get(member)
        if (sum == null) continue
        sum.slots += slots * waiting
        sum.most = Math.max(sum.most, slots)
      }
    }
    return wanted
  }

  /** What was removed is passed over. */
  #firstOf(line: Line<Job, Member>): Job | undefined {
    const { jobs } = line
    while (jobs.size > 0 && this.#lineOf.get(jobs.peek() as Job) !== line) jobs.pop()
    return jobs.peek()
  }
}

function keyOf({ job, excluded }: Queued): string {
  const { on, cores, memory, platform, image, slots } = job
  return JSON.stringify([on, cores, memory, platform, image, slots, [...excluded.keys()].sort()])
}
