/**
 * What peers of the mesh say they have done: this peer's own results go out, those of others are kept among the records. What is measured is left in
 * peace: while a run measures this machine its results wait. Each signer may tell so many, and has so much of the records (trim-jobs.ts).
 */
import { decode, encode } from '../../protocols/codec.ts'
import { type Envelope, envelope, open, peek, type Signed, type Signer, seal } from '../../protocols/envelope.ts'
import { BakError, Ignored } from '../../protocols/errors.ts'
import { topicName } from '../../protocols/hello.ts'
import { jobsDoneSubject, MAX_ANNOUNCED } from '../../protocols/jobs/job-index.ts'
import { type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import { listen } from '../listen.ts'
import type { Gossip } from '../mesh/gossip.ts'
import type { LowNoiseEvents, LowNoiseMode } from '../mesh/idle/low-noise.ts'
import { type Rate, TokenBuckets } from '../mesh/limits/token-bucket.ts'
import type { Roles } from '../mesh/permissions.ts'
import { Part } from '../part.ts'
import type { JobRecords } from '../store/job-records.ts'

/** Between two messages, ms. */
const PERIOD_MS = 250
/** Results that wait; of more the oldest are not announced. */
const MAX_QUEUED = 8_192
const MAX_QUEUED_BYTES = 16 * 1024 * 1024
/** Of one result, and of those of one message: what is larger is found by asking only. */
const MAX_RESULT_BYTES = 64 * 1024
const MAX_MESSAGE_BYTES = 256 * 1024
/** Results of one signer: four times what an honest one sends. */
const RESULTS: Rate = { perSecond: (4 * 1000 * MAX_ANNOUNCED) / PERIOD_MS, burst: MAX_QUEUED }

interface Components {
  gossip: Pick<Gossip, 'subscribe' | 'publish'>
  authority: Roles
  lowNoise: Pick<LowNoiseMode, 'active' | 'addEventListener'>
}

export interface JobIndexInit {
  mesh: string
  signer: Signer
  jobRecords: Pick<JobRecords, 'keep'>
  now?: () => number
}

export class JobIndex extends Part<Components, JobIndexInit> {
  readonly #topic = topicName(this.init.mesh, 'jobs')
  readonly #now = this.init.now ?? (() => performance.now())
  readonly #told = new TokenBuckets(RESULTS)
  readonly #queue: Envelope[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined

  afterStart(): void {
    this.components.gossip.subscribe<Signed<JobResult>[]>({
      name: this.#topic,
      check: (bytes, claim) => this.#check(bytes, claim),
      handle: results => {
        for (const each of results) this.init.jobRecords.keep(each)
      }
    })
    listen<LowNoiseEvents>(this.components.lowNoise, this.stopped, { change: () => this.#schedule() })
  }

  override stop(): void {
    super.stop()
    clearTimeout(this.#timer)
  }

  /** Keeps a result that this peer has signed, and tells the others of it where its job is done. */
  publish(result: Signed<JobResult>): void {
    this.init.jobRecords.keep(result)
    const bytes = result.envelope.body.length
    if (result.value.outcome !== 'done' || bytes > MAX_RESULT_BYTES) return
    this.#queue.push(result.envelope)
    this.#queuedBytes += bytes
    while (this.#queue.length > MAX_QUEUED || this.#queuedBytes > MAX_QUEUED_BYTES) this.#take(1)
    this.#schedule()
  }

  #take(count: number): Envelope[] {
    const taken = this.#queue.splice(0, count)
    for (const { body } of taken) this.#queuedBytes -= body.length
    return taken
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.components.lowNoise.active || this.stopped.aborted) return
    this.#timer ??= setTimeout(() => this.#tell(), PERIOD_MS)
  }

  #tell(): void {
    this.#timer = undefined
    if (this.components.lowNoise.active) return
    const results = this.#take(fitting(this.#queue))
    const sealed = seal(jobsDoneSubject, { results }, this.init.signer)
    this.components.gossip.publish(this.#topic, encode(sealed))
    this.#schedule()
  }

  /** @throws {BakError} `bad-message`, `bad-signature`; `Ignored` for a signer that is not known yet, or has told too many */
  #check(bytes: Uint8Array, claim: (signer: string) => void): Signed<JobResult>[] {
    const sealed = decode(envelope, bytes)
    claim(sealed.by)
    if (this.components.authority.roleOf(sealed.by) == null) {
      throw new Ignored('not-ready', `${sealed.by} is not known here as a member of the mesh`)
    }
    const { results } = open(jobsDoneSubject, sealed).value
    if (!this.#told.take(sealed.by, this.#now(), results.length)) {
      throw new Ignored('busy', `${sealed.by} tells of too many results of jobs`)
    }
    return results.map(each => ofSigner(each, sealed.by))
  }
}

/** @returns how many of them are one message */
function fitting(queue: Envelope[]): number {
  let bytes = 0
  const beyond = queue.slice(0, MAX_ANNOUNCED).findIndex(({ body }) => {
    bytes += body.length
    return bytes > MAX_MESSAGE_BYTES
  })
  return beyond < 0 ? MAX_ANNOUNCED : beyond
}

/** @throws {BakError} `bad-message` for what no honest peer tells */
function ofSigner(sealed: Envelope, signer: string): Signed<JobResult> {
  if (sealed.by !== signer) throw new BakError('bad-message', `a result of ${sealed.by} is told by ${signer}`)
  const value = peek(jobResultSubject, sealed)
  if (value.outcome !== 'done') throw new BakError('bad-message', `a job that is ${value.outcome} is told as done`)
  return { by: signer, value, envelope: sealed }
}
