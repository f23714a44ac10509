/**
 * One graph of a run on one member: takes what the controller offers, as far as there are slots and its owner lets it, runs it, and says how it
 * went. What it runs goes on while no stream is there, for as long as the controller waits for a member that it cannot reach.
 */
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import type { Envelope } from '../../../protocols/envelope.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { type AttemptName, attemptKey, type JobOffer, type ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { type JobsAnswer, jobsAnswerOfDigests, resultDigest } from '../../../protocols/jobs/jobs-answer.ts'
import { graphKey } from '../../../protocols/layout.ts'
import { removeTree } from '../../store/remove-tree.ts'
import type { GraphHostInit, HostParts } from './host-init.ts'
import { HostedAttempt } from './hosted-attempt.ts'
import { JobOutbox } from './job-outbox.ts'
import type { RunSlots } from './machine-slots.ts'

/** Attempts whose end the controller has not heard: with more of them none is begun. */
const MAX_UNHEARD = 1_024
/** Results of one answer (jobs/job-stream.ts). */
const MAX_FOUND = 16

export class GraphHost {
  readonly #init: GraphHostInit
  readonly #parts: HostParts
  readonly #slots: RunSlots
  readonly #jobs: Map<string, Job>
  readonly #attempts = new Map<string, HostedAttempt>()
  /** What goes on for them, also behind their ends. */
  readonly #work = new Set<Promise<void>>()
  /** By attempt, digests of results that the controller did not want: it may have got one while it said so. */
  readonly #unwanted = new Map<string, string>()
  /** Digests of results that the controller has. */
  readonly #heard = new Set<string>()
  readonly #over = Promise.withResolvers<void>()
  #outbox = new JobOutbox()
  #isConnected = false
  #wasConnected = false
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

