/**
 * Runs the phases of one run, one after the other: numbers the command, opens the phase, has its end certified. What is written of one
 * phase goes to the disk while the next one is open.
 */
import { type Envelope, open, type Signed } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { certificateFile } from '../../protocols/layout.ts'
import { refusalOfLead } from '../../protocols/lead.ts'
import { type Ack, ackSubject, type Command, numberedPhaseOf } from '../../protocols/phase.ts'
import type { Refusal } from '../channels/run-stream-server.ts'
import { actsBeforeStart } from '../tools/index.ts'
import { Certifier } from './certifier.ts'
import { Dispatch, MAX_NAMED } from './dispatch.ts'
import { type Closed, OpenPhase } from './open-phase.ts'
import type { PlannedPhase } from './plan.ts'
import { driversOf } from './roster.ts'
import type { RunContext } from './run-context.ts'
import { StartMargin } from './start-margin.ts'
import { Stopped } from './stopped.ts'
import { isAboutTasks, lateIn, mostClients } from './task-members.ts'

/** All members have started their tools within this after the agreed instant, ms. */
const START_HOLD_MS = 50
/** What a first repeat waits for at most because of slow members, ms. */
const MAX_PATIENCE_MS = 1_000
/** The record grows with the samples, and the certificates and the journal have what it says: writing it takes at most this share of the time. */
const RECORD_SHARE = 0.05

export interface PhaseOptions {
  /** Gets each answer as it comes. */
  onAnswer?(ack: Signed<Ack>): void
  /** The run has failed: the phase waits for everyone who can still answer, and its failure is no news. */
  cleanup: boolean
  /** Gets all answers, before a failure or a cancellation is thrown. */
  onAnswers(acks: Signed<Ack>[]): void | Promise<void>
}

interface Asked {
  asked: Map<string, string>
  needed: number
}

export class PhaseRunner {
  readonly #run: RunContext
  readonly #dispatch: Dispatch
  readonly #certifier: Certifier
  readonly #margin = new StartMargin()
  #open: OpenPhase | undefined
  /** Members that are out of the run with the next phase that asks them, and why. */
  readonly #dismissed = new Map<string, Pick<Refusal, 'code' | 'reason'>>()
  #seq: number
  #written: Promise<unknown> = Promise.resolve()
  /** When the record is written next, by the monotonic clock. */
  #recordDue = 0

  /** @param seq number of the last phase before; 0 for a new run */
  constructor(run: RunContext, { seq = 0 }: { seq?: number } = {}) {
    this.#run = run
    this.#dispatch = new Dispatch(run)
    this.#certifier = new Certifier(run)
    this.#seq = seq
  }

  /** The phase that is open now. */
  get open(): OpenPhase | undefined {
    return this.#open
  }

