/**
 * The controller's end of the stream on which one member runs jobs of one graph (jobs/job-stream.ts). It is opened again whenever it breaks, until
 * the member has heard that the graph is over; what the member is offered stays with it meanwhile, unless it is out of reach for too long. What the
 * member sends of attempts that are not its own any more is answered here, and goes no further.
 */
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import type { Envelope, Signed } from '../../../protocols/envelope.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import {
  type AttemptName,
  attemptKey,
  type FromJobs,
  type JobOffer,
  jobStreamProtocol,
  type ToJobs
} from '../../../protocols/jobs/job-stream.ts'
import { Queue } from '../../../protocols/queue.ts'
import { type Call, call, type Opener } from '../../../protocols/stream.ts'
import { Backoff } from '../../backoff.ts'
import { inTime, pause } from '../../wait.ts'
import { checkedResult, type ExpectedResult } from './checked-result.ts'
import { ASK_MS, LinkAsks } from './link-asks.ts'
import type { LinkEvents, SlotsSaid } from './link-events.ts'

const RETRY_MS = { first: 100, most: 2_000 }
/** A member says first what it has, ms; it may wait for the command. */
const FIRST_ANSWER_MS = 30_000
/** A member takes each message, ms; the largest has two MiB. */
const SEND_MS = 60_000
/** Messages that wait for the member: a few for each attempt that it can have, and questions. */
const MAX_OUTBOX = 65_536
/** So often in a row a member may send what cannot be read. */
const MAX_FAULTS = 5
/** The member takes no jobs of this graph, whenever it is asked. */
const FINAL: ErrorCode[] = ['not-allowed', 'not-on-roster', 'not-the-controller', 'phase-closed', 'version-clash']

type Question = { type: 'hold'; digests: string[] } | { type: 'look'; keys: string[] }
type Answer = Extract<FromJobs, { id: number }>
type OfAttempt = Exclude<FromJobs, SlotsSaid | Answer>

export interface JobLinkInit {
  run: string
  graph: GraphAt
  peer: string
  open: Opener
  /** ms out of reach; 0 is never. */
  lostTimeoutMs: number
  on: LinkEvents
}

interface Offered extends AttemptName {
  expected: ExpectedResult
  isCancelled: boolean
}

export class JobLink {
  readonly #init: JobLinkInit
  /** Offered, and neither refused nor ended. */
  readonly #offered = new Map<string, Offered>()
  /** Their ends were taken: the member may not have heard that. */
  readonly #taken = new Set<string>()
  readonly #asks = new LinkAsks<Answer>()
  readonly #backoff = new Backoff(RETRY_MS)
  readonly #stopped = new AbortController()
  readonly #told = Promise.withResolvers<void>()
  /** Of the present stream. */
  #outbox: Queue<ToJobs> | undefined
  #isUp = false
  #isOver = false
  #faults = 0
  #want = { slots: 0, most: 0 }
  #lostTimer: NodeJS.Timeout | undefined

  constructor(init: JobLinkInit) {
    this.#init = init
  }

  /** Whether the member can be offered jobs, and asked. */
  get isUp(): boolean {
    return this.#isUp && !this.#isOver
  }

  /** Settles when the member has heard that the graph is over, or never will. */
  get told(): Promise<void> {
    return this.#told.promise
  }

  start(): void {
    void this.#keepOpen()
  }

  /** Of a member that is up. */
  offer(offer: Omit<JobOffer, 'type'>, expected: ExpectedResult): void {
    const { job, attempt } = offer
    this.#offered.set(attemptKey(offer), { job, attempt, expected, isCancelled: false })
    this.#put({ type: 'offer', ...offer })
  }

  /** Its end is waited for. */
  cancel(name: AttemptName): void {
    const offered = this.#offered.get(attemptKey(name))
    if (offered == null || offered.isCancelled) return
    offered.isCancelled = true
    this.#put({ type: 'cancel', ...nameOf(name) })
  }

