/** What is known of one job of a graph that runs. */
import { cutText } from '../../../protocols/fields.ts'
import { neededBy } from '../../../protocols/jobs/graph.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { type Job, MAX_EDGES } from '../../../protocols/jobs/job.ts'
import type { PlannedInput } from '../../../protocols/jobs/job-inputs.ts'
import type { KeyParts } from '../../../protocols/jobs/job-key.ts'
import { bytesOfOutputs, type JobOutput } from '../../../protocols/jobs/job-result.ts'
import { isFinal, type JobChange, type JobState } from '../../../protocols/jobs/job-state.ts'
import { type JobAttempt, type JobEntry, MAX_ATTEMPTS } from '../../../protocols/jobs/jobs-file.ts'
import type { ResolvedInput } from './resolved-inputs.ts'

/** Causes that a skipped job names. */
export const MAX_CAUSES = 16

/** What became of it, told with its state. */
export interface Outcome {
  member?: string
  attempt?: number
  reason?: string
  tail?: string[]
}

export class TrackedJob {
  readonly job: Job
  /** In the order of the graph: who is before is offered first. */
  readonly place: number
  /** All jobs that it needs, those of earlier graphs too. */
  readonly needs: string[]
  readonly planned: PlannedInput[]
  /** Its outputs themselves are needed, not only what they are: it is not reused where nobody has them. */
  needsBytes = false
  state: JobState = 'waiting'
  /** A member has it. */
  isOffered = false
  /** Needs of this graph, and those that are not done. */
  of = 0
  pending = 0
  /** Counts what makes an answer that is on its way about another time. */
  epoch = 0
  /** Attempts so far, refused offers aside, and those that failed by no fault of its script. */
  number = 0
  losses = 0
  /** Offers that did not come. */
  unheard = 0
  readonly attempts: JobAttempt[] = []
  /** Members that refused it for good, or could not run it: why, by peer. */
  readonly out = new Map<string, string>()
  readonly broke = new Map<string, string>()
  /** Inputs that one of its members did not get. */
  readonly lacked = new Set<string>()
  outcome: Outcome = {}
  why: string | undefined
  readonly causes = new Set<string>()
  /** Who ran it: the peer, and the run where that is another. */
  by: string | undefined
  run: string | undefined
  began: number | undefined
  duration: number | undefined
  outputs: JobOutput[] = []
  /** Once all that it needs is done. */
  inputs: ResolvedInput[] = []
  /** Of each platform on which it may run. */
  keys: Array<KeyParts & { key: string }> = []
  /** As it is in its entry. */
  result: string | undefined

  constructor(job: Job, place: number, planned: PlannedInput[]) {
    this.job = job
    this.place = place
    this.needs = neededBy(job)
    this.planned = planned
  }

  get slots(): number {
    return this.job.slots
  }

  get name(): string {
    return this.job.name
  }

  /** Why a member is out for this job, by peer. */
  get excluded(): Map<string, string> {
    return new Map([...this.out, ...this.broke])
  }

  /** What it had of a result is gone; its attempt keeps that. */
  forgetResult(): void {
    const last = this.attempts.findLast(({ outcome }) => outcome === 'done')
    if (last != null && this.run == null && this.result != null) last.result = this.result
    this.why = undefined
    this.outputs = []
    this.result = undefined
    this.by = undefined
    this.run = undefined
    this.began = undefined
    this.duration = undefined
  }

  /** Repeated refusals of one member are one, the latest; beyond the bound refusals go first. */
  note(attempt: JobAttempt): void {
    const last = this.attempts.at(-1)
    const isRepeated = [attempt, last].every(each => each?.outcome === 'refused') && last?.member === attempt.member
    if (isRepeated) this.attempts.pop()
    if (this.attempts.length >= MAX_ATTEMPTS) {
      const refused = this.attempts.findIndex(({ outcome }) => outcome === 'refused')
      this.attempts.splice(Math.max(refused, 0), 1)
    }
    this.attempts.push(attempt)
  }

  /** @returns what is told of its state now */
  change(graph: GraphAt): JobChange {
    const { state, outcome, why } = this
    const told: JobChange = { graph, job: this.name, state }
    if (state === 'waiting') Object.assign(told, { have: this.of - this.pending, of: this.of })
    else if (state !== 'skipped' && state !== 'left-out') {
      if (outcome.member != null) told.member = outcome.member
      if (outcome.attempt != null) told.attempt = outcome.attempt
    }
    if (outcome.reason != null) told.reason = cutText(outcome.reason)
    if (why != null && state !== 'waiting') told.why = cutText(why)
    if (state === 'done' || state === 'reused') told.bytes = bytesOfOutputs(this.outputs)
    if (isFinal(state) && this.run == null && this.duration != null) told.took = this.duration
    if (state === 'failed' && outcome.tail != null) told.tail = outcome.tail
    if (state === 'skipped') told.from = [...this.causes]
    return told
  }

  /** @returns its entry in `jobs.json` */
  entry(graph: GraphAt): JobEntry {
    const { job, state, why, outcome, by, run, began, duration } = this
    return {
      ...{ graph, job: job.name, role: job.role, state, needs: this.needs.slice(0, MAX_EDGES) },
      attempts: this.attempts.map(each => ({ ...each })),
      ...{ member: outcome.member, by, run, began, duration, outputs: this.outputs, result: this.result },
      why: why && cutText(why),
      reason: outcome.reason && cutText(outcome.reason),
      from: state === 'skipped' ? [...this.causes] : undefined
    }
  }
}
