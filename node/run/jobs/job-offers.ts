/**
 * Jobs that members were offered, and what comes back. What its script did is the end of a job; a refusal, a member that could not run it and one that was
 * lost send it to another.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import type { ErrorCode } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { type JobResult, reasonOf } from '../../../protocols/jobs/job-result.ts'
import type { AttemptName } from '../../../protocols/jobs/job-stream.ts'
import { type JobAttempt, resultText } from '../../../protocols/jobs/jobs-file.ts'
import { now } from '../../now.ts'
import { pause } from '../../wait.ts'
import type { GraphMember } from './graph-member.ts'
import type { GraphParts } from './graph-parts.ts'
import { isDone } from './graph-states.ts'
import { askHolders, denyInput } from './input-givers.ts'
import type { LinkEvents } from './link-events.ts'
import { offerOf } from './offer-of.ts'
import { pickMember } from './pick-member.ts'
import type { ReadyJobs } from './ready-jobs.ts'
import type { Outcome, TrackedJob } from './tracked-job.ts'

/** After each time that a member could not run a job, it is offered that much later, ms. */
const AGAIN_MS = { first: 200, most: 5_000 }
const MAX_TAIL_TOLD = 64
/** Offers of a job that members may have heard nothing of, since their streams broke. */
const MAX_UNHEARD = 8

interface Offered {
  job: TrackedJob
  member: GraphMember
  number: number
  offered: number
  /** Peers that were named for each input. */
  from: Map<string, string[]>
  hasStarted: boolean
  /** Why it is to end. */
  cancelled?: string
}

export class JobOffers {
  readonly #parts: GraphParts
  readonly #ready: ReadyJobs
  readonly #live = new Map<TrackedJob, Offered>()

  constructor(parts: GraphParts, ready: ReadyJobs) {
    this.#parts = parts
    this.#ready = ready
  }

  /** Gives what waits to members that have room. */
  give(): void {
    const { queue } = this.#parts
    queue.give(
      (job, members) => this.#offer(job, members),
      ({ free, ours }) => free + ours
    )
    for (const [member, { slots, most }] of queue.wanted()) member.link.want(slots, most)
  }

  /** Has a job end, whoever runs it, and tells so when it has. */
  cancel(job: TrackedJob, reason: string): void {
    const offered = this.#live.get(job)
    this.#parts.queue.remove(job)
    if (offered == null) return this.#parts.states.cancel(job, { reason })
    offered.cancelled = reason
    if (offered.member.link.isUp) offered.member.link.cancel(nameOf(offered))
    else this.#giveUp(offered, reason)
  }

