/** A graph of jobs while its phase is open: makes it of the run, has it ended with the run, and keeps what it comes to. */
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import type { JobLogFiles } from '../../store/job-log-files.ts'
import { onAbort, settledWithin } from '../../wait.ts'
import { ANSWER_MARGIN_MS } from '../plan-work.ts'
import type { RunContext } from '../run-context.ts'
import type { FinishedJob, GraphRunInit } from './graph-init.ts'
import { GraphNotes } from './graph-notes.ts'
import { graphRunInit } from './graph-run-init.ts'

/** A graph that is cancelled has ended after this, or is not waited for, ms. */
const CANCEL_MS = 6_000

/** What runs a graph. */
export interface Graph {
  start(): void
  /** Never rejects. */
  readonly ended: Promise<unknown>
  cancel(reason: string): void
  leave(peer: string, reason: string): void
  /** Streams to its members end. */
  stop(): void
  readonly entries: JobEntry[]
  /** @returns nothing of a job that was left out */
  entryOf(job: string): JobEntry | undefined
  /** Jobs whose outputs are there. */
  readonly finished: Map<string, FinishedJob>
}
export type MakeGraph = (init: GraphRunInit) => Graph

export class OpenGraph {
  readonly at: GraphAt
  readonly #run: RunContext
  readonly #graph: Graph
  readonly #notes: GraphNotes
  /** By the monotonic clock. */
  readonly #began = performance.now()
  #took: number | undefined
  /** Its phase is over. */
  #isClosed = false
  readonly #left = new Set<string>()
  readonly #releases: Array<() => void>

  /** The jobs are offered at once, and taken as soon as members have the command. */
  constructor(at: GraphAt, run: RunContext, { logs, make }: { logs: JobLogFiles; make: MakeGraph }) {
    this.at = at
    this.#run = run
    this.#notes = new GraphNotes({ run, graph: at, logs, onChanged: jobs => this.#noteChanged(jobs) })
    const init = graphRunInit(at, run, this.#notes)
    this.#notes.begin(init)
    this.#graph = make(init)
    this.#graph.start()
    // whoever asks for one of them finds it from now on
    run.parts.jobRecords.note(run.id, this.entries)
    const leave = (peer: string) => this.leave(peer, run.excluded.get(peer)?.reason ?? 'it is out of the run')
    run.onExcluded.add(leave)
    this.#releases = [
      () => run.onExcluded.delete(leave),
      onAbort(run.cancelled, () => this.#graph.cancel((run.cancelled.reason as Error).message))
    ]
    this.#graph.ended.then(() => {
      this.#took = performance.now() - this.#began
      // all have heard of it, or are out of reach
      if (!this.#isClosed && !run.cancelled.aborted)
        run.hurry(run.order.spec.policy.lost_timeout * 1000 + ANSWER_MARGIN_MS)
    })
  }

  get isOver(): boolean {
    return this.#took != null
  }

  /** ms, until now where it goes on. */
  get took(): number {
    return this.#took ?? performance.now() - this.#began
  }

  get entries(): JobEntry[] {
    return this.#graph.entries
  }

  /** The member runs none of its jobs any more. */
  leave(peer: string, reason: string): void {
    if (this.#left.has(peer)) return
    this.#left.add(peer)
    this.#graph.leave(peer, reason)
  }

  /** The phase is over: what still runs is ended, and what has become of each job is kept. */
  async end(): Promise<void> {
    const run = this.#run
    this.#isClosed = true
    if (!this.isOver) this.#graph.cancel('its phase is over')
    await settledWithin(CANCEL_MS, this.#graph.ended)
    for (const release of this.#releases) release()
    this.#graph.stop()
    this.#notes.flush()
    const { entries } = this
    run.jobs.note(this.at, { entries, finished: this.#graph.finished })
    run.record.jobs = run.jobs.counts
    run.parts.jobRecords.note(run.id, entries)
  }

  #noteChanged(jobs: ReadonlySet<string>): void {
    const { parts, id } = this.#run
    parts.jobRecords.note(
      id,
      [...jobs].flatMap(job => this.#graph.entryOf(job) ?? [])
    )
  }
}
