/**
 * Drives one run from the first wait to the sealed folder. Straight down the page is a run in which nothing goes wrong;
 * whatever goes wrong jumps to the phases that clean up, which always happen.
 */
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signed, seal } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Phase } from '../../protocols/fields.ts'
import type { Candidate, Capabilities, Exclusion, Manifest, Offer } from '../../protocols/manifest.ts'
import { manifestSubject, offerSubject } from '../../protocols/manifest.ts'
import {
  type Ack,
  type Certificate,
  type Command,
  certificateSubject,
  commandSubject,
  type Step,
  stepFolder,
  type WorkloadResult
} from '../../protocols/phase.ts'
import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import { statusOf, type Verdict } from '../../protocols/verdict.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'
import type { RunEvents } from './events.ts'
import { waitForMembers } from './expect.ts'
import { metadataOf } from './metadata.ts'
import { type Closed, OpenPhase } from './open-phase.ts'
import { neededOf } from './quorum.ts'
import { candidatesOf, freeze } from './roster.ts'
import { stepsOf } from './steps.ts'
import { Tail } from './tail.ts'

/** A member that cannot be reached when the workload ends may be back in this time: the benchmark may have cut the network. */
const STOP_GRACE = 5_000
/** The agreed instant of `start` lies at least, and at most, this far ahead, ms. */
const LEAD = { least: 50, most: 2_000 }
/** A workload that is cancelled has ended after this, or is not waited for, ms. */
const CANCEL_GRACE = 6_000

type PhaseOptions = Partial<Pick<Command, 'step' | 'when' | 'at'>> & {
  cleanup?: boolean
  /** ms; the policy's for other phases. */
  deadline?: number
  asked?: Map<string, string>
  needed?: number
  grace?: number
  /** Sees how it went before a failure or a cancellation ends the road. */
  onClosed?(closed: Closed): void
}

/** Ends the straight road; the clean-up goes on from there. */
class Stopped extends Error {
  readonly verdict: Verdict

  constructor(verdict: Verdict, reason: string) {
    super(reason)
    this.verdict = verdict
  }
}

export class Driver {
  readonly run: string
  readonly order: RunOrder
  readonly folder: RunFolder
  readonly events: RunEvents
  readonly #parts: DriverParts
  readonly #cancelled = new AbortController()
  readonly #record: RunRecord
  readonly #excluded = new Map<string, Exclusion>()
  #candidates: Candidate[] = []
  #offer: Envelope | undefined
  #manifest: Envelope | undefined
  #subject = ''
  #seq = 0
  #open: OpenPhase | undefined
  #working = false
  #delivery = LEAD.least
  #bytes = 0

  constructor(order: RunOrder, folder: RunFolder, events: RunEvents, parts: DriverParts) {
    this.run = order.run
    this.order = order
    this.folder = folder
    this.events = events
    this.#parts = parts
    this.#record = newRecord(order, folder, parts)
  }

  get record(): RunRecord {
    return this.#record
  }

  get manifest(): Envelope | undefined {
    return this.#manifest
  }

  get certificates(): Envelope[] {
    return this.#parts.follow.get(this.run)?.certificates ?? []
  }

  /** @returns when the folder is sealed; never rejects */
  async drive(): Promise<void> {
    const { spec } = this.order
    const { store } = this.#bind()
    store({
      type: 'created',
      run: this.run,
      controller: this.#parts.signer.peer,
      name: spec.name,
      command: spec.command,
      steps: stepsOf(spec).length
    })
    let ended: { verdict: Verdict; reason?: string } = { verdict: 'ok' }
    try {
      await this.#prepare()
      for (const step of stepsOf(spec)) await this.#sample(step)
    } catch (cause) {
      ended = this.#verdictOf(cause)
    }
    try {
      await this.#cleanUp(ended.verdict)
    } catch (cause) {
      ended = ended.verdict === 'ok' ? this.#verdictOf(cause) : ended
    }
    await this.#finish(ended.verdict === 'ok' ? this.#workloadVerdict() : ended)
  }