  /** Its end is not waited for any more. */
  forget(name: AttemptName): void {
    this.#offered.delete(attemptKey(name))
  }

  want(slots: number, most: number): void {
    if (this.#want.slots === slots && this.#want.most === most) return
    this.#want = { slots, most }
    if (this.#isUp) this.#put({ type: 'want', slots, most })
  }

  /** @returns those of these artifacts that the member has, and keeps @throws {BakError} if it does not say so */
  async hold(digests: string[]): Promise<string[]> {
    return (await this.#ask({ type: 'hold', digests }, 'held')).digests
  }

  /** @returns results of these keys that the member knows, as they came @throws {BakError} if it does not say so */
  async look(keys: string[]): Promise<Envelope[]> {
    return (await this.#ask({ type: 'look', keys }, 'found')).results
  }

  /** Says that no job comes any more, again on each stream until the member has heard it. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#lostTimer)
    if (this.#isUp) this.#put({ type: 'over' })
  }

  /** Ends the stream, whatever is on it. */
  stop(reason: string): void {
    clearTimeout(this.#lostTimer)
    this.#isUp = false
    this.#offered.clear()
    this.#stopped.abort(new BakError('interrupted', reason))
    this.#told.resolve()
  }

  async #ask<Type extends Answer['type']>(question: Question, type: Type): Promise<Extract<Answer, { type: Type }>> {
    if (!this.isUp || this.#asks.isLate) throw new BakError('unreachable', 'the member cannot be asked now')
    const answer = await this.#asks.ask(id => this.#put({ ...question, id }), ASK_MS[question.type])
    if (answer.type !== type) throw new BakError('bad-message', `the member answers ${answer.type} to ${question.type}`)
    return answer as Extract<Answer, { type: Type }>
  }

  #put(message: ToJobs): void {
    if (this.#outbox?.offer(message) !== false) return
    this.#outbox.fail(new BakError('busy', 'the member does not take what it is sent'))
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stopped
    this.#watchLoss()
    while (!signal.aborted) {
      try {
        if (await this.#once(signal)) return this.#told.resolve()
      } catch (cause) {
        const error = asBakError(cause)
        if (signal.aborted) return
        if (error.code === 'phase-closed' && this.#isOver) return this.#told.resolve()
        if (error.code === 'bad-message') this.#faults++
        if (FINAL.includes(error.code) || this.#faults >= MAX_FAULTS) {
          this.stop(error.message)
          return this.#init.on.lost(error, true)
        }
      }
      await pause(this.#backoff.next(), signal)
    }
  }

  /** @returns whether the member has heard that the graph is over */
  async #once(signal: AbortSignal): Promise<boolean> {
    const { run, graph, open } = this.#init
    const stream = await call(open, jobStreamProtocol, { signal })
    const outbox = new Queue<ToJobs>(MAX_OUTBOX)
    const first = setTimeout(() => stream.abort(new BakError('timeout', 'it does not speak')), FIRST_ANSWER_MS)
    let sending: Promise<void> | undefined
    try {
      const running = [...this.#offered.values()].map(nameOf)
      this.#outbox = outbox
      this.#put({ type: 'open', run, graph, running })
      for (const each of this.#offered.values()) if (each.isCancelled) this.#put({ type: 'cancel', ...nameOf(each) })
      sending = this.#send(stream, outbox)
      const receiving = this.#receive(stream, first)
      // a stream that cannot be written to is not waited for
      return await Promise.race([receiving, sending.then(() => receiving)])
    } finally {
      clearTimeout(first)
      this.#outbox = undefined
      outbox.fail(new BakError('unreachable', 'the stream of jobs broke'))
      stream.abort(new BakError('interrupted', 'the stream of jobs is over'))
      this.#goDown()
      await sending?.catch(() => {})
    }
  }

  async #send(stream: Call<ToJobs, FromJobs>, outbox: Queue<ToJobs>): Promise<void> {
    const late = () => new BakError('timeout', 'the member does not take what it is sent')
    for (let next = await outbox.take(); next !== undefined; next = await outbox.take()) {
      await inTime(stream.send(next), { ms: SEND_MS, late })
    }
  }

  async #receive(stream: Call<ToJobs, FromJobs>, first: NodeJS.Timeout): Promise<boolean> {
    for (let next = await stream.receive(); next !== undefined; next = await stream.receive()) {
      if (next.type === 'held' || next.type === 'found') this.#asks.take(next)
      else if (next.type !== 'slots') this.#takeOfAttempt(next)
      else {
        clearTimeout(first)
        this.#takeSlots(next)
      }
    }
    return this.#isOver && this.#isUp
  }

  #takeSlots(slots: SlotsSaid): void {
    const isFirst = !this.#isUp
    if (isFirst) {
      this.#isUp = true
      clearTimeout(this.#lostTimer)
      if (this.#isOver) this.#put({ type: 'over' })
      else if (this.#want.slots > 0) this.#put({ type: 'want', ...this.#want })
    }
    if (!this.#isOver) this.#init.on.slots(slots, isFirst)
  }

  #takeOfAttempt(message: OfAttempt): void {
    const { on } = this.#init
    const offered = this.#offered.get(attemptKey(message))
    if (offered == null) return this.#answerStray(message)
    // a stream that is opened and brings nothing is no success
    if (message.type !== 'broken') this.#backoff.reset()
    if (message.type === 'started') on.started(offered, message.at)
    else if (message.type === 'stated') on.stated(message)
    else if (message.type === 'lines') on.lines(message)
    else {
      this.forget(offered)
      if (message.type === 'ended') this.#takeEnd(offered, message.sealed)
      else if (message.type === 'refused') on.refused(offered, message.code, message.reason)
      else {
        this.#put({ type: 'got', ...nameOf(offered) })
        on.broken(offered, message.code, message.reason, message.lacks)
      }
    }
  }

  #takeEnd(offered: Offered, sealed: Envelope): void {
    const { on, peer } = this.#init
    let result: Signed<JobResult>
    try {
      result = checkedResult(sealed, peer, offered.expected)
    } catch (cause) {
      const { code, message } = asBakError(cause)
      this.#put({ type: 'cancel', ...nameOf(offered) })
      return on.broken(offered, code, message)
    }
    this.#faults = 0
    this.#taken.add(attemptKey(offered))
    this.#put({ type: 'got', ...nameOf(offered) })
    on.ended(offered, result)
  }

  /** What was given up is to end there, and its end counts for nothing; what was taken is not to come again. */
  #answerStray({ type, job, attempt }: OfAttempt): void {
    if (type === 'broken' || (type === 'ended' && this.#taken.has(attemptKey({ job, attempt })))) {
      this.#put({ type: 'got', job, attempt })
    } else if (type === 'ended' || type === 'started') this.#put({ type: 'cancel', job, attempt })
  }

  #goDown(): void {
    this.#asks.fail(new BakError('unreachable', 'the stream of jobs broke'))
    const wasUp = this.#isUp
    this.#isUp = false
    if (!wasUp || this.#stopped.signal.aborted || this.#isOver) return
    this.#watchLoss()
    this.#init.on.down()
  }

  #watchLoss(): void {
    const { lostTimeoutMs, on } = this.#init
    if (lostTimeoutMs === 0) return
    const lose = () => {
      this.#offered.clear()
      on.lost(new BakError('lost', `out of reach for more than ${lostTimeoutMs / 1000} s`), false)
    }
    clearTimeout(this.#lostTimer)
    this.#lostTimer = setTimeout(lose, Math.min(lostTimeoutMs, MAX_TIMER_MS))
  }
}

const nameOf = ({ job, attempt }: AttemptName): AttemptName => ({ job, attempt })
