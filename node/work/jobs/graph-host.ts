/**
 * One graph of a run on one member: takes what the controller offers, as far as there are slots and its owner lets it, runs it, and says how it
 * went. What it runs goes on while no stream is there, for as long as the controller waits for a member that it cannot reach.
 */
import { join } from 'node:path'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { type Envelope, type Signer, seal, type Signed } from '../../../protocols/envelope.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { jobKey } from '../../../protocols/jobs/job-key.ts'
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import { type JobResult, jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { JobOffer, LogLine, ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { type JobsAnswer, jobsAnswerOfDigests, resultDigest } from '../../../protocols/jobs/jobs-answer.ts'
import { graphKey } from '../../../protocols/layout.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import type { Imports } from '../../artifacts/import-artifact.ts'
import type { Swarms } from '../../artifacts/swarm/swarms.ts'
import type { Log } from '../../log.ts'
import type { Programs } from '../../processes/programs.ts'
import type { JobRecords } from '../../store/job-records.ts'
import { removeTree } from '../../store/remove-tree.ts'
import { type AttemptOf, JobOutbox } from './job-outbox.ts'
import { attemptKey, type HostedAttempt, type ToldEnd } from './hosted-attempt.ts'
import type { MachineSlots, RunSlots } from './machine-slots.ts'
import { type JobEnd, RunningJob } from './running-job.ts'

/** Attempts whose end the controller has not heard: with more of them none is begun. */
const MAX_UNHEARD = 1_024

/** What the daemon has for the jobs of all runs. */
export interface HostParts {
  log: Log
  signer: Signer
  slots: MachineSlots
  swarms: Pick<Swarms, 'fetch' | 'store'>
  imports: Pick<Imports, 'take'>
  records: Pick<JobRecords, 'beginLog' | 'appendLog' | 'endLog' | 'byKeys' | 'resultsOf'>
  /** Keeps a result that was signed here, and lets others know of it. */
  publish(result: Signed<JobResult>): void
}

export interface GraphHostInit {
  run: string
  graph: GraphAt
  /** Peer ids. */
  controller: string
  self: string
  /** Those of the role of the graph. */
  jobs: readonly Job[]
  variablesOf(job: Job): Record<string, string>
  /** What each of them is told beside that. */
  told: Record<string, string>
  /** In the home, for what they write. */
  folder: string
  programs: Pick<Programs, 'spawn'>
  /** ms for which the controller waits for a member that it cannot reach; 0 is for ever. */
  lostTimeoutMs: number
  /** Who needs what they leave, in the store, until the run is over here. */
  owner: string
  /** @throws {BakError} `not-allowed` naming the rule of the owner by which it does not run here */
  judge(job: Job, inputs: JobOffer['inputs']): Promise<void>
  /** This moment, on the clock of the controller. */
  now(): number
}

export class GraphHost {
  readonly #init: GraphHostInit
  readonly #parts: HostParts
  readonly #slots: RunSlots
  readonly #jobs: Map<string, Job>
  readonly #attempts = new Map<string, HostedAttempt>()
  /** What goes on for them, also behind their ends. */
  readonly #work = new Set<Promise<void>>()
  /** Digests of results that the controller has. */
  readonly #heard = new Set<string>()
  readonly #over = Promise.withResolvers<void>()
  #outbox = new JobOutbox()
  #isConnected = false
  #isEnding = false
  /** Offers of the present stream that were dealt with. */
  #offers = 0
  #told = ''
  #lost: NodeJS.Timeout | undefined

  constructor(init: GraphHostInit, parts: HostParts) {
    this.#init = init
    this.#parts = parts
    this.#jobs = new Map(init.jobs.map(job => [job.name, job]))
    this.#slots = parts.slots.enter(init.run, init.controller, () => this.#tellSlots())
  }

  get controller(): string {
    return this.#init.controller
  }

  /** Resolves when the controller has said that no job comes any more. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** A stream of the controller is there, in the place of one that was. @returns what is to be sent on it */
  connect(running: readonly AttemptOf[]): JobOutbox {
    clearTimeout(this.#lost)
    const named = new Set(running.map(attemptKey))
    const lines = this.#leave(new BakError('interrupted', 'a newer stream has taken its place'))
    this.#isConnected = true
    this.#offers = 0
    this.#told = ''
    for (const each of running) if (!this.#attempts.has(attemptKey(each))) this.#recall(each)
    for (const [key, each] of this.#attempts) {
      if (each.end == null && !named.has(key)) this.#giveUp(each)
      else if (each.started != null) this.#tellStarted(each, each.started)
    }
    for (const { job, attempt, lines: waiting } of lines) this.#outbox.putLines({ job, attempt }, waiting)
    for (const { end } of this.#attempts.values()) if (end != null) this.#outbox.put(end)
    this.#tellSlots()
    return this.#outbox
  }

  /** The stream is gone: what runs goes on. */
  disconnect(outbox: JobOutbox): void {
    if (outbox !== this.#outbox) return
    const lines = this.#leave(new BakError('unreachable', 'the stream is gone'))
    for (const { job, attempt, lines: waiting } of lines) this.#outbox.putLines({ job, attempt }, waiting)
    this.#isConnected = false
    const { lostTimeoutMs } = this.#init
    if (lostTimeoutMs <= 0 || this.#isEnding) return
    const end = () => this.#cancelAll('the controller could not be reached for longer than policy.lost_timeout')
    this.#lost = setTimeout(end, Math.min(lostTimeoutMs, MAX_TIMER_MS)).unref()
  }

  /** @throws {BakError} `bad-message` */
  hear(message: ToJobs): void {
    switch (message.type) {
      case 'open':
        throw new BakError('bad-message', 'the stream is open already')
      case 'want':
        return this.#slots.want(message.slots, message.most)
      case 'offer':
        return this.#take(message)
      case 'cancel':
        return this.#cancel(message)
      case 'got':
        return this.#forget(message, true)
      case 'hold':
        return this.#outbox.put({ type: 'held', id: message.id, digests: this.#hold(message.digests) })
      case 'look':
        return this.#outbox.put({ type: 'found', id: message.id, results: this.#look(message.keys) })
      case 'over':
        return this.#over.resolve()
    }
  }

  /** Nothing of it runs any more, and the stream ends. Never rejects. @returns what it signed, as far as the controller has it */
  async end(why: string): Promise<JobsAnswer> {
    this.#isEnding = true
    clearTimeout(this.#lost)
    this.#cancelAll(why)
    while (this.#work.size > 0) await Promise.all(this.#work)
    this.#slots.leave()
    this.#outbox.end()
    return jobsAnswerOfDigests(this.#heard)
  }

  #leave(why: BakError) {
    const lines = this.#outbox.leave()
    this.#outbox.fail(why)
    this.#outbox = new JobOutbox()
    return lines
  }

  #take(offer: JobOffer): void {
    const { job: name, attempt, inputs } = offer
    this.#offers++
    const why = this.#whyRefused(offer)
    if (why != null) this.#outbox.put({ type: 'refused', job: name, attempt, ...why })
    else if (!this.#attempts.has(attemptKey(offer))) {
      const taken: HostedAttempt = { job: this.#jobs.get(name) as Job, attempt, inputs }
      this.#attempts.set(attemptKey(offer), taken)
      this.#do(this.#host(taken))
    }
    this.#tellSlots()
  }

  #whyRefused(offer: JobOffer): { code: ErrorCode; reason: string } | undefined {
    const job = this.#jobs.get(offer.job)
    const { max } = this.#parts.slots
    if (job == null) return { code: 'state', reason: `the manifest has no job ${offer.job} in this graph` }
    if (this.#attempts.has(attemptKey(offer))) return undefined
    if (this.#isEnding) return { code: 'phase-closed', reason: 'the graph is over here' }
    if (job.slots > max) return { code: 'not-allowed', reason: `it takes ${job.slots} slots, and this machine has ${max}` }
    if (this.#attempts.size >= max + MAX_UNHEARD) return { code: 'busy', reason: 'too many ends are still to be heard' }
    if (!this.#slots.take(job.slots)) return { code: 'busy', reason: 'no slots are free' }
    return undefined
  }

  /** Never rejects. */
  async #host(taken: HostedAttempt): Promise<void> {
    const { job, attempt, inputs } = taken
    try {
      await this.#init.judge(job, inputs)
    } catch (cause) {
      const { code, message } = asBakError(cause)
      this.#attempts.delete(attemptKey({ job: job.name, attempt }))
      this.#slots.give(job.slots)
      return this.#outbox.put({ type: 'refused', job: job.name, attempt, code, reason: cutText(message) })
    }
    const { records } = this.#parts
    records.beginLog(this.#at(taken))
    const running = this.#runningOf(taken)
    taken.running = running
    // it may have been cancelled while it was judged
    if (this.#isEnding || taken.isCancelled || taken.isUnwanted) running.cancel('it was cancelled')
    const ended = await running.run()
    const end = ended.type === 'ended' && !taken.isUnwanted ? this.#signed(taken, ended.end) : undefined
    if (end == null) records.endLog(this.#at(taken))
    const about = { job: job.name, attempt }
    if (end != null) this.#conclude(taken, { type: 'ended', ...about, sealed: end })
    else if (ended.type === 'broken') this.#conclude(taken, { ...ended, ...about })
    if (taken.isUnwanted) this.#attempts.delete(attemptKey(about))
    this.#slots.give(job.slots)
    this.#do(removeTree(this.#folderOf(taken)).catch(this.#failed))
  }

  #runningOf(taken: HostedAttempt): RunningJob {
    const { job, attempt, inputs } = taken
    const { told, controller, programs, owner, now, variablesOf } = this.#init
    const { swarms, imports } = this.#parts
    const about = { job: job.name, attempt }
    return new RunningJob({
      ...{ job, attempt, inputs, by: controller, programs, swarms, imports, now },
      variables: variablesOf(job),
      told: {
        ...told,
        ...{ BAK_JOB: job.name, BAK_JOB_ATTEMPT: String(attempt), BAK_JOB_SLOTS: String(job.slots) }
      },
      folder: this.#folderOf(taken),
      onProgress: seldom((done, total) => this.#outbox.put({ type: 'stated', ...about, bytes: { done, total } })),
      onStarted: at => {
        taken.started = at
        if (!taken.isUnwanted) this.#tellStarted(taken, at)
      },
      onStated: now => this.#outbox.put({ type: 'stated', ...about, ...now }),
      onLines: lines => this.#log(taken, lines),
      onTaken: digest => swarms.store.needs.add(owner, [digest])
    })
  }

  #log(taken: HostedAttempt, lines: LogLine[]): void {
    this.#parts.records.appendLog(this.#at(taken), lines)
    if (!taken.isUnwanted) this.#outbox.putLines({ job: taken.job.name, attempt: taken.attempt }, lines)
  }

  #signed(taken: HostedAttempt, end: JobEnd): Envelope {
    const { job, inputs } = taken
    const { signer, publish } = this.#parts
    const placed = inputs.map(({ path, digest }) => ({ path, digest }))
    const variables = this.#init.variablesOf(job)
    const value: JobResult = {
      ...this.#at(taken),
      key: jobKey({ job, variables, platform: PLATFORM, image: job.image, inputs: placed }),
      ...end,
      inputs: placed,
      platform: PLATFORM,
      ...(job.image == null ? {} : { image: job.image })
    }
    const envelope = seal(jobResultSubject, value, signer)
    taken.result = resultDigest(envelope)
    publish({ by: signer.peer, value, envelope })
    return envelope
  }

  #conclude(taken: HostedAttempt, end: ToldEnd): void {
    if (taken.isUnwanted) return
    taken.end = end
    this.#outbox.put(end)
  }

  /** The controller names an attempt that is not known here: the daemon was started anew, or the offer never came. */
  #recall({ job, attempt }: AttemptOf): void {
    const { run, graph, self } = this.#init
    const known = this.#jobs.get(job)
    if (known == null) return
    const { graph: _, ...at } = { run, graph, job, attempt }
    const result = this.#parts.records
      .resultsOf(at.run, { job, attempt })
      .find(each => each.by === self && graphKey(each.value.graph) === graphKey(graph))
    const reason = 'this member knows nothing of it: its daemon was started anew, or the offer was lost'
    const end: ToldEnd =
      result == null
        ? { type: 'broken', job, attempt, code: 'interrupted', reason }
        : { type: 'ended', job, attempt, sealed: result.envelope }
    const digest = result == null ? {} : { result: resultDigest(result.envelope) }
    this.#attempts.set(attemptKey({ job, attempt }), { job: known, attempt, inputs: [], end, ...digest })
  }

  #cancel(of: AttemptOf): void {
    const taken = this.#attempts.get(attemptKey(of))
    if (taken == null) return
    if (taken.end != null) return this.#forget(of, false)
    taken.isCancelled = true
    taken.running?.cancel('it was cancelled')
  }

  /** It runs for another member now. */
  #giveUp(taken: HostedAttempt): void {
    taken.isUnwanted = true
    taken.running?.cancel('it was given to another member')
  }

  #cancelAll(why: string): void {
    for (const each of this.#attempts.values()) if (each.end == null) each.running?.cancel(why)
  }

  /** @param isHeard whether the controller has its result */
  #forget(of: AttemptOf, isHeard: boolean): void {
    const taken = this.#attempts.get(attemptKey(of))
    if (taken?.end == null) return
    if (isHeard && taken.result != null) this.#heard.add(taken.result)
    this.#attempts.delete(attemptKey(of))
  }

  #hold(digests: string[]): string[] {
    const { store } = this.#parts.swarms
    const here = digests.filter(each => store.get(each) != null && !store.damaged.has(each))
    store.needs.add(this.#init.owner, here)
    return here
  }

  #look(keys: string[]): Envelope[] {
    return this.#parts.records
      .byKeys(keys)
      .slice(0, 16)
      .map(({ envelope }) => envelope)
  }

  #tellStarted({ job, attempt }: HostedAttempt, at: number): void {
    this.#outbox.put({ type: 'started', job: job.name, attempt, at })
  }

  #tellSlots(): void {
    if (!this.#isConnected) return
    const now = { ...this.#slots.now, offers: this.#offers }
    const told = Object.values(now).join()
    if (told === this.#told) return
    this.#told = told
    this.#outbox.put({ type: 'slots', ...now })
  }

  #at({ job, attempt }: HostedAttempt): AttemptAt {
    const { run, graph } = this.#init
    return { run, graph, job: job.name, attempt }
  }

  #folderOf({ job, attempt }: HostedAttempt): string {
    return join(this.#init.folder, `${job.name}.${attempt}`)
  }

  #do(work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  readonly #failed = (cause: unknown) => {
    this.#parts.log.warn('a folder of a job was not removed', { run: this.#init.run, why: asBakError(cause).message })
  }
}

/** Between two words of how much has come, ms. */
const TELL_EVERY_MS = 1_000

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