  /** Anyone may stop a run at any time; what was measured is kept. */
  cancel(by: string, reason: string): void {
    if (this.#cancelled.signal.aborted || this.#record.state === 'ended') return
    this.#bind().store({ type: 'cancel', by, reason })
    this.#cancelled.abort(new Stopped('cancelled', `cancelled by ${by}: ${reason}`))
    if (this.#working) {
      this.#parts.agent.interrupt(this.run)
      this.#open?.touch(CANCEL_GRACE)
    } else this.#open?.close()
  }

  /** A peer came or went: the open phase may be over. */
  lookAround(): void {
    this.#open?.lookAround()
  }

  /** From a member's stream. */
  answer(ack: Signed<Ack>) {
    const { value } = ack
    if (value.epoch !== this.order.epoch) return { code: 'old-epoch' as const, reason: `epoch ${value.epoch} is over` }
    if (this.#open == null) return { code: 'phase-closed' as const, reason: 'no phase is open' }
    return this.#open.answer(ack)
  }

  admits(peer: string): boolean {
    return this.#candidates.some(candidate => candidate.peer === peer)
  }

  nameOf(peer: string): string | undefined {
    return this.#candidates.find(candidate => candidate.peer === peer)?.name
  }

  /** A tarball grows: whoever waits for it waits on. */
  progress(peer: string, done: number, total: number): void {
    if (this.#open?.command.phase === 'send') this.#open.touch()
    this.events.show({ type: 'transfer', peer, name: this.nameOf(peer) ?? peer, done, total })
  }

  received(peer: string, what: string, digest: string, bytes: number, took: number): void {
    const name = this.nameOf(peer) ?? peer
    this.#bytes += bytes
    this.#record.sent.push({ peer, name, what, digest, bytes, arrived: true })
    this.#bind().store({ type: 'received', peer, name, what, digest, bytes, took })
  }

  #bind() {
    return { store: this.events.store.bind(this.events) }
  }

  /** join .. init */
  async #prepare(): Promise<void> {
    const { spec } = this.order
    await this.#join()
    await this.#phase('stage')
    if (spec.sysinfo !== 'none') await this.#phase('sysinfo', { when: 'begin' })
    await this.#phase('init')
  }

  async #join(): Promise<void> {
    const { spec } = this.order
    const { signer, program, content, members, signal } = this.#parts
    const here = await waitForMembers(spec, members, {
      signal: AbortSignal.any([this.#cancelled.signal, signal]),
      onWaiting: (expect, present) => this.#bind().store({ type: 'waiting', expect, present })
    })
    this.#candidates = withDriver(candidatesOf(spec, here), signer.peer, members.self.name)
    const offer: Offer = {
      run: this.run,
      controller: signer.peer,
      epoch: this.order.epoch,
      created: this.order.created,
      program,
      spec,
      candidates: this.#candidates
    }
    this.#offer = seal(offerSubject, offer, signer)
    this.#subject = content.put(encode(this.#offer))
    await this.folder.writeEnvelope('offer', this.#offer)
    this.#bind().store({ type: 'inbox-open' })
    this.#record.state = 'running'
    const joined = await this.#phase('join', { deadline: spec.policy.join_timeout * 1000 })
    await this.#freeze(joined)
  }

  async #freeze({ acks }: Closed): Promise<void> {
    const { signer, content } = this.#parts
    const capable = new Map<string, Capabilities>()
    for (const { by, value } of acks) {
      if (value.outcome === 'ok' && value.capabilities != null) capable.set(by, value.capabilities)
    }
    const roster = freeze(this.#candidates, capable)
    const manifest: Manifest = {
      run: this.run,
      controller: signer.peer,
      epoch: this.order.epoch,
      frozen: Date.now(),
      offer: this.#subject,
      spec: this.order.spec,
      roster,
      excluded: [...this.#excluded.values()]
    }
    this.#manifest = seal(manifestSubject, manifest, signer)
    this.#subject = content.put(encode(this.#manifest))
    await this.folder.writeEnvelope('manifest', this.#manifest)
    this.#record.roster = roster
    this.#record.manifest = this.#subject
    this.#bind().store({
      type: 'roster',
      manifest: this.#subject,
      members: roster.map(({ peer, name, rank, tools }) => ({ peer, name, rank, tools: tools.map(t => t.tool) }))
    })
  }

  /** start, work, stop, send of one sample. */
  async #sample(step: Step): Promise<void> {
    const at = Date.now() + Math.min(LEAD.most, Math.max(LEAD.least, 2 * this.#delivery))
    let failure: unknown
    try {
      const started = await this.#phase('start', { step, at })
      this.#recordSkew(step, at, started)
      await this.#work(step)
    } catch (cause) {
      failure = cause
    }
    const cleanup = failure != null
    const grace = STOP_GRACE
    await this.#phase('stop', { step, cleanup, grace }).catch(cause => (failure ??= cause))
    const deadline = this.order.spec.policy.send_timeout * 1000
    await this.#phase('send', { step, cleanup: failure != null, deadline }).catch(cause => (failure ??= cause))
    if (failure != null) throw failure
  }

  async #work(step: Step): Promise<void> {
    const { signer, agent, members } = this.#parts
    const folder = this.folder.path(stepFolder(step), 'workload')
    const tails = (['stdout', 'stderr'] as const).map(
      stream => new Tail(`${folder}/${stream}.txt`, text => this.events.show({ type: 'output', stream, text }))
    )
    agent.lend(this.run, {
      directory: this.order.directory,
      env: this.order.env,
      out: path => this.folder.path(path),
      onStarted: pid => this.#bind().store({ type: 'workload-started', step, pid })
    })
    for (const tail of tails) tail.start(() => this.events.followed)
    this.#working = true
    try {
      const asked = new Map([[signer.peer, members.self.name]])
      let result: WorkloadResult | undefined
      const onClosed = ({ acks }: Closed) => {
        result = acks[0]?.value.workload
        if (result != null) this.#record.workload.push({ step, ...result })
      }
      await this.#phase('work', { step, asked, needed: 1, deadline: 0, onClosed }).finally(async () => {
        for (const tail of tails) await tail.stop()
        if (result != null) this.#bind().store({ type: 'workload-ended', step, ...result })
      })
    } finally {
      this.#working = false
      agent.unlend(this.run)
    }
    this.#cancelled.signal.throwIfAborted()
  }

  /** What must happen whatever went wrong before: nothing is left running, nothing that was measured is lost. */
  async #cleanUp(verdict: Verdict): Promise<void> {
    if (this.#manifest == null) {
      if (this.#offer != null) await this.#phase('terminate', { cleanup: true, deadline: 5_000 }).catch(() => {})
      return
    }
    const cleanup = verdict !== 'ok'
    let failure: unknown
    const go = (phase: Phase, options: PhaseOptions = {}) =>
      this.#phase(phase, { cleanup: cleanup || failure != null, ...options }).catch(cause => (failure ??= cause))
    await go('end')
    if (!cleanup && this.order.spec.sysinfo !== 'none') await go('sysinfo', { when: 'end' })
    await go('terminate')
    if (failure != null) throw failure
  }

  /** Opens a phase, waits for it, certifies it. @throws {Stopped} if it failed, or the run was cancelled meanwhile */
  async #phase(phase: Phase, options: PhaseOptions = {}): Promise<Closed> {
    const { cleanup = false, step, when, at, grace = 0 } = options
    if (!cleanup) this.#cancelled.signal.throwIfAborted()
    const { policy } = this.order.spec
    const asked = options.asked ?? this.#active()
    const needed = options.needed ?? this.#needed()
    const deadline = options.deadline ?? policy.phase_timeout * 1000
    const { run, order } = this
    const command: Command = {
      run,
      epoch: order.epoch,
      seq: ++this.#seq,
      attempt: 0,
      phase,
      subject: this.#subject,
      issued: Date.now(),
      deadline,
      step,
      when,
      at,
      to: options.asked == null && (phase !== 'join' || asked.size > 256) ? undefined : [...asked.keys()]
    }
    this.#record.phase = phase
    this.#parts.onPhase(this)
    this.#bind().store({ type: 'phase-open', seq: command.seq, phase, step, when, asked: asked.size, needed })
    const open = new OpenPhase({
      command,
      asked,
      needed,
      cleanup,
      grace,
      repeat: asked.size > 1 || !asked.has(this.#parts.signer.peer),
      publish: each => this.#publish('command', seal(commandSubject, each, this.#parts.signer)),
      isHere: peer => this.#parts.members.isHere(peer),
      onAnswer: (ack, after) => this.#onAnswer(command, ack, after)
    })
    this.#open = open
    const closed = await open.run()
    this.#open = undefined
    await this.#certify(command, closed, asked.size, needed)
    options.onClosed?.(closed)
    if (!cleanup) {
      this.#cancelled.signal.throwIfAborted()
      if (closed.verdict === 'failed') throw new Stopped('quorum', this.#whyFailed(phase, closed, needed))
    }
    return closed
  }

  #onAnswer(command: Command, { by, value }: Signed<Ack>, after: number): void {
    const { seq, phase, step, when } = command
    const { outcome, code, reason, warnings, produced } = value
    this.#delivery = Math.max(this.#delivery * 0.9, value.received - command.issued)
    const name = this.nameOf(by) ?? by
    this.#bind().store({
      type: 'ack',
      seq,
      phase,
      step,
      when,
      peer: by,
      name,
      outcome,
      code,
      reason,
      warnings,
      after,
      produced
    })
  }

  async #certify(command: Command, closed: Closed, asked: number, needed: number): Promise<void> {
    const { run, epoch, seq, phase, subject, step, when } = command
    const excluded = closed.missing.map(each => ({ ...each, phase, reason: each.reason.slice(0, 1024) }))
    for (const each of excluded) this.#exclude(each)
    const certificate: Certificate = {
      run,
      epoch,
      seq,
      phase,
      subject,
      step,
      when,
      verdict: closed.verdict,
      needed,
      asked,
      acks: closed.acks.map(ack => ack.envelope),
      excluded,
      closed: Date.now()
    }
    const sealed = seal(certificateSubject, certificate, this.#parts.signer)
    this.#publish('certificate', sealed)
    await this.folder.writeEnvelope(`${String(seq).padStart(4, '0')}-${phase}`, sealed)
    const ok = closed.acks.filter(ack => ack.value.outcome === 'ok').length
    const body = { type: 'phase-closed' as const, seq, phase, step, when, verdict: closed.verdict, ok, asked }
    this.#bind().store({ ...body, took: closed.took, certificate: digestOf(encode(sealed)) })
    for (const each of excluded) this.#bind().store({ type: 'excluded', ...each })
    await this.#writeRecord()
  }

  #exclude(exclusion: Exclusion): void {
    if (this.#excluded.has(exclusion.peer)) return
    this.#excluded.set(exclusion.peer, exclusion)
    this.#record.excluded.push(exclusion)
    this.#record.partial = true
  }

  #publish(type: 'command' | 'certificate', sealed: Envelope): void {
    this.#parts.follow.publish({ type, sealed })
  }

  /** @returns who still takes part, with names */
  #active(): Map<string, string> {
    const members = this.#manifest == null ? this.#candidates : this.#record.roster
    return new Map(members.filter(({ peer }) => !this.#excluded.has(peer)).map(({ peer, name }) => [peer, name]))
  }

  /** The quorum is of those who were asked to join; a controller that only drives is needed on top. */
  #needed(): number {
    const drivers = this.#candidates.filter(candidate => isOnlyDriver(candidate)).length
    return neededOf(this.order.spec.policy.quorum, this.#candidates.length - drivers) + drivers
  }

  #whyFailed(phase: Phase, { missing }: Closed, needed: number): string {
    const who = missing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
    return `${phase}: ${needed} of ${this.#candidates.length} members were needed; ${who || 'too few were asked'}`
  }

  #recordSkew(step: Step, at: number, { acks }: Closed): void {
    const began = acks.map(ack => ack.value.began).filter(each => each != null)
    if (began.length === 0) return
    const latest = Math.max(...began) - at
    const skew = Math.max(...began) - Math.min(...began)
    this.#record.skew.push({ step, skew, latest })
    this.#bind().store({ type: 'skew', step, agreed: at, skew, latest: Math.max(0, latest) })
  }

  #verdictOf(cause: unknown): { verdict: Verdict; reason: string } {
    if (cause instanceof Stopped) return { verdict: cause.verdict, reason: cause.message }
    const error = asBakError(cause)
    if (error.code === 'bug')
      this.#parts.log.error('bug', { run: this.run, why: (cause as Error).stack ?? error.message })
    if (error.code === 'quorum') return { verdict: 'quorum', reason: error.message }
    return { verdict: 'failed', reason: error.message }
  }

  #workloadVerdict(): { verdict: Verdict; reason?: string } {
    const bad = this.#record.workload.find(each => each.exit !== 0)
    if (bad == null) return { verdict: 'ok' }
    const how = bad.timedOut
      ? 'was killed at its deadline'
      : bad.signal != null
        ? `ended by ${bad.signal}`
        : `exit ${bad.exit}`
    return { verdict: 'workload-failed', reason: `${stepFolder(bad.step)}: ${how}` }
  }

  async #finish({ verdict, reason }: { verdict: Verdict; reason?: string }): Promise<void> {
    const record = this.#record
    Object.assign(record, { state: 'ended', verdict, reason, ended: Date.now(), phase: undefined })
    record.status = statusOf(verdict, record.partial)
    this.#bind().store(
      {
        type: 'ended',
        verdict,
        status: record.status,
        partial: record.partial,
        reason: reason?.slice(0, 1024),
        excluded: record.excluded,
        bytes: this.#bytes,
        took: (record.ended as number) - record.created,
        folder: this.folder.root
      },
      { sync: true }
    )
    try {
      await this.events.close()
      await writeAtomic(this.folder.path('metadata.log'), metadataOf(record))
      await this.folder.seal(record, this.#parts.signer)
    } catch (cause) {
      this.#parts.log.error('the result could not be sealed', { run: this.run, why: asBakError(cause).message })
    }
    this.events.end()
  }

  async #writeRecord(): Promise<void> {
    try {
      await this.folder.writeRecord(this.#record)
    } catch (cause) {
      throw new BakError(asBakError(cause).code, `the result folder cannot be written: ${(cause as Error).message}`, {
        cause
      })
    }
  }
}

/** The controller runs the workload, whether the selector names it or not. */
function withDriver(candidates: Candidate[], peer: string, name: string): Candidate[] {
  if (candidates.some(candidate => candidate.peer === peer)) return candidates
  return [...candidates, { peer, name, tools: [], driver: true }]
}

const isOnlyDriver = (candidate: Candidate) => candidate.driver === true

function newRecord(order: RunOrder, folder: RunFolder, { signer, members, program }: DriverParts): RunRecord {
  return {
    format: FORMAT,
    run: order.run,
    key: order.key,
    name: order.spec.name,
    state: 'waiting',
    partial: false,
    controller: { peer: signer.peer, name: members.self.name },
    epoch: order.epoch,
    created: order.created,
    program,
    directory: order.directory,
    spec: order.spec,
    roster: [],
    excluded: [],
    workload: [],
    skew: [],
    sent: []
  }
}
