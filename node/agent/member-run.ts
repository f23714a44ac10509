/**
 * One run on one member: its commands are handled in turn, each once; a newer one aborts an older that is still going on, since that
 * phase is over. When the controller is silent for longer than its lease the member is orphaned: it stops its tools and keeps its data.
 */

import { fitMetrics } from '../../protocols/answer-metrics.ts'
import { MAX_TIMER_MS } from '../../protocols/duration.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText, type Phase } from '../../protocols/fields.ts'
import { refusalOfLead } from '../../protocols/lead.ts'
import { type Ack, ackSubject, type Command, cutRemarks } from '../../protocols/phase.ts'
import type { RunStreamClient } from '../channels/run-stream-client.ts'
import type { RunStreamServer } from '../channels/run-stream-server.ts'
import { Uplinks, type UplinksInit } from '../channels/uplinks.ts'
import { reversed } from '../clock/clock.ts'
import { InTurn } from '../in-turn.ts'
import type { Log } from '../log.ts'
import { now } from '../now.ts'
import { checkCommand } from './command-check.ts'
import type { MemberState } from './member-state.ts'
import { keptBy, packRest } from './phases/deliver.ts'
import { handlers } from './phases/index.ts'
import type { PhaseParts } from './phases/phase.ts'
import { endHere, HURRIED_MS, stopAll } from './phases/stop.ts'
import { isOver, type State, stateAfter } from './states.ts'
import { answerOnce } from './tombstones.ts'

/** A controller that has nothing more to send closes the stream within this, ms. */
const LAST_MESSAGES_MS = 1_000
export interface MemberRunInit {
  member: MemberState
  log: Log
  signer: Signer
  /** The stream to the controller, already started. */
  stream: RunStreamClient
  to: UplinksInit['to']
  server: Pick<RunStreamServer, 'open' | 'close'>
  parts: PhaseParts
  /** Whether this member is between `start` and `stop` now. */
  onMeasuring(measures: boolean): void
  /** The run is over here, whether data is left or not; its controller may still ask. Not called for a run that was over when the daemon started. */
  onOver(): void
  /** Nothing of the run is left here. */
  onGone(): void
}

export class MemberRun {
  readonly member: MemberState
  readonly #init: MemberRunInit
  readonly #log: Log
  readonly #uplinks: Uplinks
  #busy: AbortController | undefined
  /** Number of the phase that `member.ack` is for. */
  #answered = -1
  readonly #turn = new InTurn()
  #lease: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined
  #lastPhase: Phase | undefined
  #stopping = false
  readonly #stopped = new AbortController()
  /** The run is ending here: later commands are refused as in state `orphaned`. */
  #ending = false
  /** Why this member takes no part any more, of its own accord. */
  #left: BakError | undefined

