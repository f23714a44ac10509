/** One attempt that a member has taken: what runs of it, its signed result, and what is to be said of it until the controller has heard its end. */
import { join } from 'node:path'
import { type Envelope, seal } from '../../../protocols/envelope.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { jobKey } from '../../../protocols/jobs/job-key.ts'
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import { type JobResult, jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { FromJobs, JobOffer, LogLine } from '../../../protocols/jobs/job-stream.ts'
import { resultDigest } from '../../../protocols/jobs/jobs-answer.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import type { GraphHostInit, HostParts } from './host-init.ts'
import { type JobEnd, RunningJob } from './running-job.ts'

/** Between two words of how much of its inputs has come, ms. */
const TELL_EVERY_MS = 1_000

/** How it ended, as it is told until the controller has it. */
export type ToldEnd = Extract<FromJobs, { type: 'ended' | 'broken' }>

interface AttemptInit {
  job: Job
  /** 1 .. n */
  attempt: number
  inputs: JobOffer['inputs']
  graph: GraphHostInit
  parts: HostParts
  /** Tells the controller something, or lines of the log. */
  say(message: FromJobs): void
  sayLines(lines: LogLine[]): void
}

export class HostedAttempt {
  readonly job: Job
  readonly at: AttemptAt
  /** Its own, in the home. */
  readonly folder: string
  readonly #init: AttemptInit
  readonly #running: RunningJob
  #end: ToldEnd | undefined
  /** Digest of the envelope of its result. */
  #result: string | undefined
  #started: number | undefined
  /** The controller has given it to another: nothing more is told of it. */
  #isUnwanted = false

  constructor(init: AttemptInit) {
    const { job, attempt, graph } = init
    this.#init = init
    this.job = job
    this.at = { run: graph.run, graph: graph.graph, job: job.name, attempt }
    this.folder = join(graph.folder, `${job.name}.${attempt}`)
    this.#running = this.#runningJob()
  }

  get inputs(): JobOffer['inputs'] {
    return this.#init.inputs
  }

  get end(): ToldEnd | undefined {
    return this.#end
  }

  get result(): string | undefined {
    return this.#result
  }

  get isUnwanted(): boolean {
    return this.#isUnwanted
  }

  /** Nothing of it runs any more when this resolves. Never rejects. @param image the id of that in which it runs */
  async run(image?: string): Promise<void> {
    const { records } = this.#init.parts
    records.logs.begin(this.at)
    const ended = await this.#running.run(image)
    if (this.#isUnwanted || ended.type === 'broken') records.logs.end(this.at)
    if (this.#isUnwanted) return
    const about = { job: this.job.name, attempt: this.at.attempt }
    this.conclude(
      ended.type === 'broken' ? { ...about, ...ended } : { type: 'ended', ...about, sealed: this.#sign(ended.end) }
    )
  }

  /** It has ended so, or did in an earlier life of the daemon. */
  conclude(end: ToldEnd): void {
    this.#end = end
    if (end.type === 'ended') this.#result = resultDigest(end.sealed)
    this.#init.say(end)
  }

  cancel(why: string): void {
    this.#running.cancel(why)
  }

  /** It runs for another member now. */
  giveUp(): void {
    this.#isUnwanted = true
    this.#running.cancel('it was given to another member')
  }

  /** Says again how far it is, on a new stream. */
  sayAgain(): void {
    if (this.#end != null) this.#init.say(this.#end)
    else if (this.#started != null) this.#sayStarted(this.#started)
  }

  #runningJob(): RunningJob {
    const { job, attempt, inputs, graph, parts, say, sayLines } = this.#init
    const about = { job: job.name, attempt }
    return new RunningJob({
      ...{ job, inputs, graph, parts, folder: this.folder },
      told: {
        ...graph.told,
        ...{ BAK_JOB: job.name, BAK_JOB_ATTEMPT: String(attempt), BAK_JOB_SLOTS: String(job.slots) }
      },
      onProgress: seldom((done, total) => say({ type: 'stated', ...about, bytes: { done, total } })),
      onStarted: at => {
        this.#started = at
        if (!this.#isUnwanted) this.#sayStarted(at)
      },
      onStated: now => say({ type: 'stated', ...about, ...now }),
      onLines: lines => {
        parts.records.logs.append(this.at, lines)
        if (!this.#isUnwanted) sayLines(lines)
      }
    })
  }

  #sayStarted(at: number): void {
    this.#init.say({ type: 'started', job: this.job.name, attempt: this.at.attempt, at })
  }

  #sign(end: JobEnd): Envelope {
    const { job, inputs, graph, parts } = this.#init
    const placed = inputs.map(({ path, digest }) => ({ path, digest }))
    const about = { platform: PLATFORM, image: job.image, inputs: placed }
    const value: JobResult = {
      ...this.at,
      key: jobKey({ job, variables: graph.variablesOf(job), ...about }),
      ...{ ...end, inputs: placed, platform: PLATFORM },
      ...(job.image == null ? {} : { image: job.image })
    }
    const envelope = seal(jobResultSubject, value, parts.signer)
    parts.publish({ by: parts.signer.peer, value, envelope })
    return envelope
  }
}

/** At most once in a while. */
function seldom(tell: (done: number, total: number) => void): (done: number, total: number) => void {
  let last = performance.now()
  return (done, total) => {
    const now = performance.now()
    if (now - last < TELL_EVERY_MS) return
    last = now
    tell(done, total)
  }
}
