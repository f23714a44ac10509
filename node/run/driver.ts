/**
 * Drives one run from the first wait to the sealed folder. Straight down the page is a run in which nothing goes wrong;
 * whatever goes wrong jumps to the phases that clean up, which always happen.
 */
import { encode } from '../../protocols/codec.ts'
import { costliest, sharesOf } from '../../protocols/cost.ts'
import { type Signed, seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { Phase } from '../../protocols/fields.ts'
import type { Candidate, Capabilities, Manifest, Offer } from '../../protocols/manifest.ts'
import { manifestSubject, offerSubject } from '../../protocols/manifest.ts'
import type { Ack, Answers, Step } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { statusOf } from '../../protocols/verdict.ts'
import type { Refusal } from '../channels/run-stream-server.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'
import { type Ending, endingOf, endingOfWorkload } from './ending.ts'
import type { RunEvents } from './events.ts'
import { waitForMembers } from './expect.ts'
import { clocksOf } from './hooks/clock-drift.ts'
import { pathsOf } from './hooks/member-paths.ts'
import { metadataOf } from './hooks/metadata.ts'
import { costsIn } from './hooks/observation-cost.ts'
import { skewOf } from './hooks/start-skew.ts'
import { runWork } from './hooks/workload.ts'
import { newRecord } from './new-record.ts'
import type { Closed } from './open-phase.ts'
import { type PhaseOptions, PhaseRunner, Stopped } from './phase-runner.ts'
import { stepsOf } from './plan.ts'
import { preflight } from './preflight.ts'
import type { Transfer } from './receiver.ts'
import { candidatesOf, freeze, neededBy, withDriver } from './roster.ts'

/** A member that cannot be reached when the workload ends may be back in this time: the benchmark may have cut the network. */
const STOP_GRACE = 5_000
/** A workload that is cancelled has ended after this, or is not waited for, ms. */
const CANCEL_GRACE = 6_000

export class Driver {
  readonly run: string
  readonly order: RunOrder
  readonly folder: RunFolder
  readonly events: RunEvents
  readonly record: RunRecord
  readonly #parts: DriverParts
  readonly #cancelled = new AbortController()
  readonly #phases: PhaseRunner
  #candidates: Candidate[] = []
  #bytes = 0

  constructor(order: RunOrder, folder: RunFolder, events: RunEvents, parts: DriverParts) {
    this.run = order.run
    this.order = order
    this.folder = folder
    this.events = events
    this.#parts = parts
    this.record = newRecord(order, parts)
    this.#phases = new PhaseRunner({
      order,
      folder,
      events,
      parts,
      record: this.record,
      cancelled: this.#cancelled.signal,
      members: () => (this.record.manifest == null ? this.#candidates : this.record.roster),
      needed: () => neededBy(order.spec.policy.quorum, this.#candidates)
    })
  }

  /** @returns when the folder is sealed; never rejects */
  async drive(): Promise<void> {
    const { spec } = this.order
    const about = { run: this.run, controller: this.#parts.signer.peer, name: spec.name, command: spec.command }
    this.events.store({ type: 'created', ...about, steps: stepsOf(spec).length })
    let ending: Ending = { verdict: 'ok' }
    try {
      await this.#prepare()
      for (const step of stepsOf(spec)) await this.#sample(step)
    } catch (cause) {
      ending = this.#endingOf(cause)
    }
    try {
      await this.#cleanUp(ending.verdict !== 'ok')
    } catch (cause) {
      if (ending.verdict === 'ok') ending = this.#endingOf(cause)
    }
    await this.#finish(ending.verdict === 'ok' ? endingOfWorkload(this.record) : ending)
  }

  /** Anyone may stop a run at any time; what was measured is kept. */
  cancel(by: string, reason: string): void {
    if (this.#cancelled.signal.aborted || this.record.state === 'ended') return
    this.events.store({ type: 'cancel', by, reason })
    this.#cancelled.abort(new Stopped('cancelled', `cancelled by ${by}: ${reason}`))
    const { open } = this.#phases
    if (open?.command.phase === 'work') {
      this.#parts.agent.interrupt(this.run)
      open.touch(CANCEL_GRACE)
    } else open?.close()
  }

  /** A peer came or went: the open phase may be over. */
  lookAround(): void {
    this.#phases.open?.lookAround()
  }

  /** A member's stream is open. */
  welcome(peer: string): void {
    this.#phases.welcome(peer)
  }

  /** A member's stream is gone. */
  miss(peer: string): void {
    this.#phases.miss(peer)
  }

  /** From a member's stream. */
  answer(ack: Signed<Ack>): Refusal | undefined {
    return this.#phases.answer(ack)
  }

  /** From that of the head of a branch. */
  gather(head: string, answers: Answers): Refusal | undefined {
    return this.#phases.gather(head, answers)
  }

  speaksFor(line: string, peer: string): boolean {
    return this.#phases.speaksFor(line, peer)
  }

  /** Whether the peer may open a line for its answers. */
  admits(peer: string): boolean {
    return this.nameOf(peer) != null && !this.#phases.excluded.has(peer)
  }

  nameOf(peer: string): string | undefined {
    return this.#candidates.find(candidate => candidate.peer === peer)?.name
  }

  /** A tarball grows: whoever waits for it waits on. */
  progress(peer: string, done: number, total: number): void {
    const { open } = this.#phases
    if (open?.command.phase === 'send' || open?.command.phase === 'sysinfo') open.touch()
    this.events.show({ type: 'transfer', peer, name: this.nameOf(peer) ?? peer, done, total })
  }

  received(peer: string, { what, digest, bytes }: TarballOffer, { took, path, carrier }: Transfer): void {
    const name = this.nameOf(peer) ?? peer
    this.#bytes += bytes
    this.record.sent.push({ peer, name, what, digest, bytes, arrived: true, path, carrier })
    this.events.store({ type: 'received', peer, name, what, digest, bytes, took, path, carrier })
  }

  async #prepare(): Promise<void> {
    await this.#join()
    await this.#phases.run('stage')
    if (this.order.spec.sysinfo !== 'none') await this.#phases.run('sysinfo', { when: 'begin' })
    await this.#phases.run('init')
  }

  async #join(): Promise<void> {
    const { spec, epoch, created } = this.order
    const { signer, program, content, members, signal } = this.#parts
    const here = await waitForMembers(spec, members, {
      signal: AbortSignal.any([this.#cancelled.signal, signal]),
      onWaiting: (expect, present) => this.events.store({ type: 'waiting', expect, present })
    })
    this.#candidates = withDriver(candidatesOf(spec, here), signer.peer, members.self.name)
    const { run } = this
    const offer: Offer = { run, controller: signer.peer, epoch, created, program, spec, candidates: this.#candidates }
    const sealed = seal(offerSubject, offer, signer)
    this.#phases.subject = content.put(encode(sealed))
    await this.folder.writeEnvelope('offer', sealed)
    this.record.state = 'running'
    this.events.store({ type: 'inbox-open' })
    if (spec.policy.preflight > 0) {
      await this.#preflight(spec.policy.preflight).catch(cause => {
        // nobody was asked to join: there is nobody to clean up after
        this.#candidates = []
        throw cause
      })
    }
    await this.#freeze(await this.#phases.run('join', { deadline: spec.policy.join_timeout * 1000 }))
  }

  /** Who does not answer is not asked to join. @throws {Stopped} if too few are left */
  async #preflight(seconds: number): Promise<void> {
    const { signer, streams, signal } = this.#parts
    const others = this.#candidates.filter(({ peer }) => peer !== signer.peer)
    const silent = await preflight({
      peers: others.map(({ peer }) => peer),
      patience: seconds * 1000,
      to: peer => streams.to(peer),
      signal: AbortSignal.any([this.#cancelled.signal, signal]),
      onWaiting: present => this.events.store({ type: 'waiting', expect: others.length, present })
    })
    for (const { peer, why } of silent) {
      const reason = `no answer within ${seconds} s: ${why}`.slice(0, 1024)
      this.#phases.exclude({ peer, name: this.nameOf(peer) ?? peer, phase: 'join', code: 'unreachable', reason })
    }
    const needed = neededBy(this.order.spec.policy.quorum, this.#candidates)
    if (this.#candidates.length - silent.length >= needed) return
    const who = this.record.excluded.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
    throw new Stopped(
      'quorum',
      `preflight: ${needed} members are needed, ${this.#candidates.length} were asked; ${who}`
    )
  }

  /** Who answered, and what each can do, is the manifest from here on. */
  async #freeze({ acks }: Closed): Promise<void> {
    const { run, order, record } = this
    const { signer, content } = this.#parts
    const capable = new Map<string, Capabilities>()
    for (const { by, value } of acks) {
      if (value.outcome === 'ok' && value.capabilities != null) capable.set(by, value.capabilities)
    }
    record.roster = freeze(this.#candidates, capable)
    const manifest: Manifest = {
      run,
      controller: signer.peer,
      epoch: order.epoch,
      frozen: Date.now(),
      offer: this.#phases.subject,
      spec: order.spec,
      roster: record.roster,
      excluded: record.excluded
    }
    const sealed = seal(manifestSubject, manifest, signer)
    this.#phases.subject = content.put(encode(sealed))
    record.manifest = this.#phases.subject
    await this.folder.writeEnvelope('manifest', sealed)
    const members = record.roster.map(({ peer, name, rank, tools }) => ({
      peer,
      name,
      rank,
      tools: tools.map(t => t.tool)
    }))
    this.events.store({ type: 'roster', manifest: record.manifest, members })
  }

  /** start, work, stop, send of one sample; the last two happen whatever became of the first. */
  async #sample(step: Step): Promise<void> {
    const { policy } = this.order.spec
    let failure: unknown
    const fail = (cause: unknown) => {
      failure ??= cause
    }
    try {
      await this.#start(step)
      const { order, folder, events, record } = this
      await runWork(step, { order, folder, events, record, parts: this.#parts, phases: this.#phases })
    } catch (cause) {
      fail(cause)
    }
    const onAnswers = (acks: Signed<Ack>[]) => {
      this.record.observed?.push(...costsIn(step, this.record.roster, acks))
    }
    await this.#phases.run('stop', { step, cleanup: failure != null, grace: STOP_GRACE, onAnswers }).catch(fail)
    const deadline = policy.send_timeout * 1000
    await this.#phases.run('send', { step, cleanup: failure != null, deadline }).catch(fail)
    if (failure != null) throw failure
  }

  /** All begin at the same instant; how far apart they really were is recorded. */
  async #start(step: Step): Promise<void> {
    const agreed = Date.now() + this.#phases.lead.next(this.#candidates.length)
    await this.#phases.run('start', { step, at: agreed, onAnswers: acks => this.#noteSkew(step, agreed, acks) })
  }

  #noteSkew(step: Step, agreed: number, acks: Signed<Ack>[]): void {
    const skew = skewOf(acks, agreed)
    if (skew == null) return
    this.record.skew.push({ step, ...skew })
    this.events.store({ type: 'skew', step, agreed, ...skew })
  }

  /** What must happen in any case: nothing is left running, nothing that was measured is lost. */
  async #cleanUp(failed: boolean): Promise<void> {
    if (this.#candidates.length === 0) return
    let failure: unknown
    const go = async (phase: Phase, options: PhaseOptions = {}) => {
      await this.#phases.run(phase, { cleanup: failed || failure != null, ...options }).catch(cause => {
        failure ??= cause
      })
    }
    if (this.record.manifest != null) {
      await go('end', {
        onAnswers: acks => {
          this.record.clocks = clocksOf(this.record.roster, acks)
          this.record.paths = pathsOf(this.record.roster, acks)
        }
      })
      if (!failed && this.order.spec.sysinfo !== 'none') await go('sysinfo', { when: 'end' })
    }
    await go('terminate', failed ? { cleanup: true } : {})
    await this.#phases.settled().catch(cause => {
      failure ??= cause
    })
    if (failure != null) throw failure
  }

  #endingOf(cause: unknown): Ending {
    if (asBakError(cause).code === 'bug' && !(cause instanceof Stopped)) {
      this.#parts.log.error('bug', { run: this.run, why: (cause as Error).stack ?? String(cause) })
    }
    return endingOf(cause)
  }

  /** Seals the folder before anyone sees that the run has ended. */
  async #finish({ verdict, reason }: Ending): Promise<void> {
    const { record, events, folder } = this
    const ended = Date.now()
    const status = statusOf(verdict, record.partial)
    Object.assign(record, { state: 'ended', verdict, reason, ended, status, phase: undefined })
    const { partial, excluded, created } = record
    const observed = costliest(sharesOf(record.observed ?? []))
    const about = { verdict, status, partial, reason: reason?.slice(0, 1024), excluded, observed }
    events.store(
      { type: 'ended', ...about, bytes: this.#bytes, took: ended - created, folder: folder.root },
      { sync: true }
    )
    try {
      await events.close()
      await writeAtomic(folder.path('metadata.log'), metadataOf(record))
      await folder.seal(record, this.#parts.signer)
    } catch (cause) {
      this.#parts.log.error('the result could not be sealed', { run: this.run, why: asBakError(cause).message })
    }
    events.end()
  }
}
