/**
 * The member's side of every run that this peer takes part in: hears commands, acts on each once, acknowledges. Commands of
 * one run are handled in turn; a newer one ends an older that is still going on, since its phase is over.
 */
import type { KeyObject } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope, open, type Signed, seal } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import type { Content } from '../artifacts/content.ts'
import type { Log } from '../log.ts'
import { now } from '../mesh/clock.ts'
import type { Members } from '../mesh/members.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Follow } from '../run/follow.ts'
import type { Home } from '../store/home.ts'
import { openOutbox } from '../store/outbox.ts'
import { AckLine } from './ack-line.ts'
import { Member, restoreMember } from './member.ts'
import { packRest } from './phases/deliver.ts'
import { handlers } from './phases/index.ts'
import type { Loan, PhaseParts } from './phases/phase.ts'
import { stopTools } from './phases/stop.ts'
import { isLegal, stateAfter } from './states.ts'
import type { Supervisor } from './supervisor.ts'

export interface AgentComponents {
  follow: Follow
  members: Members
  streams: Streams
  content: Content
}

export interface AgentInit {
  log: Log
  home: Home
  signer: { peer: string; key: KeyObject }
  supervisor: Supervisor
}

/** What goes on in one run. */
interface Taking {
  member: Member
  busy: AbortController | undefined
  tail: Promise<void>
  lease: NodeJS.Timeout | undefined
}

export class Agent {
  readonly #components: AgentComponents
  readonly #init: AgentInit
  readonly #log: Log
  readonly #runs = new Map<string, Taking>()
  /** Runs whose `join` is being looked at. */
  readonly #joining = new Set<string>()
  readonly #loans = new Map<string, Loan>()
  #stopping = false

  constructor(components: AgentComponents, init: AgentInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'agent')
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  async afterStart(): Promise<void> {
    await this.#restore()
    this.#components.follow.addEventListener('command', this.#onCommand)
  }

