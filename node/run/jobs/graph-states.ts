/**
 * The states of the jobs of a graph: who waits for whom, whose failure goes on to whom, and when all is over. Knows nothing of members; says which
 * job is ready, and tells each change. All calls are synchronous.
 */

import { graphOfJobs, type JobGraph } from '../../../protocols/jobs/graph.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { inputsOf } from '../../../protocols/jobs/job-inputs.ts'
import { isFinal, type JobChange, type JobState } from '../../../protocols/jobs/job-state.ts'
import type { FinishedJob } from './graph-init.ts'
import { MAX_CAUSES, type Outcome, TrackedJob } from './tracked-job.ts'

interface GraphStatesInit {
  graph: GraphAt
  jobs: Job[]
  earlier: ReadonlyMap<string, FinishedJob>
  on: {
    change(change: JobChange): void
    /** All that it needs is done. */
    ready(job: TrackedJob): void
    /** It waits for nothing any more, or once more for what it needs. */
    unready(job: TrackedJob): void
    /** Every job is in its final state. */
    over(): void
  }
}

export class GraphStates {
  readonly #init: GraphStatesInit
  readonly #graph: JobGraph
  readonly #jobs: Map<string, TrackedJob>
  /** Jobs that are not in a final state. */
  #left: number
  /** Jobs that have heard of needs that are done, which is not told yet. */
  readonly #dirty = new Set<TrackedJob>()
  #flush: NodeJS.Immediate | undefined

  constructor(init: GraphStatesInit) {
    this.#init = init
    this.#graph = graphOfJobs(init.jobs)
    const producers = [...init.jobs, ...[...init.earlier].map(([name, { entry }]) => producerOf(name, entry.outputs))]
    const byName = new Map(producers.map(each => [each.name, each]))
    const places = new Map(this.#graph.order.map((name, place) => [name, place]))
    this.#jobs = new Map(
      init.jobs.map(job => {
        const planned = inputsOf(job, producersOf(job, byName))
        return [job.name, new TrackedJob(job, places.get(job.name) ?? 0, planned)]
      })
    )
    this.#left = this.#jobs.size
    for (const job of this.#jobs.values()) job.of = job.pending = this.needsOf(job).length
  }

  /** In the order in which they are given. */
  get jobs(): IterableIterator<TrackedJob> {
    return this.#jobs.values()
  }

  get left(): number {
    return this.#left
  }

  job(name: string): TrackedJob | undefined {
    return this.#jobs.get(name)
  }

  needsOf({ name }: TrackedJob): TrackedJob[] {
    return this.#trackedOf(this.#graph.needs.get(name))
  }

  dependentsOf({ name }: TrackedJob): TrackedJob[] {
    return this.#trackedOf(this.#graph.dependents.get(name))
  }

  /** Tells that all wait, before any of them begins. */
  begin(): void {
    for (const job of this.#jobs.values()) this.#tell(job)
    if (this.#left === 0) this.#init.on.over()
  }

  /** Says which jobs are ready from the beginning. */
  release(): void {
    for (const job of [...this.#jobs.values()]) if (job.state === 'waiting' && job.pending === 0) this.#ready(job)
  }

  /** It waits for a member; with what is told of how that came, such as a refusal. */
  queue(job: TrackedJob, outcome: Outcome = {}): void {
    this.#become(job, 'queued', outcome)
  }

  run(job: TrackedJob, outcome: Outcome): void {
    this.#become(job, 'running', outcome)
  }

  /** Its outputs are known. */
  finish(job: TrackedJob, state: 'done' | 'reused', outcome: Outcome): void {
    this.#become(job, state, outcome)
    for (const dependent of this.dependentsOf(job)) {
      if (dependent.state !== 'waiting' || dependent.pending === 0) continue
      dependent.pending--
      if (dependent.pending === 0) this.#ready(dependent)
      else this.#tellSoon(dependent)
    }
  }

  /** What needs it, and what needs that, is skipped. One that was done has lost its outputs, and cannot have them again. */
  fail(job: TrackedJob, outcome: Outcome): void {
    if (isDone(job)) this.#undo(job)
    else if (isFinal(job.state)) return
    this.#become(job, 'failed', outcome)
    this.#inherit(job, [job.name])
  }

  cancel(job: TrackedJob, outcome: Outcome): void {
    if (!isFinal(job.state)) this.#become(job, 'cancelled', outcome)
  }

  /**
   * It is to run once more: it waits for what it needs, and is ready at once where that is done. What waits for it waits on.
   * @param outcome why
   */
  again(job: TrackedJob, outcome: Outcome): void {
    if (isDone(job)) this.#undo(job)
    else if (isFinal(job.state)) return
    const needs = this.needsOf(job)
    job.pending = needs.filter(need => !isDone(need)).length
    const causes = needs.flatMap(need => (isFinal(need.state) && !isDone(need) ? causesOf(need) : []))
    if (causes.length > 0) return this.#skip(job, causes)
    if (job.pending > 0) return this.#become(job, 'waiting', outcome)
    if (job.state !== 'queued') this.#become(job, 'queued', outcome)
    this.#ready(job)
  }

  #undo(job: TrackedJob): void {
    job.forgetResult()
    this.#left++
    for (const dependent of this.dependentsOf(job)) if (isHeld(dependent)) this.#waitForOneMore(dependent)
  }

  #waitForOneMore(job: TrackedJob): void {
    job.pending++
    if (job.state === 'waiting') {
      job.epoch++
      return this.#tellSoon(job)
    }
    this.#init.on.unready(job)
    this.#become(job, 'waiting', {})
  }

  #ready(job: TrackedJob): void {
    job.epoch++
    this.#init.on.ready(job)
  }

  /** Each cause goes to all dependents, theirs too, and is told where it is new. */
  #inherit(job: TrackedJob, causes: string[]): void {
    const ahead = [{ job, causes }]
    for (let next = ahead.pop(); next != null; next = ahead.pop()) {
      for (const dependent of this.dependentsOf(next.job)) {
        if (dependent.state !== 'skipped' && !isHeld(dependent)) continue
        const fresh = next.causes.filter(cause => !dependent.causes.has(cause))
        const added = fresh.slice(0, MAX_CAUSES - dependent.causes.size)
        if (added.length === 0) continue
        for (const cause of added) dependent.causes.add(cause)
        if (dependent.state === 'skipped') this.#tell(dependent)
        else this.#become(dependent, 'skipped', {})
        ahead.push({ job: dependent, causes: added })
      }
    }
  }

  #skip(job: TrackedJob, causes: string[]): void {
    for (const cause of causes) if (job.causes.size < MAX_CAUSES) job.causes.add(cause)
    this.#become(job, 'skipped', {})
    this.#inherit(job, [...job.causes])
  }

