/**
 * The controller's run of one graph of jobs: all jobs wait at once, each for what it needs, then for a member with free slots; what members do and
 * say comes over their links. Nothing is polled: a job goes on when a need is done, when slots are said to be free, or when its member has spoken.
 * Knows nothing of a run beyond what it is given.
 */
import { isFinal } from '../../../protocols/jobs/job-state.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { settledWithin } from '../../wait.ts'
import { ArtifactProviders } from './artifact-providers.ts'
import type { FinishedJob, GraphRunInit } from './graph-init.ts'
import { GraphMember } from './graph-member.ts'
import type { GraphParts } from './graph-parts.ts'
import { GraphStates, isDone } from './graph-states.ts'
import { JobLink } from './job-link.ts'
import { JobOffers } from './job-offers.ts'
import { JobQueue } from './job-queue.ts'
import { ReadyJobs } from './ready-jobs.ts'
import type { TrackedJob } from './tracked-job.ts'

/** A member that was told to end a job says so within this time, or is not waited for, ms: it kills what does not end by itself after two seconds. */
const CANCEL_MS = 4_000
/** Members hear that the graph is over within this time, or go on being told while the run goes on, ms. */
const TELL_MS = { usual: 5_000, cancelled: 1_500 }

export class GraphRun {
  readonly #init: GraphRunInit
  readonly #states: GraphStates
  readonly #members = new Map<string, GraphMember>()
  readonly #queue: JobQueue<TrackedJob, GraphMember>
  readonly #holders = new ArtifactProviders()
  readonly #ready: ReadyJobs
  readonly #offers: JobOffers
  readonly #fail: GraphParts['fail']
  readonly #ended = Promise.withResolvers<JobEntry[]>()
  #pumping: NodeJS.Immediate | undefined
  #cancelTimer: NodeJS.Timeout | undefined
  #isCancelled = false
  /** Nothing more is begun. */
  #isEnding = false
  #isOver = false

  constructor(init: GraphRunInit) {
    this.#init = init
    const { graph, jobs, earlier, on } = init
    this.#states = new GraphStates({
      ...{ graph, jobs, earlier },
      on: {
        change: change => on.change(change),
        ready: job => this.#ready.take(job),
        unready: job => this.#queue.remove(job),
        over: () => void setImmediate(() => void this.#finish())
      }
    })
    const members: GraphMember[] = []
    this.#queue = new JobQueue(members)
    const parts: GraphParts = {
      ...{ init, states: this.#states, members: this.#members, queue: this.#queue, holders: this.#holders },
      fail: (job, outcome) => {
        this.#states.fail(job, outcome)
        if (init.failFast) this.#cancelRest(`${job.name} failed`)
      },
      pump: () => this.#pump()
    }
    this.#ready = new ReadyJobs(parts)
    this.#offers = new JobOffers(parts, this.#ready)
    this.#fail = parts.fail
    for (const facts of init.members) {
      const member = this.#memberOf(facts)
      members.push(member)
      this.#members.set(facts.peer, member)
    }
    for (const { digest, from } of init.given.values()) for (const peer of from) this.#holders.add(digest, peer)
    for (const { entry, holders } of earlier.values()) {
      for (const { digest } of entry.outputs) for (const peer of holders) this.#holders.add(digest, peer)
    }
  }

  /**
   * Settles when each job is in its final state and all members in reach have heard that the graph is over: nothing of it runs on them. Who is out of
   * reach is told when it is back, until `leave` or `stop`. Never rejects.
   */
  get ended(): Promise<JobEntry[]> {
    return this.#ended.promise
  }