  /** Jobs that were cancelled and have not ended are not waited for any more. */
  giveUpCancelled(reason: (member: string) => string): void {
    for (const each of [...this.#live.values()]) {
      if (each.cancelled != null) this.#giveUp(each, reason(each.member.name))
    }
  }

  /** What a member says. */
  eventsOf(member: () => GraphMember): Omit<LinkEvents, 'slots' | 'lost'> {
    const { init } = this.#parts
    const { graph, on } = init
    return {
      down: () => this.#isDown(member()),
      started: (name, at) => this.#with(name, each => this.#started(each, at)),
      stated: ({ type: _, attempt: __, ...stated }) => on.progress({ graph, ...stated, member: member().name }),
      lines: ({ job, attempt, lines }) => on.lines(job, attempt, member().name, lines),
      refused: (name, code, reason) => this.#with(name, each => this.#refused(each, code, reason)),
      broken: (name, ...why) => this.#with(name, each => this.#broken(each, ...why)),
      ended: (name, result) => this.#with(name, each => this.#ended(each, result))
    }
  }

  /** The member is lost: others get what it ran. */
  lose(member: GraphMember, reason: string): void {
    for (const each of [...this.#live.values()].filter(({ member: of }) => of === member)) {
      this.#end(each, 'lost', { reason })
      if (each.cancelled != null) this.#parts.states.cancel(each.job, { ...outcomeOf(each), reason })
      else this.#elsewhere(each, `${member.name} was lost: ${reason}`)
    }
  }

  /** What fetches an input that nobody has any more of those who were named for it is not waited for. @param lost the member that is lost */
  takeBack(lost: string): void {
    const { holders, states } = this.#parts
    for (const each of [...this.#live.values()]) {
      const { job, member, from, hasStarted, cancelled } = each
      if (hasStarted || cancelled != null) continue
      const isGiven = ({ digest }: { digest: string }) =>
        [member.peer, ...(from.get(digest) ?? [])].some(peer => holders.has(digest, peer))
      // what no job made cannot be made again: it is waited for
      const input = job.inputs.find(each => each.job != null && !isGiven(each))
      if (input == null) continue
      const reason = `${lost} was lost, and with it its input ${input.path}, which had not come`
      member.link.cancel(nameOf(each))
      member.link.forget(nameOf(each))
      this.#end(each, 'lost', { reason })
      states.again(job, { ...outcomeOf(each), reason })
    }
  }

  #offer(job: TrackedJob, members: GraphMember[]): void {
    const { holders, init } = this.#parts
    const heldBy = ({ peer }: GraphMember) =>
      job.inputs.reduce((sum, { digest, bytes }) => sum + (holders.has(digest, peer) ? bytes : 0), 0)
    const member = pickMember(members, heldBy) as GraphMember
    const number = job.number + 1
    const { offer, expected } = offerOf(job, number, member.facts, holders, init)
    const from = new Map(offer.inputs.map(input => [input.digest, input.from]))
    this.#live.set(job, { job, member, number, offered: now(), from, hasStarted: false })
    job.isOffered = true
    member.ours += job.slots
    member.offered(job.slots)
    member.link.offer(offer, expected)
  }

  #started(offered: Offered, at: number): void {
    const { holders, states } = this.#parts
    const { job, member, cancelled, hasStarted } = offered
    offered.hasStarted = true
    for (const { digest } of job.inputs) holders.make(digest, member.peer)
    if (cancelled != null || hasStarted) return
    job.began = at
    states.run(job, outcomeOf(offered))
  }

  #refused(offered: Offered, code: ErrorCode, reason: string): void {
    const { states, queue, fail, pump } = this.#parts
    const { job, member, cancelled } = offered
    const isRepeated = job.attempts.at(-1)?.outcome === 'refused' && job.attempts.at(-1)?.member === member.name
    this.#end(offered, 'refused', { code, reason })
    if (cancelled != null) return states.cancel(job, { reason: cancelled })
    if (code !== 'busy') job.out.set(member.peer, `refused it: ${reason}`)
    // it said that it has free slots: another gets the job where there is one
    else if (isRepeated) job.broke.set(member.peer, `refused it: ${reason}`)
    const nobody = this.#ready.whyStranded(job)
    if (nobody != null) return fail(job, { reason: nobody })
    if (!states.needsOf(job).every(isDone)) return states.again(job, {})
    if (!isRepeated) {
      states.queue(job, { ...outcomeOf(offered), reason: `refused: ${reason}` })
      queue.add(job)
      return pump()
    }
    const { epoch } = job
    void pause(AGAIN_MS.first).then(() => {
      if (job.epoch === epoch) states.again(job, {})
    })
  }

  #broken(offered: Offered, code: ErrorCode, said: string, lacks?: string): void {
    const signer =
      lacks == null
        ? ''
        : denyInput(this.#parts, offered.job, { digest: lacks, code, from: offered.from.get(lacks) ?? [] })
    const reason = cutText(`${signer}${said}`)
    // a member that knows nothing of it did not get the offer, or was started anew
    const isLost = code === 'interrupted' || code === 'lost'
    this.#end(offered, isLost ? 'lost' : 'broken', { code, reason })
    if (offered.cancelled != null) return this.#parts.states.cancel(offered.job, { ...outcomeOf(offered), reason })
    if (isLost) return this.#elsewhere(offered, reason, this.#costOf(offered))
    this.#afterFault(offered, reason)
  }

