/**
 * What becomes of a job once all that it needs is done: its inputs are known, a known result is taken if there is one, and otherwise it waits for a
 * member. Where nobody in reach has an input any more, the job that made it runs again.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { jobKey, type KeyParts } from '../../../protocols/jobs/job-key.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import { resultText } from '../../../protocols/jobs/jobs-file.ts'
import { settledWithin } from '../../wait.ts'
import { whyNobody, whyNot } from './eligible.ts'
import type { GraphParts } from './graph-parts.ts'
import { isDone } from './graph-states.ts'
import { resolveInputs } from './resolved-inputs.ts'
import { type Askable, type Found, Reuse, whoHolds } from './reuse.ts'
import type { TrackedJob } from './tracked-job.ts'

/** Members that can be asked later than this after the first one are not waited for, ms. */
const LINK_MS = 2_000

export class ReadyJobs {
  readonly #parts: GraphParts
  readonly #reuse: Reuse
  readonly #locating = new Map<string, Promise<void>>()
  #linked: Promise<void> | undefined

  constructor(parts: GraphParts) {
    this.#parts = parts
    const { known, latest } = parts.init
    this.#reuse = new Reuse({ known, latest, askable: () => askable(parts) })
  }

  /** @param job that is ready: goes on by itself, unless its epoch changes */
  take(job: TrackedJob): void {
    const { init, states, fail } = this.#parts
    const inputs = resolveInputs(job.name, job.planned, init.given, name => {
      return (states.job(name) ?? init.earlier.get(name)?.entry)?.outputs
    })
    if (typeof inputs === 'string') return fail(job, { reason: inputs })
    job.inputs = inputs
    const nobody = this.whyStranded(job)
    if (nobody != null) return fail(job, { reason: nobody })
    job.keys = this.#keysOf(job)
    const { epoch } = job
    const isStale = () => job.epoch !== epoch
    void this.#decide(job, isStale).catch(cause => {
      if (!isStale()) fail(job, { reason: asBakError(cause).message })
    })
  }

  /** A known result, or a member runs it: then its inputs have to be somewhere. */
  async #decide(job: TrackedJob, isStale: () => boolean): Promise<void> {
    const { init, holders } = this.#parts
    let why = init.uncached ?? 'earlier results are not taken'
    if (init.cache) {
      await this.#untilLinked()
      const found = await this.#reuse.find(this.#wanted(job))
      if (isStale()) return
      if (typeof found !== 'string') return this.#adopt(job, found)
      why = found
    }
    const unknown = job.inputs.filter(({ digest }) => !holders.isHeld(digest))
    if (unknown.length > 0) {
      await this.#untilLinked()
      await this.#locate(unknown.map(({ digest }) => digest))
      if (isStale() || this.#lacksInputs(job)) return
    }
    this.#queue(job, why)
  }

  /** @returns why no member can run it, of those that are there; one that could not before is tried again where there is no other */
  whyStranded(job: TrackedJob): string | undefined {
    const { queue, members } = this.#parts
    if (queue.eligible(job).length > 0) return undefined
    job.broke.clear()
    if (queue.eligible(job).length > 0) return undefined
    const all = [...members.values()]
    const left = all.flatMap(({ peer, left }) => (left == null ? [] : [[peer, `is gone: ${left}`] as const]))
    return whyNobody(
      job.job,
      all.map(({ facts }) => facts),
      new Map([...left, ...job.out])
    )
  }

  /** Its outputs are held by nobody in reach, and are needed. */
  makeAgain(job: TrackedJob, reason: string): void {
    const { states, fail } = this.#parts
    job.needsBytes = true
    // what was reused has not been tried here yet
    if (job.state === 'done') job.losses++
    if (job.losses > job.job.retries) return fail(job, { ...job.outcome, reason: `its outputs are gone: ${reason}` })
    states.again(job, { ...job.outcome, reason })
  }

  /** Until members can be asked what they know: all of them, or those that can a while after the first. */
  #untilLinked(): Promise<void> {
    const linked = [...this.#parts.members.values()].map(member => member.linked)
    this.#linked ??= Promise.race(linked).then(() => settledWithin(LINK_MS, Promise.all(linked)))
    return this.#linked
  }

  /** Asks who has these; many jobs may need the same at once. Never rejects. */
  async #locate(digests: string[]): Promise<void> {
    const unasked = [...new Set(digests)].filter(digest => !this.#locating.has(digest))
    if (unasked.length > 0) {
      const asked = whoHolds(unasked, undefined, askable(this.#parts)).then(found => {
        for (const digest of unasked) this.#locating.delete(digest)
        for (const [digest, peers] of found) for (const peer of peers) this.#parts.holders.add(digest, peer)
      })
      for (const digest of unasked) this.#locating.set(digest, asked)
    }
    await Promise.all(digests.map(digest => this.#locating.get(digest)))
  }

  /** Of what nobody has the maker runs again; what nobody can make any more fails it. */
  #lacksInputs(job: TrackedJob): boolean {
    const { holders, states, fail } = this.#parts
    const gone = job.inputs.filter(({ digest }) => !holders.isHeld(digest))
    const signed = (maker: string | undefined) => {
      const signer = maker == null ? undefined : signerOf(this.#parts, maker)
      return signer == null ? '' : `; ${signer} has signed that it made it`
    }
    for (const input of gone) {
      const maker = input.job == null ? undefined : states.job(input.job)
      if (maker == null) {
        fail(job, { reason: `nobody in reach has its input ${input.path}${signed(input.job)}` })
        return true
      }
      // the first of its outputs may have begun it
      if (isDone(maker))
        this.makeAgain(
          maker,
          `nobody in reach has its output ${input.path}, which ${job.name} needs${signed(input.job)}`
        )
    }
    return gone.length > 0
  }

  #queue(job: TrackedJob, why: string): void {
    const { states, queue, pump } = this.#parts
    job.why ??= why
    if (job.state !== 'queued') states.queue(job)
    queue.add(job)
    pump()
  }

  /** Whether its outputs themselves are needed, whoever needs it in this graph. */
  isWanted(job: TrackedJob): boolean {
    const { init, states } = this.#parts
    return job.needsBytes || init.wanted?.has(job.name) === true || states.dependentsOf(job).length === 0
  }

  #adopt(job: TrackedJob, { result, holders }: Found): void {
    const { by, value, envelope } = result
    const { members, states, holders: known } = this.#parts
    for (const [digest, peers] of holders) for (const peer of peers) known.add(digest, peer)
    job.forgetResult()
    job.outputs = value.outputs
    job.result = resultText(envelope)
    job.by = by
    job.run = value.run
    job.why = 'its result is known'
    const member = members.get(by)?.name
    states.finish(job, 'reused', member == null ? {} : { member })
  }

  #wanted(job: TrackedJob) {
    const { members, init } = this.#parts
    const counts = (result: Signed<JobResult>) => {
      const member = members.get(result.by)
      const mayRun = member == null ? result.by === init.self : whyNot(job.job, member.facts) == null
      return mayRun || (member == null && init.took?.(result) === true)
    }
    return { job: job.name, keys: job.keys, outputs: job.job.outputs, needsBytes: this.isWanted(job), counts }
  }

  #keysOf(job: TrackedJob): Array<KeyParts & { key: string }> {
    const { init, members } = this.#parts
    // also of a member that could not run it before: where no other is left it is tried again
    const able = [...members.values()].filter(({ facts }) => whyNot(job.job, facts) == null)
    const platforms = new Set(able.map(({ facts }) => facts.platform))
    const inputs = job.inputs.map(({ path, digest }) => ({ path, digest }))
    const variables = init.variablesOf(job.job)
    return [...platforms].map(platform => {
      const parts = { job: job.job, variables, platform, image: job.job.image, inputs }
      return { ...parts, key: jobKey(parts) }
    })
  }
}

/** @returns the members that can be asked now */
export const askable = ({ members, holders }: Pick<GraphParts, 'members' | 'holders'>): Askable[] =>
  [...members.values()]
    .filter(({ link }) => link.isUp)
    .map(({ peer, link }) => ({
      peer,
      look: keys => link.look(keys),
      hold: async digests => (await link.hold(digests)).filter(each => !holders.isDenied(each, peer))
    }))

/** @returns the name of the peer that signed the result of a job whose outputs are there, of this graph or an earlier one */
export function signerOf({ init, states, members }: GraphParts, job: string): string | undefined {
  const by = states.job(job)?.by ?? init.earlier.get(job)?.entry.by
  return by == null ? undefined : (members.get(by)?.name ?? by.slice(-8))
}
