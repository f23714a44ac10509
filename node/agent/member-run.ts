/**
 * What goes on in one run on one member: its commands are handled in turn, each once; a newer one ends an older that is still
 * going on, since its phase is over. The controller's silence, or its word, ends the run here; data without a receipt stays.
 */
import { type Envelope, type Signed, type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import type { Told } from '../channels/run-stream-client.ts'
import { Uplinks, type UplinksInit } from '../channels/uplinks.ts'
import { now } from '../clock/clock.ts'
import type { Log } from '../log.ts'
import type { MemberState } from './member-state.ts'
import { exceedsOffer } from './offer-check.ts'
import { packRest } from './phases/deliver.ts'
import { handlers } from './phases/index.ts'
import type { PhaseParts } from './phases/phase.ts'
import { stopTools } from './phases/stop.ts'
import { isLegal, type State, stateAfter } from './states.ts'
import { sayOnce } from './tombstones.ts'

/** A controller that has no last words to say closes the line before, ms. */
const LAST_WORDS = 1_000

export interface MemberRunInit {
  member: MemberState
  log: Log
  signer: Signer
  to: UplinksInit['to']
  inbox: UplinksInit['inbox']
  parts: PhaseParts
  /** This member is between `start` and `stop` now, or not. */
  onMeasuring(measures: boolean): void
  /** What the controller says over the line. */
  onTold(message: Told): void
  /** Nothing of the run is left here. */
  onGone(): void
}

export class MemberRun {
  readonly member: MemberState
  readonly #init: MemberRunInit
  readonly #log: Log
  readonly #ways: Uplinks
  #busy: AbortController | undefined
  #tail: Promise<void> = Promise.resolve()
  #lease: NodeJS.Timeout | undefined
  #stopping = false
  /** Its end has begun: whatever is still commanded comes too late. */
  #abandoned = false

  constructor(init: MemberRunInit) {
    this.member = init.member
    this.#init = init
    this.#log = init.log
    const { member, to, inbox, onTold } = init
    this.#ways = new Uplinks({
      ...{ member, to, inbox, onTold },
      onLease: () => this.#renew(),
      onRefused: refusal => this.#onRefused(refusal)
    })
  }

  /** Opens the line to the controller, with the last answer of an earlier life. A run that is over only keeps its data. */
  begin(): void {
    const { state, ack } = this.member
    if (state === 'ended') return
    this.#enter(state)
    this.#ways.start()
    this.#ways.takePlace()
    if (ack != null) this.#ways.repeat(ack, this.member.seq)
    this.#renew()
  }

  /** Decides what a command means here. */
  hear(command: Command, by: string): void {
    const { member } = this
    if (by !== member.controller) return this.#refuse(command, by, 'not-the-controller', 'another peer drives this run')
    if (command.epoch !== member.epoch) {
      return this.#refuse(command, by, 'old-epoch', `epoch ${command.epoch} is not ${member.epoch}`)
    }
    this.#renew()
    if (command.seq < member.seq) return
    this.#ways.heard(command, { isNew: command.seq > member.seq })
    if (command.to != null && !command.to.includes(member.self)) return
    if (command.seq === member.seq) {
      const { ack } = member
      if (this.#busy == null && ack != null && !this.#ways.repeat(ack, command.seq)) this.#sayOnce(ack)
      return
    }
    member.seq = command.seq
    const received = now()
    this.#busy?.abort(new BakError('phase-closed', `phase ${command.phase} has begun`))
    const busy = new AbortController()
    this.#busy = busy
    this.#tail = this.#tail.then(async () => {
      await this.#obey(command, received, busy.signal)
      if (this.#busy === busy) this.#busy = undefined
    })
  }

  /** Ends what goes on just now; its answer is still given. */
  interrupt(why: BakError): void {
    this.#busy?.abort(why)
  }

  /** Packs what lies here, so that it can be collected. */
  pack(): Promise<void> {
    // in its turn: who collects may come while the end of the run is packed here
    const packed = this.#tail.then(() => packRest(this.member))
    this.#tail = packed.catch(() => {})
    return packed
  }

  /** The daemon stops: tools stop, data and state stay. */
  async pause(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#lease)
    this.interrupt(new BakError('interrupted', 'the daemon stops'))
    await this.#tail
    await stopTools(this.member)
    await this.#ways.stop()
    await this.member.close()
  }

  /** Nothing of the run stays here. */
  async drop(): Promise<void> {
    clearTimeout(this.#lease)
    this.#enter('gone')
    await this.member.remove()
    // the last certificate is still to come
    await this.#ways.finish(LAST_WORDS)
    this.#init.onGone()
  }

  async #obey(command: Command, received: number, signal: AbortSignal): Promise<void> {
    const { member } = this
    const answer = await this.#act(command, signal)
    if (this.#stopping) return
    const { run, epoch, seq, phase, subject } = command
    const { offset } = member.clock
    const ack: Ack = { run, epoch, seq, phase, subject, received: received + offset, done: now() + offset, ...answer }
    if (ack.outcome === 'ok') this.#enter(stateAfter(phase, member.state))
    member.ack = seal(ackSubject, ack, this.#init.signer)
    // a phase that has moved on wants no answer any more
    if (member.seq === seq) this.#say({ by: member.self, value: ack, envelope: member.ack })
    if (phase === 'stage') this.#ways.takePlace()
    const { outcome, code, reason: why } = ack
    if (outcome === 'refused') this.#log.refused('command refused', { run, phase, from: member.controller, code, why })
    else this.#log.debug('phase', { run, phase, outcome, code, why })
    if (member.state === 'gone') await this.#finish()
    else await this.#save()
  }

  #enter(state: State): void {
    this.member.state = state
    this.#init.onMeasuring(state === 'running')
  }

  /** The line is closed once the run is over here; a controller that still asks gets its answer all the same. */
  #say(ack: Signed<Ack>): void {
    if (!this.#ways.answer(ack)) this.#sayOnce(ack.envelope)
  }

  #sayOnce(ack: Envelope): void {
    const { run, controller } = this.member
    sayOnce(this.#init.to(controller), run, ack).catch(error =>
      this.#log.debug('not answered', { run, why: error.message })
    )
  }

  async #act(command: Command, signal: AbortSignal) {
    const { member } = this
    try {
      this.#check(command)
      const done = await handlers[command.phase]({
        command,
        member,
        parts: this.#init.parts,
        signal,
        ask: until => this.#ways.ask(until)
      })
      return { outcome: 'ok' as const, ...done }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      if (code === 'bug') this.#log.error('bug', { phase: command.phase, why: (cause as Error).stack ?? message })
      const refused = code === 'state' || code === 'wrong-manifest' || code === 'not-allowed'
      return { outcome: refused ? ('refused' as const) : ('failed' as const), code, reason: message.slice(0, 1024) }
    }
  }

  /** @throws {BakError} `state`, `wrong-manifest` or `not-allowed`; nothing has changed then */
  #check(command: Command): void {
    const { phase, subject } = command
    const { manifestDigest, offer, self } = this.member
    const state = this.#abandoned ? 'ended' : this.member.state
    if (!isLegal(phase, state)) throw new BakError('state', `${phase} is not legal in state ${state}`)
    const bearsManifest = phase !== 'join' && phase !== 'stage'
    if (bearsManifest && manifestDigest != null && subject !== manifestDigest) {
      throw new BakError('wrong-manifest', 'the command is of another manifest')
    }
    const beyond = exceedsOffer(command, offer, self)
    if (beyond != null) throw new BakError('not-allowed', `${phase} is not what this member agreed to: ${beyond}`)
  }

  /** The controller is there. Silence for longer than the lease ends the run on this member. */
  #renew(): void {
    clearTimeout(this.#lease)
    const { state, controller, self } = this.member
    // a controller that was held up has not fallen silent to itself
    if (this.#stopping || state === 'ended' || controller === self) return
    const length = Math.min(this.member.offer.spec.policy.lease * 1000, 2 ** 31 - 1)
    this.#lease = setTimeout(() => {
      this.#log.warn('the controller has been silent for too long', { run: this.member.run })
      this.abandon()
    }, length)
    this.#lease.unref()
  }

  /** The run is over for this member: nothing runs any more, data waits to be collected. */
  abandon(): void {
    this.#abandoned = true
    this.#abandon().catch(error => this.#log.error('not ended in order', { why: asBakError(error).message }))
  }

  async #abandon(): Promise<void> {
    this.interrupt(new BakError('cancelled', 'the run is over on this member'))
    await this.#tail
    await stopTools(this.member)
    await this.pack()
    await this.#finish()
  }

  /** The state goes; so does the folder, unless something in it has no receipt. */
  async #finish(): Promise<void> {
    clearTimeout(this.#lease)
    if ((await this.member.outbox.list()).length === 0) return this.drop()
    this.#enter('ended')
    await this.#ways.stop()
    await this.#save()
    await this.member.close()
  }

  async #save(): Promise<void> {
    const { member } = this
    await member.keep().catch(error => this.#log.error('state not saved', { run: member.run, why: error.message }))
  }

  #onRefused({ seq, code, reason }: { seq?: number; code: string; reason: string }): void {
    this.#log.debug('refused by the controller', { run: this.member.run, seq, code, why: reason })
    if (code !== 'no-such-run' && code !== 'not-on-roster') return
    this.abandon()
  }

  #refuse({ run, phase }: Command, by: string, code: string, why: string): void {
    this.#log.refused('command refused', { run, phase, from: by, code, why })
  }
}