  /** As they are now: of each job, those that were left out behind the others. */
  get entries(): JobEntry[] {
    const { graph, leftOut } = this.#init
    const entries = [...this.#states.jobs].map(job => job.entry(graph))
    const others = leftOut.map(({ job, why }) => ({
      ...{ graph, job, role: graph.role, state: 'left-out' as const, needs: [], attempts: [], why, outputs: [] }
    }))
    return [...entries, ...others]
  }

  /** @returns nothing of a job that was left out */
  entryOf(job: string): JobEntry | undefined {
    return this.#states.job(job)?.entry(this.#init.graph)
  }

  /** Jobs whose outputs are there, by name, with the peers that have all of them. */
  get finished(): Map<string, FinishedJob> {
    const { graph } = this.#init
    return new Map(
      [...this.#states.jobs]
        .filter(isDone)
        .map(job => [job.name, { entry: job.entry(graph), holders: this.#holders.ofAll(job.outputs) }])
    )
  }

  start(): void {
    const { graph, leftOut, on } = this.#init
    for (const { job, why } of leftOut) on.change({ graph, job, state: 'left-out', why })
    for (const { link } of this.#members.values()) link.start()
    this.#states.begin()
    this.#failStranded()
    this.#states.release()
  }

  /** Ends all jobs. What has begun is ended on its member, which is waited for a little. */
  cancel(reason: string): void {
    this.#isCancelled = true
    this.#cancelRest(reason)
  }

  /** The member takes no part any more: others get what it has. */
  leave(peer: string, reason: string): void {
    const member = this.#members.get(peer)
    if (member == null || member.left != null) return
    member.link.stop(reason)
    this.#lose(member, reason, true)
  }

  /** Ends what there still is of it, such as telling members that are out of reach. Behind the phase. */
  stop(): void {
    clearTimeout(this.#cancelTimer)
    clearImmediate(this.#pumping)
    this.#isOver = true
    for (const { link } of this.#members.values()) link.stop('the graph of jobs is over')
    this.#ended.resolve(this.entries)
  }

  #memberOf(facts: GraphRunInit['members'][number]): GraphMember {
    const { run, graph, open, lostTimeoutMs } = this.#init
    const { peer } = facts
    const on = {
      slots: (...said: Parameters<GraphMember['said']>) => {
        member.said(...said)
        this.#pump()
      },
      lost: (why: Error, isFinal: boolean) => this.#lose(member, why.message, isFinal),
      ...this.#offers.eventsOf(() => member)
    }
    const link = new JobLink({ run, graph, peer, open: open(peer), lostTimeoutMs, on })
    const member: GraphMember = new GraphMember(facts, link)
    return member
  }

  #lose(member: GraphMember, reason: string, isFinal: boolean): void {
    if (isFinal) member.leave(reason)
    if (this.#isOver) return
    const gone = [...this.#states.jobs].filter(job => isDone(job) && this.#isOnlyOn(member, job))
    this.#holders.removePeer(member.peer)
    const stranded = isFinal ? this.#queue.rebuild() : []
    this.#offers.lose(member, reason)
    if (!this.#isEnding) this.#offers.takeBack(member.name)
    for (const job of gone) this.#makeLostAgain(job, member)
    if (isFinal) this.#failStranded()
    // one that could not run it before may be tried again
    for (const job of stranded) if (job.state === 'queued' && !job.isOffered) this.#queue.add(job)
    this.#pump()
  }

  #isOnlyOn({ peer }: GraphMember, { outputs }: TrackedJob): boolean {
    return outputs.some(
      ({ digest }) => this.#holders.of(digest).every(each => each === peer) && this.#holders.isHeld(digest)
    )
  }

  /** What was made there, and is nowhere else, is made again where it is still needed, or is what the run is to yield. */
  #makeLostAgain(job: TrackedJob, { name }: GraphMember): void {
    if (this.#isEnding || !isDone(job)) return
    const isAwaited = this.#states.dependentsOf(job).some(({ state }) => state === 'waiting' || state === 'queued')
    if (isAwaited || this.#ready.isWanted(job)) this.#ready.makeAgain(job, `${name} was lost with them`)
  }

  /** A job that no member can run fails at once, not when all that it needs is done. */
  #failStranded(): void {
    for (const job of [...this.#states.jobs]) {
      if (isFinal(job.state) || job.isOffered) continue
      const reason = this.#ready.whyStranded(job)
      if (reason != null) this.#fail(job, { reason })
    }
  }

  #cancelRest(reason: string): void {
    this.#isEnding = true
    for (const job of [...this.#states.jobs]) if (!isFinal(job.state)) this.#offers.cancel(job, reason)
    this.#cancelTimer ??= setTimeout(
      () => this.#offers.giveUpCancelled(member => `${reason}; ${member} does not say that it has ended it`),
      CANCEL_MS
    )
  }

  #pump(): void {
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined
      if (!this.#isOver) this.#offers.give()
    })
  }

  /** A job may be made again meanwhile. */
  async #finish(): Promise<void> {
    if (this.#isOver || this.#states.left > 0) return
    this.#isOver = true
    clearTimeout(this.#cancelTimer)
    const links = [...this.#members.values()].map(({ link }) => link)
    for (const link of links) link.over()
    const told = Promise.all(links.map(link => link.told))
    await settledWithin(this.#isCancelled ? TELL_MS.cancelled : TELL_MS.usual, told)
    this.#ended.resolve(this.entries)
  }
}