  /** Tools stop, data stays: a daemon that starts again takes up its runs. */
  async beforeStop(): Promise<void> {
    this.#stopping = true
    this.#components.follow.removeEventListener('command', this.#onCommand)
    await Promise.all(
      [...this.#runs.values()].map(async taking => {
        clearTimeout(taking.lease)
        taking.busy?.abort(new BakError('interrupted', 'the daemon stops'))
        await taking.tail
        await stopTools(taking.member)
        await taking.member.line?.stop()
      })
    )
  }

  /** @returns the runs that this peer takes part in */
  runs(): string[] {
    return [...this.#runs.values()].filter(({ member }) => member.state !== 'ended').map(({ member }) => member.run)
  }

  member(run: string): Member | undefined {
    return this.#runs.get(run)?.member
  }

  /** Lends the caller's folder and environment to the workload of a run that this peer drives. */
  lend(run: string, loan: Loan): void {
    this.#loans.set(run, loan)
  }

  unlend(run: string): void {
    this.#loans.delete(run)
  }

  /** Ends the workload of a run that is cancelled; its result is still told. */
  interrupt(run: string): void {
    this.#runs.get(run)?.busy?.abort(new BakError('cancelled', 'the run is cancelled'))
  }

  /** Packs what lies here of a run, for a controller that comes to collect it. */
  async packed(run: string): Promise<Member | undefined> {
    const taking = this.#runs.get(run)
    if (taking == null) return undefined
    await taking.tail
    await packRest(taking.member)
    return taking.member
  }

  /** Drops a run whose last tarball has its receipt. */
  async drop(run: string): Promise<void> {
    const taking = this.#runs.get(run)
    if (taking == null) return
    this.#runs.delete(run)
    clearTimeout(taking.lease)
    await taking.member.line?.stop()
    await taking.member.remove()
  }

  readonly #onCommand = (event: CustomEvent<Signed<Command>>): void => {
    const { value: command, by } = event.detail
    const taking = this.#runs.get(command.run)
    if (taking != null) this.#hear(taking, command, by)
    else if (command.phase === 'join') this.#consider(command, by).catch(error => this.#refuse(command, by, error))
  }

  /** A run that asks for members: is this peer one of them? */
  async #consider(command: Command, by: string): Promise<void> {
    const { peer } = this.#init.signer
    if (this.#joining.has(command.run) || (command.to != null && !command.to.includes(peer))) return
    this.#joining.add(command.run)
    try {
      const signal = AbortSignal.timeout(command.deadline > 0 ? command.deadline : 60_000)
      const sealed = decode(
        envelope,
        await this.#components.content.get(command.subject, [by, ...this.#neighbours()], { signal })
      )
      const offer = open(offerSubject, sealed)
      if (offer.by !== by || offer.value.controller !== by || offer.value.run !== command.run) {
        throw new BakError('not-the-controller', `the offer is signed by ${offer.by}`)
      }
      if (!offer.value.candidates.some(candidate => candidate.peer === peer)) return
      const folder = this.#init.home.work(command.run)
      const member = new Member({
        folder,
        self: peer,
        outbox: await openOutbox(join(folder, 'outbox'), command.run),
        offerSealed: sealed
      })
      this.#hear(this.#take(member), command, by)
    } finally {
      this.#joining.delete(command.run)
    }
  }

  #take(member: Member): Taking {
    const taking: Taking = { member, busy: undefined, tail: Promise.resolve(), lease: undefined }
    this.#runs.set(member.run, taking)
    member.line = new AckLine({
      run: member.run,
      open: this.#components.streams.to(member.controller),
      onLease: () => this.#renew(taking),
      onRefused: refusal => this.#onRefused(taking, refusal)
    })
    member.line.start()
    this.#renew(taking)
    return taking
  }

  /** Decides what a command means to a run that is known here. */
  #hear(taking: Taking, command: Command, by: string): void {
    const { member } = taking
    if (by !== member.controller)
      return this.#refuse(command, by, new BakError('not-the-controller', `${by} does not drive this run`))
    if (command.epoch !== member.epoch)
      return this.#refuse(command, by, new BakError('old-epoch', `epoch ${command.epoch}, not ${member.epoch}`))
    this.#renew(taking)
    if (command.seq < member.seq || (command.to != null && !command.to.includes(member.self))) return
    if (command.seq === member.seq) {
      if (taking.busy == null && member.ack != null) member.line?.send(member.ack)
      return
    }
    member.seq = command.seq
    taking.busy?.abort(new BakError('phase-closed', `phase ${command.phase} has begun`))
    const busy = new AbortController()
    taking.busy = busy
    const received = now()
    taking.tail = taking.tail.then(async () => {
      await this.#obey(taking, command, received, busy.signal)
      if (taking.busy === busy) taking.busy = undefined
    })
  }

  async #obey(taking: Taking, command: Command, received: number, signal: AbortSignal): Promise<void> {
    const { member } = taking
    const answer = await this.#act(member, command, signal)
    if (this.#stopping) return
    const { run, epoch, seq, phase, subject } = command
    const { offset } = member.clock
    const ack: Ack = { run, epoch, seq, phase, subject, received: received + offset, done: now() + offset, ...answer }
    if (ack.outcome === 'ok') member.state = stateAfter(phase, member.state)
    member.ack = seal(ackSubject, ack, this.#init.signer)
    // a phase that has moved on wants no answer any more
    if (member.seq === seq) member.line?.send(member.ack)
    const say = ack.outcome === 'refused' ? this.#log.warn : this.#log.debug
    say(ack.outcome === 'refused' ? 'command refused' : 'phase', {
      run,
      phase,
      outcome: ack.outcome,
      code: ack.code,
      why: ack.reason
    })
    if (member.state === 'gone') await this.#finish(taking)
    else await member.save().catch(error => this.#log.error('state not saved', { run, why: error.message }))
  }

  async #act(member: Member, command: Command, signal: AbortSignal) {
    try {
      this.#check(member, command)
      return {
        outcome: 'ok' as const,
        ...(await handlers[command.phase]({ command, member, parts: this.#parts, signal }))
      }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      if (code === 'bug') this.#log.error('bug', { phase: command.phase, why: (cause as Error).stack ?? message })
      const refused = code === 'state' || code === 'wrong-manifest'
      return { outcome: refused ? ('refused' as const) : ('failed' as const), code, reason: message.slice(0, 1024) }
    }
  }

  /** @throws {BakError} `state` or `wrong-manifest`; nothing has changed then */
  #check(member: Member, command: Command): void {
    if (!isLegal(command.phase, member.state)) {
      throw new BakError('state', `${command.phase} is not legal in state ${member.state}`)
    }
    const bearsManifest = command.phase !== 'join' && command.phase !== 'stage'
    if (bearsManifest && member.manifestDigest != null && command.subject !== member.manifestDigest) {
      throw new BakError('wrong-manifest', 'the command is of another manifest')
    }
  }

  /** `terminate` was obeyed: the state goes; data without a receipt stays until someone collects it. */
  async #finish(taking: Taking): Promise<void> {
    const { member } = taking
    clearTimeout(taking.lease)
    await member.line?.stop()
    if ((await member.outbox.list()).length > 0) {
      member.state = 'ended'
      await member.save()
    } else {
      this.#runs.delete(member.run)
      await member.remove()
    }
  }

  /** The controller is there. Silence for longer than the lease ends the run on this member; its data stays. */
  #renew(taking: Taking): void {
    clearTimeout(taking.lease)
    if (this.#stopping) return
    const length = Math.min(taking.member.offer.spec.policy.lease * 1000, 2 ** 31 - 1)
    taking.lease = setTimeout(() => {
      this.#log.warn('the controller has been silent for too long', { run: taking.member.run })
      void this.#abandon(taking)
    }, length)
    taking.lease.unref()
  }

  /** The run is over for this member: nothing runs any more, data waits to be collected. */
  async #abandon(taking: Taking): Promise<void> {
    const { member } = taking
    taking.busy?.abort(new BakError('cancelled', 'the run is over on this member'))
    await taking.tail
    await stopTools(member)
    await packRest(member)
    member.state = 'ended'
    await this.#finish(taking)
  }

  #onRefused(taking: Taking, { seq, code, reason }: { seq?: number; code: string; reason: string }): void {
    this.#log.debug('refused by the controller', { run: taking.member.run, seq, code, why: reason })
    if (code === 'no-such-run' || code === 'not-on-roster') void this.#abandon(taking)
  }

  #refuse(command: Command, by: string, cause: unknown): void {
    const { code, message } = asBakError(cause)
    this.#log.warn('command refused', { run: command.run, phase: command.phase, from: by, code, why: message })
  }

  /** A daemon that was killed in mid run takes the run up where it was; its tools are gone. */
  async #restore(): Promise<void> {
    const work = this.#init.home.work()
    for (const run of (await readdir(work).catch(() => [])).filter(name => !name.startsWith('.'))) {
      const folder = this.#init.home.work(run)
      try {
        const member = await restoreMember(
          folder,
          this.#init.signer.peer,
          await openOutbox(join(folder, 'outbox'), run)
        )
        const taking = this.#take(member)
        if (member.ack != null && member.state !== 'ended') member.line?.send(member.ack)
        if (member.state === 'ended') await member.line?.stop()
        else this.#log.info('run taken up again', { run, state: member.state })
        clearTimeout(member.state === 'ended' ? taking.lease : undefined)
      } catch (cause) {
        this.#log.warn('a run could not be taken up', { run, why: asBakError(cause).message })
      }
    }
  }

  #neighbours(): string[] {
    const { members } = this.#components
    return members
      .list()
      .filter(member => member.path === 'direct')
      .map(member => member.peer)
      .slice(0, 8)
  }

  get #parts(): PhaseParts {
    const { streams, content, members } = this.#components
    const { log, signer, supervisor, home } = this.#init
    return {
      streams,
      content,
      supervisor,
      log,
      signer,
      self: () => members.self,
      neighbours: () => this.#neighbours(),
      loan: run => this.#loans.get(run),
      socket: home.socket
    }
  }
}
