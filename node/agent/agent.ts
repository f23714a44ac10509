/** The member's side of every run that this peer takes part in: hears commands, and hands each to its run. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope, open, type Signed, type Signer } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { Command } from '../../protocols/phase.ts'
import type { Content } from '../artifacts/content.ts'
import type { Told } from '../channels/run-stream-client.ts'
import type { Inbox } from '../channels/run-stream-server.ts'
import type { Log } from '../log.ts'
import type { LowNoiseMode } from '../mesh/idle/low-noise.ts'
import type { Traffic } from '../mesh/idle/traffic.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { Paths } from '../mesh/paths/paths.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Authority } from '../mesh/trust/authority.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import type { RunFeed } from '../run/run-feed.ts'
import type { Home } from '../store/home.ts'
import { openOutbox } from '../store/outbox.ts'
import type { Allowance } from './allowance.ts'
import { MemberRun } from './member-run.ts'
import { MemberState, restoreMember } from './member-state.ts'
import type { PhaseParts, WorkloadContext } from './phases/phase.ts'
import { checkRunLimits } from './run-limits.ts'
import { Tombstones } from './tombstones.ts'
import { usageNow } from './usage.ts'

/** An offer that nobody gives within this is not looked at any more, ms. */
const OFFER_TIMEOUT = 60_000
/** Peers that are asked for what the controller cannot give. */
const MAX_ASKED = 8

export interface AgentComponents {
  follow: RunFeed
  members: Members
  streams: Streams
  paths: Paths
  content: Content
  allowance: Allowance
  authority: Authority
  quiet: LowNoiseMode
  traffic: Traffic
  inbox: Inbox
}

export interface AgentInit {
  log: Log
  home: Home
  signer: Signer
  supervisor: Supervisor
  /** A run that this peer took part in is over, and nothing of it is left here. */
  onRunOver(): void
}

export class Agent {
  readonly #components: AgentComponents
  readonly #init: AgentInit
  readonly #log: Log
  readonly #runs = new Map<string, MemberRun>()
  /** Runs whose `join` is being looked at, with who drives them. */
  readonly #joining = new Map<string, string>()
  readonly #loans = new Map<string, WorkloadContext>()
  readonly #late: Tombstones

  constructor(components: AgentComponents, init: AgentInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'agent')
    this.#late = new Tombstones(init.signer, peer => components.streams.to(peer), this.#log)
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  async afterStart(): Promise<void> {
    await this.#restore()
    this.#components.follow.addEventListener('command', this.#onCommand)
    this.#components.authority.addEventListener('refused', this.#onRefused)
  }

  /** A daemon that starts again takes up its runs. */
  async beforeStop(): Promise<void> {
    this.#components.follow.removeEventListener('command', this.#onCommand)
    this.#components.authority.removeEventListener('refused', this.#onRefused)
    await Promise.all([...this.#runs.values()].map(taking => taking.pause()))
  }

  /** @returns the runs that this peer takes part in */
  runs(): string[] {
    return [...this.#runs.values()].filter(({ member }) => member.state !== 'ended').map(({ member }) => member.run)
  }

  member(run: string): MemberState | undefined {
    return this.#runs.get(run)?.member
  }

  /** Lends the caller's folder and environment to the workload of a run that this peer drives. */
  lend(run: string, loan: WorkloadContext): void {
    this.#loans.set(run, loan)
  }

  unlend(run: string): void {
    this.#loans.delete(run)
  }

  /** Ends the workload of a run that is cancelled; its result is still told. */
  interrupt(run: string): void {
    this.#runs.get(run)?.interrupt(new BakError('cancelled', 'the run is cancelled'))
  }

  /** Packs what lies here of a run, for a controller that comes to collect it. */
  async pack(run: string): Promise<void> {
    await this.#runs.get(run)?.pack()
  }

  /** Drops a run whose last tarball has its receipt. */
  async drop(run: string): Promise<void> {
    await this.#runs.get(run)?.drop()
  }

  readonly #onCommand = (event: CustomEvent<Signed<Command>>): void => {
    const { value: command, by } = event.detail
    const taking = this.#runs.get(command.run)
    if (taking != null) return taking.hear(command, by)
    if (this.#late.has(command.run)) return this.#late.hear(command, by)
    if (command.phase !== 'join') return
    this.#consider(command, by).catch(cause => {
      const { code, message } = asBakError(cause)
      this.#log.refused('command refused', { run: command.run, phase: command.phase, from: by, code, why: message })
    })
  }

  #onTold({ run, controller }: MemberState, message: Told): void {
    try {
      if (message.type === 'certificate') this.#components.follow.hold(run, message.sealed)
      else this.#components.follow.take(message)
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      this.#log.refused(`${message.type} refused`, { run, from: controller, code, why })
    }
  }