  /**
   * Opens a phase, waits until it is over, certifies it.
   * @throws {Stopped} if it failed or the run was cancelled, unless it cleans up; {BakError} if the folder cannot be written
   */
  async run(at: PlannedPhase, { cleanup, onAnswer, onAnswers }: PhaseOptions): Promise<Closed> {
    const { cancelled, parts, record } = this.#run
    if (!cleanup) cancelled.throwIfAborted()
    const self = parts.signer.peer
    const out = at.who === 'controller' ? this.#run.excluded.get(self) : undefined
    // its answers count no more
    if (out != null) throw new Stopped('quorum', `${out.name}: ${out.reason}; it runs the command`)
    const asked = at.who === 'controller' ? new Map([[self, record.controller.name]]) : this.#run.asked(at)
    const needed = at.who === 'controller' ? 1 : this.#run.neededIn(at, asked.size)
    const command = this.#command(at, asked)
    const closed = await this.#untilClosed(command, at, { asked, needed, cleanup, onAnswer })
    const certificate = this.#certifier.certify(command, closed, { asked: asked.size, needed })
    await onAnswers(closed.acks)
    await this.#write(command, certificate)
    if (!cleanup) {
      cancelled.throwIfAborted()
      if (closed.verdict === 'failed') throw stoppedBy(at, closed, this.#run)
    }
    return closed
  }

  /** Acknowledgements from a member's stream, of that member or of those below it. @returns those that do not count */
  receive(acks: Envelope[]): Refusal[] {
    return acks.flatMap(sealed => this.#receive(sealed) ?? [])
  }

  /** What the member said cannot be: its answers do not count, and none is waited for. */
  dismiss(peer: string, code: Refusal['code'], reason: string): void {
    this.#dismissed.set(peer, { code, reason })
    this.#reject(peer)
  }

  #reject(peer: string): void {
    const why = this.#dismissed.get(peer)
    if (why != null && this.#open?.waitsFor(peer)) this.#open.reject(peer, why.code, why.reason)
  }

  #receive(sealed: Envelope): Refusal | undefined {
    try {
      const ack = open(ackSubject, sealed)
      const refusal = this.#answer(ack)
      return refusal == null ? undefined : { by: ack.by, seq: ack.value.seq, ...refusal }
    } catch (cause) {
      const { code, message: reason } = asBakError(cause)
      // with a right signature it is the member's own word, which nobody can read: it would be waited for in vain
      if (code === 'bad-message' && this.#open?.waitsFor(sealed.by)) this.#open.reject(sealed.by, code, cutText(reason))
      return { by: sealed.by, seq: 0, code, reason }
    }
  }

  #answer(ack: Signed<Ack>): Pick<Refusal, 'code' | 'reason'> | undefined {
    const { order, excluded, parts } = this.#run
    const by = parts.signer.peer
    const foreign = refusalOfLead({ by, epoch: order.epoch }, { by, epoch: ack.value.epoch })
    if (foreign != null) return foreign
    if (this.#run.nameOf(ack.by) == null) return { code: 'not-on-roster', reason: `${ack.by} is not on the roster` }
    const out = excluded.get(ack.by)
    // excluded members may still answer terminate
    const isLast = this.#open?.command.phase === 'terminate'
    if (out != null && !isLast) return { code: 'not-on-roster', reason: `excluded at ${out.phase}: ${out.reason}` }
    if (this.#open == null) return { code: 'phase-closed', reason: 'no phase is open' }
    const why = this.#open.expects(ack) ? (this.#run.announcements.missingOf(ack) ?? this.#falseIn(ack)) : undefined
    return why == null ? this.#open.answer(ack) : this.#open.reject(ack.by, 'mismatch', why)
  }

  /** @returns what of a member's tasks cannot be as it says */
  #falseIn({ by, value }: Signed<Ack>): string | undefined {
    const { load, record } = this.#run
    const { capabilities } = record.roster.find(({ peer }) => peer === by) ?? {}
    return value.load && load?.refusalOf(value.load, capabilities?.clock.bound ?? 0)
  }

  #command(planned: PlannedPhase, asked: Map<string, string>): Command {
    const { phase, step, part, groups, when, who, deadline } = planned
    const { order, excluded, subject, candidates } = this.#run
    const isNamed =
      who === 'candidates' || who === 'controller' || (who === 'members' && (part != null || excluded.size > 0))
    const margin =
      part === 'tasks'
        ? this.#margin.nextElement(candidates.length, mostClients(step, this.#run))
        : phase === 'start'
          ? // in the window of a trigger nothing is done before the instant
            this.#margin.next(candidates.length, performance.now(), groups == null && this.#hasBefore)
          : undefined
    const issued = Date.now()
    const at = margin == null ? undefined : issued + margin
    if (at != null) this.#run[phase === 'start' ? 'agreed' : 'elementAt'] = at
    return {
      run: order.run,
      epoch: order.epoch,
      attempt: 0,
      ...numberedPhaseOf({ ...planned, seq: ++this.#seq }),
      subject: subject?.digest ?? '',
      issued,
      deadline,
      staged: phase === 'stage' && when != null ? this.#run.stagedOutputs : undefined,
      tools: phase === 'start' ? this.#run.tools : undefined,
      at,
      verdict: phase === 'terminate' ? this.#run.verdict : undefined,
      to: isNamed && asked.size <= MAX_NAMED ? [...asked.keys()] : undefined
    }
  }

  /** Whether a tool of a member does something before the instant of `start`. */
  get #hasBefore(): boolean {
    const { record, tools: changes } = this.#run
    const all = [...record.roster.map(({ tools }) => tools), changes?.attached ?? []]
    return all.some(tools => tools.some(({ tool, options }) => actsBeforeStart(tool, options)))
  }

  /** @returns ms: there and back as long as it took lately, and until the instant at which members of `start` begin */
  #patience({ at, issued }: Command): number {
    return Math.min(MAX_PATIENCE_MS, 2 * this.#margin.slowest) + (at == null ? 0 : at - issued)
  }

  async #untilClosed(
    command: Command,
    { grace, limit, first }: PlannedPhase,
    { asked, needed, cleanup, onAnswer }: Asked & Pick<PhaseOptions, 'cleanup' | 'onAnswer'>
  ): Promise<Closed> {
    const { record, parts, events } = this.#run
    const { part } = command
    record.phase = command.phase
    parts.onPhase()
    events.store({ type: 'phase-open', ...numberedPhaseOf(command), asked: asked.size, needed })
    if (command.at != null) this.#certifier.notices.hold(command.at - Date.now() + START_HOLD_MS)
    const opened = new OpenPhase({
      ...{ command, asked, needed, cleanup, grace, limit, first },
      repeat: asked.size > 1 || !asked.has(parts.signer.peer),
      patience: this.#patience(command),
      publish: (each, waiting) => this.#dispatch.send(each, waiting),
      // who runs workloads may be away for a while, and is excluded when that has been too long
      isHere: peer => (part == null ? this.#run.isHere(peer) : !this.#run.excluded.has(peer)),
      mayReturnFor: peer => (limit == null ? 0 : this.#mayReturnFor(peer)),
      onAnswer: (ack, after) => {
        this.#onAnswer(command, asked, ack, after)
        onAnswer?.(ack)
      }
    })
    this.#open = opened
    try {
      const closed = opened.run()
      for (const peer of this.#dismissed.keys()) this.#reject(peer)
      return await closed
    } finally {
      this.#open = undefined
    }
  }

  /** Who sends or fetches goes on where it was once it is back, ms. Who left was told to. */
  #mayReturnFor(peer: string): number {
    const { order, parts } = this.#run
    if (parts.members.get(peer)?.state === 'left') return 0
    return order.spec.policy.lost_timeout * 1000 || Number.POSITIVE_INFINITY
  }

  #onAnswer(command: Command, asked: Map<string, string>, { by, value }: Signed<Ack>, after: number): void {
    const { seq, phase, issued } = command
    const { outcome, code, reason, warnings, produced, received } = value
    // `join` takes longer than later commands: it may be passed on, and members open their streams
    if (phase !== 'join') this.#margin.note(seq, received - issued)
    if (phase === 'start' && value.gauge != null) this.#margin.noteBefore(value.gauge.took)
    const late = lateIn(value, this.#run.elementAt)
    if (phase === 'work' && late != null) this.#margin.noteLate(late)
    const name = asked.get(by) ?? by
    const about = { type: 'ack' as const, ...numberedPhaseOf(command), peer: by, name }
    this.#run.events.store({ ...about, outcome, code, reason, warnings, after, produced })
  }

  /** Waits until the phase before is on the disk, and begins to write this one. @throws {BakError} if that one could not be written */
  async #write(command: Command, certificate: Envelope): Promise<void> {
    const before = this.settled()
    this.#written = this.#run.folder
      .writeEnvelope(certificateFile(command), certificate)
      .then(() => this.#writeRecord())
    this.#written.catch(() => {})
    await before
  }

  async #writeRecord(): Promise<void> {
    const { folder, record } = this.#run
    const began = performance.now()
    if (began < this.#recordDue) return
    await folder.writeRecord(record)
    const ended = performance.now()
    this.#recordDue = ended + (ended - began) / RECORD_SHARE
  }

  /** All phases are on the disk. @throws {BakError} if one could not be written */
  async settled(): Promise<void> {
    await this.#written.catch(cause => {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `the result folder cannot be written: ${message}`, { cause })
    })
  }
}

/** The cause comes first: who failed, and how; then how many were needed. A controller that only drives is no member. */
function stoppedBy(at: PlannedPhase, { missing, acks }: Closed, { needed, candidates }: RunContext): Stopped {
  const { phase, part, element } = at
  const who = missing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  const hasFailed = acks.some(({ value }) => value.outcome === 'failed')
  const what = element == null ? `${part} of tasks` : `element ${element} of tasks`
  if (isAboutTasks(at) && hasFailed) return new Stopped('workload-failed', `${what} on ${who}`)
  // of a workload that failed a member answers well: who does not answer so is missing
  if (part != null) return new Stopped('quorum', who === '' ? `too few members answered work of ${part}` : who)
  if (phase === 'work') return new Stopped('workload-failed', who)
  const drivers = driversOf(candidates)
  const ok = acks.filter(({ by, value }) => value.outcome === 'ok' && !drivers.includes(by)).length
  const members = needed - drivers.length
  const count = `${ok} of the ${members} ${members === 1 ? 'member' : 'members'} needed answered ${phase}`
  return new Stopped('quorum', who === '' ? count : `${who}; ${count}`)
}
