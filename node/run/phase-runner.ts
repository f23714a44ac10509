/**
 * Runs the phases of one run, one after the other: numbers and signs the command, opens the phase, certifies how it ended,
 * and remembers who is out of the run since. What is written of one phase goes to the disk while the next one is open.
 */
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signed, seal } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Phase } from '../../protocols/fields.ts'
import type { Exclusion } from '../../protocols/manifest.ts'
import { MAX_NAMED_OUT } from '../../protocols/notice.ts'
import {
  type Ack,
  type Answers,
  type Certificate,
  type Command,
  certificateSubject,
  commandSubject
} from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Verdict } from '../../protocols/verdict.ts'
import { Aggregation } from '../channels/aggregation.ts'
import type { Refusal } from '../channels/run-stream-server.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'
import type { RunEvents } from './events.ts'
import { Notices } from './notices.ts'
import { type Closed, OpenPhase, TOLD_AGAIN } from './open-phase.ts'
import { StartMargin } from './start-margin.ts'

/** A command names the peers it is for up to this many; a larger roster is addressed as a whole. */
const MAX_NAMED = 256
/** Members that hold each certificate beside the controller. */
export const HOLDERS = 3
/** After an agreed instant all have begun within this, ms. */
const CALM = 50
/** Phases that the mesh hears of at once. */
const TOLD_AT_ONCE: Phase[] = ['join', 'terminate']

export interface PhaseOptions extends Partial<Pick<Command, 'step' | 'when' | 'at'>> {
  /** It happens whatever went wrong before, and waits for everyone who can still answer. */
  cleanup?: boolean
  /** ms; the policy's where it is left out, 0 is none. */
  deadline?: number
  /** Who is asked; everyone who still takes part where it is left out. */
  asked?: Map<string, string>
  needed?: number
  /** For so long a peer that cannot be reached may still come back, ms. */
  grace?: number
  /** Gets all answers, before a failure or a cancellation ends the road; maybe one phase later, if heads of branches gathered some. */
  onAnswers?(acks: Signed<Ack>[]): void
}

/** Ends the straight road of a run; the clean-up goes on from there. */
export class Stopped extends Error {
  readonly verdict: Verdict

  constructor(verdict: Verdict, reason: string) {
    super(reason)
    this.verdict = verdict
  }
}

export interface PhaseRunnerInit {
  order: RunOrder
  folder: RunFolder
  events: RunEvents
  record: RunRecord
  parts: DriverParts
  /** Aborts with a `Stopped` when someone cancels the run. */
  cancelled: AbortSignal
  /** Who takes part, with names, before anyone is excluded. */
  members(): Array<{ peer: string; name: string }>
  /** Answers that a phase needs. */
  needed(): number
}

export class PhaseRunner {
  /** Digest of the offer, and later of the manifest. */
  subject = ''
  readonly excluded = new Map<string, Exclusion>()
  /** How far ahead of now an instant is to lie that all hear of before. */
  readonly lead = new StartMargin()
  readonly #init: PhaseRunnerInit
  #open: OpenPhase | undefined
  readonly #notices: Notices
  #seq = 0
  readonly #gathering: Aggregation
  /** Whose lines have taken the command of the open phase. */
  readonly #told = new Set<string>()
  #written: Promise<unknown> = Promise.resolve()
  #opened: Promise<unknown> | undefined