  /** The runs of a peer that is let in no more are over here. */
  readonly #onRefused = ({ detail: { peer } }: CustomEvent<{ peer: string }>): void => {
    for (const taking of this.#runs.values()) if (taking.member.controller === peer) taking.abandon()
  }

  /** A run that asks for members: is this peer one of them? */
  async #consider(command: Command, by: string): Promise<void> {
    const { peer } = this.#init.signer
    const { run } = command
    if (this.#joining.has(run) || (command.to != null && !command.to.includes(peer))) return
    checkRunLimits(this.#controllers, by)
    this.#joining.set(run, by)
    try {
      const signal = AbortSignal.timeout(command.deadline || OFFER_TIMEOUT)
      const from = [by, ...this.#neighbours()]
      const sealed = decode(envelope, await this.#components.content.get(command.subject, from, { signal }))
      const offer = open(offerSubject, sealed)
      if (offer.by !== by || offer.value.controller !== by || offer.value.run !== run) {
        throw new BakError('not-the-controller', `the offer is signed by ${offer.by}`)
      }
      if (!offer.value.candidates.some(candidate => candidate.peer === peer)) return
      const folder = this.#init.home.work(run)
      const outbox = await openOutbox(join(folder, 'outbox'), run)
      this.#take(new MemberState({ folder, self: peer, outbox, offerSealed: sealed })).hear(command, by)
    } finally {
      this.#joining.delete(run)
    }
  }

  /** Who drives each run that this peer is in, or about to be in. */
  get #controllers(): string[] {
    const open = [...this.#runs.values()].filter(({ member }) => member.state !== 'ended')
    return [...open.map(({ member }) => member.controller), ...this.#joining.values()]
  }

  #take(member: MemberState): MemberRun {
    const taking = new MemberRun({
      member,
      log: this.#log,
      signer: this.#init.signer,
      to: peer => this.#components.streams.to(peer),
      inbox: this.#components.inbox,
      parts: this.#parts,
      onMeasuring: measures => this.#components.quiet.note(member.run, measures),
      onTold: message => this.#onTold(member, message),
      onGone: () => {
        this.#runs.delete(member.run)
        this.#late.remember(member)
        this.#init.onRunOver()
      }
    })
    this.#runs.set(member.run, taking)
    taking.begin()
    return taking
  }

  /** A daemon that was killed in mid run takes the run up where it was; its tools are gone. */
  async #restore(): Promise<void> {
    const names = await readdir(this.#init.home.work()).catch(() => [])
    for (const run of names.filter(name => !name.startsWith('.'))) {
      const folder = this.#init.home.work(run)
      try {
        const outbox = await openOutbox(join(folder, 'outbox'), run)
        const { member } = this.#take(await restoreMember(folder, this.#init.signer.peer, outbox))
        this.#log.info('run taken up again', { run, state: member.state })
      } catch (cause) {
        this.#log.warn('a run could not be taken up', { run, why: asBakError(cause).message })
      }
    }
  }

  #neighbours(): string[] {
    const connected = this.#components.members.list().filter(({ path }) => path === 'direct' || path === 'relayed')
    return connected.map(member => member.peer).slice(0, MAX_ASKED)
  }

  get #parts(): PhaseParts {
    const { streams, paths, content, members, allowance, traffic } = this.#components
    const { log, signer, supervisor, home } = this.#init
    return {
      streams,
      paths,
      content,
      supervisor,
      log,
      signer,
      self: () => members.self,
      neighbours: () => this.#neighbours(),
      loan: run => this.#loans.get(run),
      look: () => usageNow(traffic),
      allow: ({ controller, tools }) => allowance.check(controller, tools),
      socket: home.socket
    }
  }
}