  constructor(init: MemberRunInit) {
    this.member = init.member
    this.#init = init
    this.#log = init.log
    const { member, stream, to, server } = init
    this.#uplinks = new Uplinks({
      ...{ run: member.run, self: member.self, controller: stream, to, server },
      clockOffset: () => member.clock.offset
    })
  }

  /** Sends the last answer of an earlier life of the daemon again. An orphaned member only keeps its data. */
  begin(): void {
    const { state, ack, manifest, seq } = this.member
    if (state === 'orphaned') return
    this.#enter(state)
    if (manifest != null) this.#uplinks.join(manifest)
    if (ack != null) this.#answered = seq
    if (ack != null) this.#uplinks.answer(ack, seq)
    this.renewLease()
    this.#limitTime()
  }

  /** Decides what a command means here. */
  handle(command: Command, by: string): void {
    const { member } = this
    const foreign = refusalOfLead(member.lead, { by, epoch: command.epoch })
    if (foreign != null) return this.#refuse(command, by, foreign)
    this.renewLease()
    if (command.seq < member.seq) return
    this.#uplinks.open(command)
    if (command.seq > member.seq) member.load?.hear(command)
    if (command.to != null && !command.to.includes(member.self)) return
    if (command.seq === member.seq) return this.#answerAgain()
    member.seq = command.seq
    this.#lastPhase = command.phase
    this.renewLease()
    const received = now()
    this.#busy?.abort(new BakError('phase-closed', `phase ${command.phase} has begun`))
    const busy = new AbortController()
    this.#busy = busy
    void this.#turn.run(async () => {
      await this.#obey(command, received, busy.signal)
      if (this.#busy === busy) this.#busy = undefined
    })
  }

  /** The controller is alive. Silence for longer than the lease orphans the member. */
  renewLease(): void {
    clearTimeout(this.#lease)
    const { state, lead, self, offer } = this.member
    // a controller that was held up has not fallen silent to itself, and behind the end only jobs go on
    const isIdle = state === 'orphaned' || (state === 'ended' && this.#lastPhase !== 'work')
    if (this.#stopping || this.#ending || isIdle || lead.by === self) return
    const length = Math.min(offer.spec.policy.lease * 1000, MAX_TIMER_MS)
    this.#lease = setTimeout(() => {
      this.#log.warn('the controller has been silent for longer than its lease', { run: this.member.run })
      this.abandon()
    }, length).unref()
  }

  /** The owner of this machine has the last word on how long it takes. */
  #limitTime(): void {
    const { lead, run } = this.member
    const longest = this.#init.parts.owner.longestOf(lead.by)
    if (longest == null) return
    const end = () => {
      this.#log.warn('the run takes longer than its owner allows here', { run, limit: 'run_limits.time' })
      this.abandon()
    }
    this.#end = setTimeout(end, Math.min(longest, MAX_TIMER_MS)).unref()
  }

  /** The controller does not count an acknowledgement, or does not know the run or this member any more. */
  onRefused({ by, seq, code, reason }: { by?: string; seq?: number; code: string; reason: string }): void {
    this.#log.debug('refused by the controller', { run: this.member.run, by, seq, code, why: reason })
    // an aggregator also hears of those below it
    if (by != null && by !== this.member.self) return
    if (code === 'no-such-run' || code === 'not-on-roster') this.abandon()
  }

  /** The run is over everywhere, whether this member heard its `terminate` or not. One that did is on its way out. */
  onEverywhereOver(): void {
    if (this.#lastPhase !== 'terminate') this.abandon()
  }

  /** Packs what is left here, so that it can be collected. @returns what cannot be packed, and why */
  async pack(): Promise<string[]> {
    // the controller may collect while the end of the run is packed here
    const { packed, warnings } = await this.#turn.run(() => this.#packRest())
    return [...warnings, ...packed.flatMap(({ report }) => report.warnings())]
  }

  /** The daemon stops: tools stop, data and state stay. */
  async pause(): Promise<void> {
    this.#stopping = true
    this.#stopped.abort(new BakError('interrupted', 'the daemon stops'))
    this.#clearTimers()
    this.#busy?.abort(new BakError('interrupted', 'the daemon stops'))
    await this.#turn.settled()
    await stopAll(this.member, HURRIED_MS)
    await this.#uplinks.stop()
    await this.member.close()
  }

  /** Nothing of the run stays here. */
  async drop(): Promise<void> {
    this.#clearTimers()
    this.#enter('gone')
    await this.member.remove().catch(error => this.#failed('not removed', error))
    // the last certificate may be on its way
    await this.#uplinks.finish(LAST_MESSAGES_MS)
    this.#init.onGone()
  }

  /** The run is over for this member: nothing runs any more, data waits to be collected. @param why as later answers say it */
  abandon(why = new BakError('cancelled', 'the run is over on this member')): void {
    if (this.#ending) return
    this.#ending = true
    this.#busy?.abort(why)
    // a command that comes meanwhile has its turn after it
    this.#turn
      .run(() => this.#abandon())
      .catch(error => {
        // whoever ends it later tries again
        this.#ending = false
        this.#failed('not ended in order', error)
      })
  }

  #leave(reason: string): void {
    this.#left ??= new BakError('tool-failed', reason)
    this.abandon(this.#left)
  }

  async #abandon(): Promise<void> {
    await endHere(this.member, this.#init.parts, { graceMs: HURRIED_MS })
    // a full disk keeps nobody in a run: whoever collects the data has it packed then
    await this.#packRest().catch(error => this.#failed('data not packed', error))
    await this.#finish()
  }

  /** The state goes; so does the folder, unless something in it has no receipt or could not be packed. */
  async #finish(): Promise<void> {
    this.#clearTimers()
    if (keptBy(this.member).files === 0) return this.drop()
    this.#enter('orphaned')
    await this.#uplinks.stop()
    await this.#save()
    await this.member.close()
  }

  readonly #packRest = () => packRest(this.member, this.#init.parts, this.#stopped.signal)

  #clearTimers(): void {
    clearTimeout(this.#lease)
    clearTimeout(this.#end)
  }

  #answerAgain(): void {
    const { ack, seq } = this.member
    if (this.#answered !== seq || ack == null) return
    if (!this.#uplinks.answer(ack, seq)) this.#answerOnce(ack)
  }

  async #obey(command: Command, received: number, signal: AbortSignal): Promise<void> {
    const { member } = this
    const answer = await this.#act(command, signal)
    if (this.#stopping) return
    const { run, epoch, seq, phase, subject } = command
    const { offset } = member.clock
    const ack: Ack = { run, epoch, seq, phase, subject, received: received - offset, done: now() - offset, ...answer }
    if (ack.outcome === 'ok') this.#enter(stateAfter(command, member.state))
    member.ack = seal(ackSubject, ack, this.#init.signer)
    this.#answered = seq
    // a phase that is over needs no answer any more
    if (member.seq === seq && !this.#uplinks.answer(member.ack, seq)) this.#answerOnce(member.ack)
    if (phase === 'stage' && member.manifest != null) this.#uplinks.join(member.manifest)
    const { outcome, code, reason: why } = ack
    if (outcome === 'refused') this.#log.refused('command refused', { run, phase, from: member.lead.by, code, why })
    else this.#log.debug('phase', { run, phase, outcome, code, why })
    if (member.state === 'gone') await this.#finish()
    else await this.#save()
    // no command follows, and what could not be handed over is collected
    if (phase === 'terminate' && outcome === 'failed') this.abandon()
  }

  #enter(state: State): void {
    const hadEnded = isOver(this.member.state)
    this.member.state = state
    if (!hadEnded && isOver(state)) this.#init.onOver()
    this.#init.onMeasuring(state === 'running')
  }

  /** The stream is closed once the run is over here; a controller that still asks gets its answer on another. */
  #answerOnce(ack: Envelope): void {
    const { run, lead } = this.member
    answerOnce(this.#init.to(lead.by), run, ack).catch(error =>
      this.#log.debug('not answered', { run, why: error.message })
    )
  }

  async #act(command: Command, signal: AbortSignal) {
    const { member } = this
    const { parts, stream } = this.#init
    try {
      if (this.#left != null && command.phase !== 'terminate') throw this.#left
      checkCommand(command, member, this.#ending ? 'orphaned' : member.state)
      const done = await handlers[command.phase]({
        ...{ command, member, parts, signal, call: stream.calls.ask },
        tell: missing => stream.tell(missing),
        leave: reason => this.#leave(reason),
        tellStaging: (done, total) => stream.tellStaging(done, total),
        report: state => stream.report(state),
        ask: async until => reversed(await stream.clock.ask(until))
      })
      return { outcome: 'ok' as const, ...cutRemarks(fitMetrics(done, member.roster.length)) }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      if (code === 'bug') this.#log.error('bug', { phase: command.phase, why: (cause as Error).stack ?? message })
      const refused = code === 'state' || code === 'wrong-manifest' || code === 'not-allowed'
      return { outcome: refused ? ('refused' as const) : ('failed' as const), code, reason: cutText(message) }
    }
  }

  readonly #save = () => this.member.keep().catch(error => this.#failed('state not saved', error))
  #failed(what: string, cause: unknown): void {
    this.#log.error(what, { run: this.member.run, why: asBakError(cause).message })
  }

  #refuse({ run, phase }: Command, from: string, { code, reason: why }: { code: string; reason: string }): void {
    this.#log.refused('command refused', { run, phase, from, code, why })
  }
}