  #become(job: TrackedJob, state: JobState, outcome: Outcome): void {
    job.state = state
    job.outcome = outcome
    job.epoch++
    this.#dirty.delete(job)
    if (isFinal(state)) {
      this.#left--
      this.#init.on.unready(job)
    }
    this.#tell(job)
    if (this.#left === 0) this.#init.on.over()
  }

  #tell(job: TrackedJob): void {
    this.#init.on.change(job.change(this.#init.graph))
  }

  /** Many needs of one job may be done at once. */
  #tellSoon(job: TrackedJob): void {
    this.#dirty.add(job)
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined
      const changed = [...this.#dirty]
      this.#dirty.clear()
      for (const each of changed) this.#tell(each)
    })
  }

  #trackedOf(names: string[] = []): TrackedJob[] {
    return names.flatMap(name => this.#jobs.get(name) ?? [])
  }
}

/** Nobody has begun with it: what already has its inputs does not need the jobs any more that made them. */
const isHeld = ({ state, isOffered }: TrackedJob): boolean => state === 'waiting' || (state === 'queued' && !isOffered)

export const isDone = ({ state }: { state: JobState }): boolean => state === 'done' || state === 'reused'

const causesOf = (job: TrackedJob): string[] => (job.state === 'skipped' ? [...job.causes] : [job.name])

const producerOf = (name: string, outputs: Array<{ path: string }>) => ({
  name,
  outputs: outputs.map(({ path }) => path)
})

/** Only those that it names: a graph may have thousands. */
function producersOf(job: Job, byName: Map<string, { name: string; outputs: string[] }>) {
  const named = [
    ...job.needs.map(need => need.job),
    ...job.inputs.flatMap(input => ('job' in input ? (input.job ?? []) : []))
  ]
  return [...new Set(named)].flatMap(name => byName.get(name) ?? [])
}
