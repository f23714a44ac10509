/**
 * Drives one run from the first wait to the sealed folder: walks the plan, and calls the hooks at each phase. After a failure only the
 * phases that always happen are left.
 */

import type { Envelope } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import { MAX_CONTENT_BYTES } from '../../protocols/run-stream.ts'
import type { Missing } from '../../protocols/shortfall.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { isTriggered } from '../../protocols/triggered.ts'
import { isWhole, statusOf } from '../../protocols/verdict.ts'
import type { WorkState } from '../../protocols/work-state.ts'
import type { Refusal } from '../channels/run-stream-server.ts'
import { printable } from '../store/entries.ts'
import { onAbort } from '../wait.ts'
import { ChangedTools } from './changed-tools.ts'
import { DuePhases, isVain } from './due-phases.ts'
import { EarlyMissing } from './early-missing.ts'
import { type Ending, endingOf, endingOfWorkload } from './ending.ts'
import type { RunHook } from './hooks/hook.ts'
import { runHooks } from './hooks/index.ts'
import { deviationsOf, noteIterations, noteThresholds } from './iterations.ts'
import { freezeRoster, offerRun } from './join.ts'
import { LossWatch } from './loss-watch.ts'
import { overlapsOf } from './overlap.ts'
import { PhaseRunner } from './phase-runner.ts'
import { type PlannedPhase, phasesOf } from './plan.ts'
import { noteReceived } from './received.ts'
import type { Transfer } from './receiver.ts'
import type { RunContext } from './run-context.ts'
import { samplesOf } from './run-samples.ts'
import { sealResult } from './sealing.ts'
import { SendWatch } from './send-watch.ts'
import { Stopped } from './stopped.ts'
import { WorkWatch } from './work-watch.ts'

/** What is cancelled has ended after this, or is not waited for, ms: a graph of jobs has 5.5 s, and its members answer behind that. */
const CANCEL_GRACE_MS = 7_000
/** Other runs that a record names. */
const MAX_BESIDE = 64

export interface DriverOptions {
  /** Index of the first phase of the plan; 0 for a new run. */
  position?: number
  /** Number of the last command before it; 0 for a new run. */
  seq?: number
  /** Those of every run where they are left out. */
  hooks?: RunHook[]
}

export class Driver {
  readonly run: RunContext
  /** Tools that come and go while it goes on. */
  readonly changed: ChangedTools
  readonly #plan: Iterable<PlannedPhase>
  readonly #phases: PhaseRunner
  readonly #hooks: RunHook[]
  readonly #watch: LossWatch
  readonly #sends: SendWatch
  readonly #work: WorkWatch
  readonly #early: EarlyMissing
  /** What ended the run before its plan did. */
  #ending: Ending = { verdict: 'ok' }
  readonly #due = new DuePhases()

