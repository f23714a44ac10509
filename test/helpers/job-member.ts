/** A member that runs jobs of a controller under test, as a real one speaks on its stream; what a job does there is a function. */
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import type { ErrorCode } from '../../protocols/errors.ts'
import { BakError } from '../../protocols/errors.ts'
import type { GraphAt } from '../../protocols/jobs/graph-at.ts'
import type { Job } from '../../protocols/jobs/job.ts'
import { jobKey } from '../../protocols/jobs/job-key.ts'
import { type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import { type FromJobs, type JobOffer, jobStreamProtocol, type ToJobs } from '../../protocols/jobs/job-stream.ts'
import { Queue } from '../../protocols/queue.ts'
import { type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, type TestLink } from './streams.ts'

export const TEST_PLATFORM = 'linux-x64'

/** How an attempt ends; `broken` and `refused` are no results. */
export type Behaviour =
  | { outcome: 'done' }
  | { outcome: 'failed'; exit?: number; phase?: string; tail?: string[] }
  | { outcome: 'cancelled' }
  | { broken: ErrorCode; reason: string; lacks?: string }

interface Running {
  offer: JobOffer
  hasStarted: boolean
  end: AbortController
}

export interface TestMemberInit {
  run: string
  graph: GraphAt
  jobs: Job[]
  controller: string
  slots?: number
  platform?: string
  /** What a job does; done at once by default. */
  act?(offer: JobOffer, signal: AbortSignal, member: TestMember): Behaviour | Promise<Behaviour>
  /** Why an offer is not taken. */
  refuse?(offer: JobOffer): { code: ErrorCode; reason: string } | undefined
  /** It does not say that a job has started. */
  isSilent?: boolean
  /** What a stream is answered with instead. */
  fault?(): BakError | undefined
  /** Changes what is signed. */
  forge?(result: JobResult): JobResult
}

export class TestMember {
  readonly signer: Signer = newSigner()
  readonly link: TestLink
  readonly max: number
  readonly platform: string
  /** Offers that were taken, in their order. */
  readonly taken: JobOffer[] = []
  readonly wanted: Array<{ slots: number; most?: number | undefined }> = []
  /** Artifacts that are here. */
  readonly has = new Set<string>()
  /** Results that it knows, by key. */
  readonly knows = new Map<string, Envelope>()
  readonly looks: string[][] = []
  holds = 0
  /** Ends that were told and taken. */
  readonly got: Envelope[] = []
  heardOver = 0
  streams = 0
  /** Most that ran at once. */
  peak = 0
  /** Slots that other runs take. */
  others = 0
  /** What it says is held back while this is set. */
  stalls: Promise<void> | undefined
  readonly #init: TestMemberInit
  readonly #running = new Map<string, Running>()
  readonly #ended = new Map<string, FromJobs>()
  /** A cancel came behind the end: they count if they are taken all the same. */
  readonly #dropped = new Map<string, FromJobs>()
  #out: Queue<FromJobs> | undefined
  #offers = 0
  #isOver = false

  constructor(init: TestMemberInit) {
    this.#init = init
    this.max = init.slots ?? 2
    this.platform = init.platform ?? TEST_PLATFORM
    this.link = linkTo(serve(jobStreamProtocol, this.handler), init.controller)
  }

  get peer(): string {
    return this.signer.peer
  }

  get running(): string[] {
    return [...this.#running.keys()]
  }

  get #free(): number {
    const slots = [...this.#running.values()].reduce((sum, { offer }) => sum + this.#slotsOf(offer), 0)
    return this.max - this.others - slots
  }

  /** As a daemon that was killed: what it ran is gone, and its streams are. */
  restart(): void {
    for (const { end } of this.#running.values()) end.abort()
    this.#running.clear()
    this.#ended.clear()
    this.cut()
  }

  cut(): void {
    for (const each of this.link.streams) each.cut()
  }

  /** Tells of its slots, which others have changed. */
  tellSlots(): void {
    const free = Math.max(0, this.#free)
    this.#out?.offer({ type: 'slots', max: this.max, taken: this.max - free, free, offers: this.#offers })
  }

  say(message: FromJobs): void {
    this.#out?.offer(message)
  }

  readonly handler: Handler<ToJobs, FromJobs> = (first, exchange) => this.#serve(first, exchange.receive)

  async *#serve(first: ToJobs, receive: () => Promise<ToJobs | undefined>): AsyncGenerator<FromJobs> {
    const fault = this.#init.fault?.()
    if (fault != null) throw fault
    if (this.#isOver) throw new BakError('phase-closed', 'the graph is over here')
    if (first.type !== 'open') throw new BakError('bad-message', 'no run')
    this.streams++
    const out = new Queue<FromJobs>(100_000)
    this.#out = out
    this.#offers = 0
    this.#sayAgain(new Set(first.running.map(keyOf)))
    void this.#read(receive, out)
    for (let next = await out.take(); next !== undefined; next = await out.take()) {
      await this.stalls
      yield next
    }
  }

  #sayAgain(named: Set<string>): void {
    for (const [key, running] of this.#running) if (!named.has(key)) running.end.abort()
    for (const message of this.#ended.values()) this.say(message)
    for (const key of named) {
      const running = this.#running.get(key)
      const dropped = this.#dropped.get(key)
      if (dropped != null) this.say(dropped)
      const [job = '', attempt] = key.split('/')
      const name = { job, attempt: Number(attempt) }
      if (running?.hasStarted) this.say({ type: 'started', ...name, at: 1 })
      if (running == null && dropped == null && !this.#ended.has(key)) {
        this.say({ type: 'broken', ...name, code: 'interrupted', reason: 'nothing is known of it here' })
      }
    }
    this.tellSlots()
  }

  async #read(receive: () => Promise<ToJobs | undefined>, out: Queue<FromJobs>): Promise<void> {
    try {
      for (let next = await receive(); next !== undefined; next = await receive()) this.#take(next)
    } catch {
      // its stream is gone
    }
    out.end()
  }

  #take(message: ToJobs): void {
    if (message.type === 'offer') this.#takeOffer(message)
    else if (message.type === 'cancel') this.#cancel(keyOf(message))
    else if (message.type === 'got') this.#takeGot(keyOf(message))
    else if (message.type === 'want') this.wanted.push({ slots: message.slots, most: message.most })
    else if (message.type === 'hold') {
      this.holds++
      this.say({ type: 'held', id: message.id, digests: message.digests.filter(each => this.has.has(each)) })
    } else if (message.type === 'look') {
      this.looks.push(message.keys)
      this.say({ type: 'found', id: message.id, results: message.keys.flatMap(key => this.knows.get(key) ?? []) })
    } else if (message.type === 'over') {
      this.heardOver++
      for (const { end } of this.#running.values()) end.abort()
      this.#closeIfOver()
    }
  }

  #takeOffer(offer: JobOffer): void {
    this.#offers++
    const refusal = this.#init.refuse?.(offer) ?? this.#busy(offer)
    const name = { job: offer.job, attempt: offer.attempt }
    if (refusal != null) this.say({ type: 'refused', ...name, ...refusal })
    else {
      this.taken.push(offer)
      const running = { offer, hasStarted: true, end: new AbortController() }
      this.#running.set(keyOf(offer), running)
      this.peak = Math.max(this.peak, this.#running.size)
      if (!this.#init.isSilent) this.say({ type: 'started', ...name, at: Date.now() })
      void this.#run(running)
    }
    this.tellSlots()
  }

  #busy(offer: JobOffer) {
    return this.#slotsOf(offer) > this.#free ? { code: 'busy' as const, reason: 'no slot is free' } : undefined
  }

  async #run({ offer, end }: Running): Promise<void> {
    const { act = () => ({ outcome: 'done' as const }) } = this.#init
    const aborted = new Promise<Behaviour>(resolve =>
      end.signal.addEventListener('abort', () => resolve({ outcome: 'cancelled' }))
    )
    const behaviour = await Promise.race([Promise.resolve(act(offer, end.signal, this)), aborted])
    const name = { job: offer.job, attempt: offer.attempt }
    if (!this.#running.delete(keyOf(offer))) return
    if ('broken' in behaviour) {
      const { broken: code, ...why } = behaviour
      this.#end({ type: 'broken', ...name, code, ...why })
    } else {
      for (const { digest } of offer.inputs) this.has.add(digest)
      this.#end({ type: 'ended', ...name, sealed: this.sealed(offer, behaviour) })
    }
    this.tellSlots()
  }

  /** A result as it would sign it, with outputs of the content `<member>/<job>/<attempt>/<path>`. */
  sealed(
    offer: Pick<JobOffer, 'job' | 'attempt' | 'inputs'>,
    behaviour: Exclude<Behaviour, { broken: ErrorCode }>
  ): Envelope {
    const { run, graph, forge = result => result } = this.#init
    const job = this.#jobOf(offer.job)
    const inputs = offer.inputs.map(({ path, digest }) => ({ path, digest }))
    const key = jobKey({ job, variables: {}, platform: this.platform, image: job.image, inputs })
    const paths = behaviour.outcome === 'done' ? job.outputs : []
    const outputs = paths.map(path => {
      const digest = digestOf(Buffer.from(`${this.peer}/${job.name}/${offer.attempt}/${path}`))
      this.has.add(digest)
      return { path, digest, kind: 'file' as const, bytes: 100 }
    })
    const { outcome, ...more } = { exit: 0, phase: undefined, tail: [], ...behaviour }
    const result = { run, graph, job: job.name, attempt: offer.attempt, key, outcome, timedOut: false, began: 1_000 }
    const rest = { duration: 1, inputs, outputs, lines: 0, dropped: 0, platform: this.platform, ...more }
    return seal(jobResultSubject, forge({ ...result, ...rest }), this.signer)
  }

  #end(message: FromJobs & { job: string; attempt: number }): void {
    this.#ended.set(keyOf(message), message)
    this.say(message)
  }

  #cancel(key: string): void {
    const message = this.#ended.get(key)
    if (message != null) this.#dropped.set(key, message)
    this.#ended.delete(key)
    this.#running.get(key)?.end.abort()
    this.#closeIfOver()
  }

  #takeGot(key: string): void {
    const message = this.#ended.get(key) ?? this.#dropped.get(key)
    this.#ended.delete(key)
    this.#dropped.delete(key)
    if (message?.type === 'ended') this.got.push(message.sealed)
    this.#closeIfOver()
  }

  #closeIfOver(): void {
    if (this.heardOver === 0 || this.#ended.size > 0 || this.#running.size > 0) return
    this.#isOver = true
    this.#out?.end()
  }

  #slotsOf = ({ job }: JobOffer): number => this.#jobOf(job).slots

  #jobOf(name: string): Job {
    const job = this.#init.jobs.find(each => each.name === name)
    if (job == null) throw new Error(`no job ${name}`)
    return job
  }
}

const keyOf = ({ job, attempt }: { job: string; attempt: number }): string => `${job}/${attempt}`