  /** Resolves when the controller has said that no job comes any more. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** A stream of the controller is there, in the place of one that was. @returns what is to be sent on it */
  connect(running: readonly AttemptName[]): JobOutbox {
    clearTimeout(this.#lost)
    const named = new Set(running.map(attemptKey))
    if (!this.#wasConnected) this.#recallHeard(named)
    this.#wasConnected = true
    const lines = this.#leave(new BakError('interrupted', 'a newer stream has taken its place'))
    this.#isConnected = true
    this.#offers = 0
    this.#told = ''
    for (const [key, each] of this.#attempts) if (each.end == null && !named.has(key)) each.giveUp()
    for (const each of this.#attempts.values()) if (each.end == null && !each.isUnwanted) each.sayAgain()
    for (const { job, attempt, lines: waiting } of lines) this.#outbox.putLines({ job, attempt }, waiting)
    for (const each of this.#attempts.values()) if (each.end != null) each.sayAgain()
    for (const each of running) if (!this.#attempts.has(attemptKey(each))) this.#recall(each)
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
        return this.#hear(message)
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
    const { job, attempt } = offer
    this.#offers++
    const why = this.#whyRefused(offer)
    if (why != null) this.#outbox.put({ type: 'refused', job, attempt, ...why })
    else if (!this.#attempts.has(attemptKey(offer))) this.#do(this.#host(this.#attemptOf(offer)))
    this.#tellSlots()
  }

  #whyRefused(offer: JobOffer): { code: ErrorCode; reason: string } | undefined {
    const job = this.#jobs.get(offer.job)
    const { max } = this.#parts.slots
    if (job == null) return { code: 'state', reason: `the manifest has no job ${offer.job} in this graph` }
    if (this.#attempts.has(attemptKey(offer))) return undefined
    if (this.#isEnding) return { code: 'phase-closed', reason: 'the graph is over here' }
    if (job.slots > max)
      return { code: 'not-allowed', reason: `it takes ${job.slots} slots, and this machine has ${max}` }
    if (this.#attempts.size >= max + MAX_UNHEARD) return { code: 'busy', reason: 'too many ends are still to be heard' }
    if (!this.#slots.take(job.slots)) return { code: 'busy', reason: 'no slots are free' }
    return undefined
  }

  #attemptOf({ job: name, attempt, inputs }: Pick<JobOffer, 'job' | 'attempt' | 'inputs'>): HostedAttempt {
    const job = this.#jobs.get(name) as Job
    const made = new HostedAttempt({
      ...{ job, attempt, inputs, graph: this.#init, parts: this.#parts },
      say: message => this.#outbox.put(message),
      sayLines: lines => this.#outbox.putLines({ job: name, attempt }, lines)
    })
    this.#attempts.set(attemptKey(made.at), made)
    return made
  }

  /** Never rejects. */
  async #host(taken: HostedAttempt): Promise<void> {
    const { job, at } = taken
    try {
      const image = await this.#init.judge(job, taken.inputs)
      // it may have been cancelled while it was judged
      if (this.#isEnding) taken.cancel('the graph is over')
      await taken.run(image)
      if (taken.isUnwanted) this.#attempts.delete(attemptKey(at))
      this.#do(removeTree(taken.folder).catch(this.#failed))
    } catch (cause) {
      const { code, message } = asBakError(cause)
      this.#attempts.delete(attemptKey(at))
      this.#outbox.put({ type: 'refused', job: job.name, attempt: at.attempt, code, reason: cutText(message) })
    } finally {
      this.#slots.give(job.slots)
    }
  }

  /** Of a daemon that was started anew: what it signed before, and the controller does not ask for. */
  #recallHeard(named: ReadonlySet<string>): void {
    for (const { value, envelope } of this.#earlier())
      if (!named.has(attemptKey(value))) this.#heard.add(resultDigest(envelope))
  }

  /** @returns results of this member that its records have */
  #earlier(which: Partial<AttemptName> = {}) {
    const { run, graph, self } = this.#init
    const known = this.#parts.records.resultsOf(run, which)
    return known.filter(({ by, value }) => by === self && graphKey(value.graph) === graphKey(graph))
  }

  /** The controller names an attempt that is not known here: the daemon was started anew, or the offer never came. */
  #recall({ job, attempt }: AttemptName): void {
    if (!this.#jobs.has(job)) return
    const [result] = this.#earlier({ job, attempt })
    const reason = 'this member knows nothing of it: its daemon was started anew, or the offer was lost'
    this.#attemptOf({ job, attempt, inputs: [] }).conclude(
      result == null
        ? { type: 'broken', job, attempt, code: 'interrupted', reason }
        : { type: 'ended', job, attempt, sealed: result.envelope }
    )
  }

  #cancel(of: AttemptName): void {
    const taken = this.#attempts.get(attemptKey(of))
    if (taken?.end == null) return taken?.cancel('it was cancelled')
    if (taken.result != null) this.#unwanted.set(attemptKey(of), taken.result)
    this.#attempts.delete(attemptKey(of))
  }

  #cancelAll(why: string): void {
    for (const each of this.#attempts.values()) if (each.end == null) each.cancel(why)
  }

  /** The controller has its end. */
  #hear(of: AttemptName): void {
    const taken = this.#attempts.get(attemptKey(of))
    const result = taken?.result ?? this.#unwanted.get(attemptKey(of))
    if (result != null) this.#heard.add(result)
    if (taken?.end != null) this.#attempts.delete(attemptKey(of))
  }

  #hold(digests: string[]): string[] {
    const { store } = this.#parts.swarms
    const here = digests.filter(each => store.get(each) != null && !store.damaged.has(each))
    store.needs.add(this.#init.owner, here)
    return here
  }

  /** Of each key one before further ones of any: many peers may have signed the same. */
  #look(keys: string[]): Envelope[] {
    const known = this.#parts.records.byKeys(keys)
    const places = new Map(keys.map(key => [key, 0]))
    const placed = known.map(({ value: { key }, envelope }) => {
      const place = places.get(key) ?? 0
      places.set(key, place + 1)
      return { place, envelope }
    })
    const inTurn = placed.sort((a, b) => a.place - b.place)
    return inTurn.slice(0, MAX_FOUND).map(({ envelope }) => envelope)
  }

  #tellSlots(): void {
    if (!this.#isConnected) return
    const now = { ...this.#slots.now, offers: this.#offers }
    const told = Object.values(now).join()
    if (told === this.#told) return
    this.#told = told
    this.#outbox.put({ type: 'slots', ...now })
  }

  #do(work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  readonly #failed = (cause: unknown) => {
    this.#parts.log.warn('a folder of a job was not removed', { run: this.#init.run, why: asBakError(cause).message })
  }
}