  constructor(run: RunContext, { position = 0, seq = 0, hooks = runHooks() }: DriverOptions = {}) {
    this.run = run
    this.#hooks = hooks
    this.changed = new ChangedTools(run)
    this.#plan = phasesOf(
      run.order.spec,
      samplesOf(run, () => this.#ending.verdict !== 'ok'),
      () => (this.#ending.verdict === 'ok' ? run.said : undefined)
    ).drop(position)
    this.#phases = new PhaseRunner(run, { seq })
    onAbort(run.cancelled, () => this.#endPhase())
    run.hurry = ms => this.#phases.open?.touch(ms)
    run.dismiss = (peer, code, reason) => this.#phases.dismiss(peer, code, reason)
    this.#sends = new SendWatch({ excluded: run.excluded, open: () => this.#phases.open })
    this.#watch = new LossWatch(run, {
      onHopeless: why => run.cancel(why),
      awaits: peer => this.#phases.open?.command.part != null && this.#phases.open.waitsFor(peer),
      onExcluded: () => this.#phases.open?.checkReachable()
    })
    this.#work = new WorkWatch(run, why => run.cancel(why))
    this.#early = new EarlyMissing(run, {
      onHopeless: why => run.cancel(why),
      onExcluded: () => this.#phases.open?.checkReachable(),
      isWorking: () => this.#phases.open?.command.phase === 'work'
    })
  }

  /** @returns whether the folder is sealed; never rejects */
  async drive(): Promise<boolean> {
    const { order, parts, events, record } = this.run
    const { name, command, workload } = order.spec
    const workloads = workload.map(each => each.name)
    // each window of its output is a sample, and a search goes by what it finds
    const steps =
      isTriggered(order.spec) || order.spec.search != null
        ? undefined
        : plannedSamples(order.spec, order.resumes?.taken).length
    const resumes = order.resumes == null ? {} : { resumes: order.resumes.run }
    const about = { run: order.run, controller: parts.signer.peer, name, command, workloads, steps }
    events.store({ type: 'created', ...about, ...resumes })
    const fail = (cause: unknown) => {
      if (this.#ending.verdict === 'ok') this.#ending = this.#endingOf(cause)
    }
    for (const at of this.#plan) {
      const failed = this.#ending.verdict !== 'ok'
      if (failed ? !this.#due.has(at, this.run) : isVain(at, this.run)) continue
      await this.#phase(at, failed).catch(fail)
    }
    await this.#phases.settled().catch(fail)
    // it was accepted while the last phase was written
    if (this.run.cancelled.aborted) fail(this.run.cancelled.reason)
    const ending = this.#endingNow()
    if (this.#ending.verdict === 'ok') for (const each of deviationsOf(record)) this.run.lack(each)
    return this.#finish(ending)
  }

  /** Anyone may stop a run at any time; what was measured is kept. @returns false if it is too late: the run has its verdict */
  cancel(by: string, reason: string): boolean {
    const { run } = this
    if (run.record.state === 'ended') return false
    if (run.cancelled.aborted) return true
    run.events.store({ type: 'cancel', by, reason })
    run.cancel(new Stopped('cancelled', `cancelled by ${by}: ${reason}`))
    return true
  }

  /** The run was cancelled: by anyone, or by what it found. */
  #endPhase(): void {
    const { open } = this.#phases
    const { phase, part } = open?.command ?? {}
    // the command ends by the signal, jobs by their graph, and what they came to counts; other work of members is ended by the next command
    if (phase === 'work' && (part == null || part === 'jobs')) open?.touch(CANCEL_GRACE_MS)
    else if (part !== 'teardown') open?.close()
  }

  /** A peer came or went: the open phase may be over. */
  checkReachable(): void {
    this.#phases.open?.checkReachable()
    const { state, manifest, phase } = this.run.record
    if (state === 'running' && manifest != null && phase !== 'terminate') this.#watch.check()
  }

  /** Other runs began or ended: those that have members in common with this one are named in its record. */
  checkOverlap(): void {
    const { id, record, parts, events, active } = this.run
    if (record.manifest == null || record.state === 'ended') return
    for (const { run, controller, peers } of overlapsOf(id, active.keys(), parts.feed.runs(), peer =>
      parts.members.isHere(peer)
    )) {
      if (record.beside.some(each => each.run === run) || record.beside.length >= MAX_BESIDE) continue
      const members = peers.map(peer => active.get(peer) ?? peer)
      const other = { run, controller: parts.members.get(controller)?.shown ?? controller, members }
      record.beside.push(other)
      events.store({ type: 'beside', ...other })
    }
  }

  /** A member's stream opened: it may have missed the command of the open phase. */
  onStream(peer: string): void {
    const { open } = this.#phases
    if (open?.command.phase !== 'join') open?.republish(peer)
  }

  /** From a member's stream. @returns those that do not count */
  receive(acks: Envelope[]): Refusal[] {
    return this.#phases.receive(acks)
  }

  /** A member says before its answer what it will lack. */
  onMissing(peer: string, missing: Missing): void {
    this.#early.onMissing(peer, missing)
  }

  /** A member says what a workload of it does. */
  onWork(peer: string, state: WorkState): void {
    this.#work.onState(peer, state)
  }

  /** Whether the peer may open a stream for its answers. The last phase asks the excluded, too, whose stream may have closed with their part. */
  admits(peer: string): boolean {
    if (this.run.nameOf(peer) == null) return false
    return !this.run.excluded.has(peer) || (this.#phases.open?.asks(peer) ?? false)
  }

  /** The content that the open command names, while members need it; what is too large for a stream of the run they fetch by its digest. */
  get content(): Uint8Array | undefined {
    const phase = this.#phases.open?.command.phase
    const bytes = phase === 'join' || phase === 'stage' ? this.run.subject?.bytes : undefined
    return bytes == null || bytes.length > MAX_CONTENT_BYTES ? undefined : bytes
  }

  /** @throws {BakError} `not-on-roster` for a tarball that nobody waits for any more */
  onProgress(peer: string, { digest, bytes: total }: TarballOffer, done: number): void {
    this.#sends.onProgress(peer, digest, { done, total })
    this.run.events.show({ type: 'transfer', peer, name: this.run.nameOf(peer) ?? peer, done, total })
  }

  /** A member fetches what is staged. */
  onStaging(peer: string, done: number, total: number): void {
    const name = this.run.nameOf(peer)
    if (name == null || this.run.excluded.has(peer)) return
    this.#sends.onStaging(peer, { done, total })
    this.run.events.show({ type: 'transfer', peer, name, done, total })
  }

  onReceived(peer: string, offer: TarballOffer, transfer: Transfer): void {
    noteReceived(this.run, { peer, name: this.run.nameOf(peer) ?? peer }, offer, transfer)
    this.run.announcements.received(peer, offer, transfer.files)
  }

  /** A member waits until others have sent. */
  onWait(peer: string): void {
    this.#sends.onWait(peer)
  }

  /** @throws {BakError} `not-on-roster` where nobody waits for the member any more */
  checkSender(peer: string): void {
    this.#sends.check(peer)
  }

  /** A tarball was not taken; its data stays on the member. */
  onRefused(peer: string, { what }: TarballOffer, reason: string): void {
    const { record } = this.run
    if (record.state === 'ended') return
    record.partial = true
    this.run.lack({ kind: 'data', member: this.run.nameOf(peer) ?? peer, what: printable(what), reason })
  }

  async #phase(at: PlannedPhase, cleanup: boolean): Promise<void> {
    const { run } = this
    if (!cleanup) run.cancelled.throwIfAborted()
    if (at.phase === 'join') await offerRun(run)
    this.#due.note(at)
    if (at.phase === 'start' && at.step != null) {
      this.changed.begins(at.step, at.groups)
      if (at.groups == null) this.#work.begin(at.step)
    }
    if (at.phase === 'terminate') run.verdict = this.#endingNow().verdict
    for (const hook of this.#hooks) await hook.before?.(at, run)
    this.#watch.during(at.phase === 'work')
    const { acks } = await this.#phases.run(at, {
      cleanup,
      onAnswer: ack => {
        for (const hook of this.#hooks) hook.answered?.(at, ack)
      },
      onAnswers: async answers => {
        for (const hook of this.#hooks) await hook.after?.(at, run, answers)
      }
    })
    if (at.phase !== 'join') return
    await freezeRoster(run, acks)
    this.checkOverlap()
  }

  /** No sample is left to take. */
  #endingNow(): Ending {
    noteIterations(this.run.record)
    noteThresholds(this.run.record, this.run.toolReadings)
    return this.#ending.verdict === 'ok' ? endingOfWorkload(this.run.record) : this.#ending
  }

  #endingOf(cause: unknown): Ending {
    if (asBakError(cause).code === 'bug' && !(cause instanceof Stopped)) {
      this.run.parts.log.error('bug', { run: this.run.id, why: (cause as Error).stack ?? String(cause) })
    }
    return endingOf(cause)
  }

  /** Seals the folder before anyone sees that the run has ended. */
  async #finish({ verdict, reason }: Ending): Promise<boolean> {
    this.#watch.stop()
    const { record, events, folder, parts, id, began } = this.run
    const took = performance.now() - began
    Object.assign(record, { state: 'ended', verdict, reason, ended: Date.now(), took, phase: undefined })
    this.changed.end()
    for (const hook of this.#hooks) await this.#close(hook)
    record.status = statusOf(verdict, isWhole(record), record.spec.policy.strict)
    const why = await sealResult({ record, events, folder, signer: parts.signer, announced: this.run.announcements })
    if (why != null) parts.log.error('no seal', { run: id, why })
    return why == null
  }

  /** What one hook cannot do keeps no other from it, nor the result from its seal. */
  async #close(hook: RunHook): Promise<void> {
    const { parts, id } = this.run
    try {
      await hook.close?.(this.run)
    } catch (cause) {
      parts.log.error('a hook failed', { run: id, hook: hook.name, why: asBakError(cause).message })
    }
  }
}