  constructor(init: PhaseRunnerInit) {
    this.#init = init
    this.#gathering = new Aggregation({
      ...init,
      isExcluded: peer => this.excluded.has(peer),
      answer: ack => this.answer(ack)
    })
    this.#notices = new Notices(init)
  }

  /** The phase that is open now. */
  get open(): OpenPhase | undefined {
    return this.#open
  }

  /**
   * Opens a phase, waits until it is over, certifies it.
   * @throws {Stopped} if it failed or the run was cancelled, unless it cleans up; {BakError} if the folder cannot be written
   */
  async run(phase: Phase, options: PhaseOptions = {}): Promise<Closed> {
    const { cancelled } = this.#init
    if (!options.cleanup) cancelled.throwIfAborted()
    const asked = options.asked ?? this.#active()
    const needed = options.needed ?? this.#init.needed()
    const command = this.#command(phase, options, asked)
    const closed = await this.#hold(command, options, asked, needed)
    const certificate = this.#certify(command, closed, asked.size, needed)
    await this.#write(command, certificate, this.#handOver(closed, options))
    if (!options.cleanup) {
      cancelled.throwIfAborted()
      if (closed.verdict === 'failed') throw stoppedBy(phase, closed, needed, asked.size)
    }
    return closed
  }

  /** @returns why an acknowledgement does not count */
  answer(ack: Signed<Ack>): Refusal | undefined {
    const { epoch } = this.#init.order
    if (ack.value.epoch !== epoch) return { code: 'old-epoch', reason: `epoch ${ack.value.epoch} is not ${epoch}` }
    const out = this.excluded.get(ack.by)
    const leaving = this.#open?.command.phase === 'terminate'
    if (out != null && !leaving) return { code: 'not-on-roster', reason: `excluded at ${out.phase}: ${out.reason}` }
    if (this.#open == null) return { code: 'phase-closed', reason: 'no phase is open' }
    return this.#open.answer(ack)
  }

  /** The same for those that the head of a branch gathered. */
  gather(head: string, answers: Answers): Refusal | undefined {
    return this.#gathering.take(this.#open, head, answers)
  }

  speaksFor(line: string, peer: string): boolean {
    return this.#gathering.speaksFor(line, peer)
  }

  /** A member's line is open: what a line before it took may be lost. */
  welcome(peer: string): void {
    this.#told.clear()
    this.#open?.tellAgain([peer])
  }

  /** A member's line is gone: those below it are told directly. */
  miss(peer: string): void {
    this.#told.clear()
    this.#open?.lookAround()
    this.#open?.tellAgain(this.#gathering.below(peer))
  }

  #command(phase: Phase, { step, when, at, deadline, asked: only }: PhaseOptions, asked: Map<string, string>): Command {
    const { order } = this.#init
    // terminate is for everyone, the excluded too
    const named = only != null || phase === 'join' || (this.excluded.size > 0 && phase !== 'terminate')
    return {
      run: order.run,
      epoch: order.epoch,
      seq: ++this.#seq,
      attempt: 0,
      phase,
      subject: this.subject,
      issued: Date.now(),
      deadline: deadline ?? order.spec.policy.phase_timeout * 1000,
      step,
      when,
      at,
      to: named && asked.size <= MAX_NAMED ? [...asked.keys()] : undefined
    }
  }

  async #hold(command: Command, options: PhaseOptions, asked: Map<string, string>, needed: number): Promise<Closed> {
    const { record, parts, events } = this.#init
    const { seq, phase, step, when } = command
    record.phase = phase
    parts.onPhase()
    events.store({ type: 'phase-open', seq, phase, step, when, asked: asked.size, needed })
    const onAnswer = (ack: Signed<Ack>, after: number) => this.#onAnswer(command, asked, ack, after)
    this.#gathering.begin(command, onAnswer)
    this.#told.clear()
    if (command.at != null) this.#notices.spare(command.at - Date.now() + CALM)
    const open = new OpenPhase({
      command,
      asked,
      needed,
      cleanup: options.cleanup ?? false,
      grace: options.grace ?? 0,
      repeat: asked.size > 1 || !asked.has(parts.signer.peer),
      publish: (each, waiting) => this.#send(each, waiting),
      // who leaves says so to all, and that may come before its last answer
      isHere: peer => parts.members.isHere(peer) || parts.inbox.isOpen(this.#init.order.run, peer),
      onAnswer
    })
    this.#open = open
    try {
      return await open.run()
    } finally {
      this.#open = undefined
    }
  }

  /** Over members' own lines, or their heads'; by gossip to who has none, and to the whole mesh where a phase is not over soon. */
  #send(command: Command, waiting: string[]): void {
    const { order, parts } = this.#init
    const { signer, follow, inbox } = parts
    // the controller hears itself
    const others = waiting.filter(peer => peer !== signer.peer)
    // what a line has taken comes, as long as it does not break
    const isNew = (line: string) => command.attempt >= TOLD_AGAIN || !this.#told.has(line)
    const lines = this.#gathering.lines(command, others).filter(isNew)
    const envelope = seal(commandSubject, command, signer)
    const told = inbox.tell(order.run, lines, { type: 'command', sealed: envelope })
    for (const line of told) this.#told.add(line)
    const toMesh = command.attempt === TOLD_AGAIN || told.length < lines.length
    follow.say({ type: 'command', signed: { by: signer.peer, value: command, envelope } }, { toMesh })
  }

  #onAnswer(command: Command, asked: Map<string, string>, { by, value }: Signed<Ack>, after: number): void {
    const { seq, phase, step, when } = command
    const { outcome, code, reason, warnings, produced } = value
    // `join` is for who has no line yet
    if (phase !== 'join') this.lead.note(seq, value.received - command.issued)
    const name = asked.get(by) ?? by
    const about = { type: 'ack' as const, seq, phase, step, when, peer: by, name }
    this.#init.events.store({ ...about, outcome, code, reason, warnings, after, produced })
  }

  #certify(command: Command, closed: Closed, asked: number, needed: number): Envelope {
    const { run, epoch, seq, phase, subject, step, when } = command
    const { events, parts } = this.#init
    // a workload that fails is a result, not a member that is out of order
    const missing = phase === 'work' ? [] : closed.missing
    const excluded = missing.map(each => ({ ...each, phase, reason: each.reason.slice(0, 1024) }))
    const { verdict } = closed
    const acks = closed.acks.map(ack => ack.envelope)
    const about = { seq, phase, subject, step, when, verdict, needed, asked, closed: Date.now() }
    const bundles = closed.bundles.length > 0 ? closed.bundles : undefined
    const certificate: Certificate = { run, epoch, ...about, acks, bundles, excluded }
    const sealed = seal(certificateSubject, certificate, parts.signer)
    const bytes = encode(sealed)
    const digest = digestOf(bytes)
    const { ok } = closed
    const holders = [...this.#active().keys()].filter(peer => peer !== parts.signer.peer).slice(0, HOLDERS)
    const told = parts.inbox.tell(run, holders, { type: 'certificate', sealed })
    // whose stream is gone comes and asks for it
    if (told.length < holders.length) parts.content.put(bytes)
    this.#notices.add({ ...about, ok, excluded: excluded.slice(0, MAX_NAMED_OUT), certificate: digest }, holders)
    if (TOLD_AT_ONCE.includes(phase) || excluded.length > 0) {
      this.#notices.flush(phase === 'join' ? closed.acks.map(({ by }) => by) : undefined)
    }
    const { took } = closed
    events.store({ type: 'phase-closed', seq, phase, step, when, verdict, ok, asked, took, certificate: digest })
    for (const each of excluded) this.exclude(each)
    return sealed
  }

  /** Hands on the answers: now if all of them are open. @returns what is still to be done */
  #handOver({ acks }: Closed, { onAnswers = () => {} }: PhaseOptions): Promise<unknown> | undefined {
    const opened = this.#gathering.opened()
    if (opened == null) onAnswers(acks)
    return opened?.then(gathered => onAnswers([...acks, ...gathered]))
  }

  /**
   * Waits for what is left of the phase before, and begins to write this one.
   * @throws {BakError} if that cannot be written, or a head gathered a false answer then
   */
  async #write({ seq, phase }: Command, certificate: Envelope, opened: Promise<unknown> | undefined): Promise<void> {
    const { folder, record } = this.#init
    const before = this.settled()
    const written = folder.writeEnvelope(`${String(seq).padStart(4, '0')}-${phase}`, certificate)
    this.#written = written.then(() => folder.writeRecord(record))
    this.#opened = opened
    for (const each of [this.#written, opened]) each?.catch(() => {})
    await before
  }

  /** All is on the disk, and all answers are open. @throws {BakError} as above */
  async settled(): Promise<void> {
    const [written, opened] = [this.#written, this.#opened]
    await opened
    await written.catch(cause => {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `the result folder cannot be written: ${message}`, { cause })
    })
  }

  /** Who is out of the run from now on. */
  exclude(exclusion: Exclusion): void {
    const { record, events } = this.#init
    if (this.excluded.has(exclusion.peer)) return
    this.excluded.set(exclusion.peer, exclusion)
    record.excluded.push(exclusion)
    record.partial = true
    events.store({ type: 'excluded', ...exclusion })
  }

  /** @returns who still takes part, with names */
  #active(): Map<string, string> {
    const members = this.#init.members().filter(({ peer }) => !this.excluded.has(peer))
    return new Map(members.map(({ peer, name }) => [peer, name]))
  }
}

function stoppedBy(phase: Phase, { missing }: Closed, needed: number, asked: number): Stopped {
  const who = missing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  if (phase === 'work') return new Stopped('workload-failed', who)
  return new Stopped(
    'quorum',
    `${phase}: ${needed} answers were needed of ${asked} members; ${who || 'too few were asked'}`
  )
}