  /** An offer that did not come is no attempt, unless that goes on. */
  #costOf({ job, hasStarted }: Offered): number {
    if (hasStarted) return 1
    job.unheard++
    return job.unheard > MAX_UNHEARD ? 1 : 0
  }

  #ended(offered: Offered, { by, value, envelope }: Signed<JobResult>): void {
    const { job, member } = offered
    const { states, holders, fail } = this.#parts
    const record = this.#end(offered, value.outcome, {})
    this.#parts.init.on.result({ by, value, envelope })
    if (value.outcome === 'cancelled' && offered.cancelled == null) {
      record.result = resultText(envelope)
      return this.#afterFault(offered, value.error ?? `${member.name} has ended it`)
    }
    job.by = by
    job.began = value.began
    job.duration = value.duration
    job.result = resultText(envelope)
    if (value.outcome === 'done') {
      job.outputs = value.outputs
      for (const { digest } of value.outputs) holders.make(digest, member.peer)
      return states.finish(job, 'done', outcomeOf(offered))
    }
    const outcome = { ...outcomeOf(offered), reason: reasonOf(value), tail: value.tail.slice(-MAX_TAIL_TOLD) }
    if (value.outcome === 'cancelled') return states.cancel(job, { ...outcomeOf(offered), reason: offered.cancelled })
    fail(job, outcome)
  }

  /** Another member gets it, with what its inputs are then. */
  #elsewhere(offered: Offered, reason: string, cost = 1): void {
    const outcome = this.#spend(offered, reason, cost)
    if (outcome != null) this.#parts.states.again(offered.job, outcome)
  }

  /** The member could not run it: another gets it where there is one, once it is known who still has its inputs. */
  #afterFault(offered: Offered, reason: string): void {
    const { job, member } = offered
    const { states } = this.#parts
    job.broke.set(member.peer, `could not run it: ${reason}`)
    const outcome = this.#spend(offered, reason, 1)
    if (outcome == null) return
    states.queue(job, outcome)
    const { epoch } = job
    const wait = Math.min(AGAIN_MS.first * 2 ** (job.losses - 1), AGAIN_MS.most)
    void Promise.all([askHolders(this.#parts, job), pause(wait)]).then(() => {
      if (job.epoch === epoch) states.again(job, outcome)
    })
  }

  /** @returns what is told of a job that is tried again; undefined where it has failed, since it was tried often enough */
  #spend(offered: Offered, reason: string, cost: number): Outcome | undefined {
    const { job } = offered
    job.losses += cost
    const outcome = { ...outcomeOf(offered), reason }
    if (job.losses <= job.job.retries) return outcome
    const times = job.number === 1 ? '' : ` (attempt ${job.number}, and retries = ${job.job.retries})`
    this.#parts.fail(job, { ...outcome, reason: `${reason}${times}` })
    return undefined
  }

  /** A member that is out of reach ends what was cancelled when it is back. */
  #isDown(member: GraphMember): void {
    for (const each of [...this.#live.values()]) {
      if (each.member === member && each.cancelled != null) this.#giveUp(each, `${member.name} is out of reach`)
    }
  }

  #giveUp(offered: Offered, reason: string): void {
    offered.member.link.forget(nameOf(offered))
    this.#end(offered, 'cancelled', { reason })
    this.#parts.states.cancel(offered.job, { ...outcomeOf(offered), reason })
  }

  #end(offered: Offered, outcome: JobAttempt['outcome'], more: { code?: ErrorCode; reason?: string }): JobAttempt {
    const { job, member, number } = offered
    this.#live.delete(job)
    job.isOffered = false
    member.ours -= job.slots
    if (outcome !== 'refused') job.number = number
    const times = { offered: offered.offered, ended: now() }
    const record = { attempt: number, member: member.name, outcome, ...more, ...times }
    job.note(record)
    this.#parts.pump()
    return record
  }

  #with({ job, attempt }: AttemptName, act: (offered: Offered) => void): void {
    const tracked = this.#parts.states.job(job)
    const offered = tracked == null ? undefined : this.#live.get(tracked)
    if (offered?.number === attempt) act(offered)
  }
}

const nameOf = ({ job, number }: Offered): AttemptName => ({ job: job.name, attempt: number })

const outcomeOf = ({ member, number }: Offered): Outcome => ({ member: member.name, attempt: number })
