/** The member's side of every run that this peer takes part in: receives commands, and hands each to its run. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope, open, type Signed } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { ClosedPhase, Notice } from '../../protocols/notice.ts'
import type { Command } from '../../protocols/phase.ts'
import { RunStreamClient } from '../channels/run-stream-client.ts'
import { listen } from '../listen.ts'
import { neighboursOf } from '../mesh/membership/neighbours.ts'
import { hostsNow } from '../mesh/reachability/hosts.ts'
import type { AuthorityEvents } from '../mesh/trust/authority.ts'
import { Part } from '../part.ts'
import type { RunFeedEvents } from '../run/run-feed.ts'
import { openOutbox } from '../store/outbox.ts'
import type { AgentComponents, AgentInit } from './agent-parts.ts'
import { MemberRun } from './member-run.ts'
import { MemberState, restoreMember } from './member-state.ts'
import { keptBy } from './phases/deliver.ts'
import type { PhaseParts } from './phases/phase.ts'
import { checkRunLimits } from './run-limits.ts'
import { needStaged, ownerOf } from './staging.ts'
import { Tombstones } from './tombstones.ts'
import { usageNow } from './usage.ts'

/** Longest wait for the offer of a run where the command names no deadline, ms. */
const OFFER_TIMEOUT_MS = 60_000
/** For so long the offer is expected on the run stream, ms; then it is fetched by its digest. */
const OFFER_ON_STREAM_MS = 1_000
/** Runs that are over here whose topics this peer is still subscribed to; the oldest is left first. */
const MAX_LINGERING = 64
/** Peers that are asked for what the controller cannot give. */
const MAX_ASKED = 8

export class Agent extends Part<AgentComponents, AgentInit> {
  readonly #log = this.init.log.with({}, 'agent')
  readonly #runs = new Map<string, MemberRun>()
  /** Runs whose `join` is being considered, with their controllers. */
  readonly #joining = new Map<string, string>()
  readonly #tombstones = new Tombstones(this.init.signer, peer => this.components.streams.to(peer), this.#log)
  /** Runs that are over here while their controllers may still ask: this peer stays on their topics until the run is over everywhere. */
  readonly #lingering = new Set<string>()

  async afterStart(): Promise<void> {
    await this.#restore()
    const { feed, authority } = this.components
    listen<RunFeedEvents>(feed, this.stopped, { command: this.#onCommand, notice: this.#onNotice })
    listen<AuthorityEvents>(authority, this.stopped, { refused: ({ detail: { peer } }) => this.#onRefused(peer) })
  }

  /** A daemon that starts again takes up its runs. */
  async beforeStop(): Promise<void> {
    this.stop()
    await Promise.all([...this.#runs.values()].map(run => run.pause()))
  }

  /** @returns the runs that this peer takes part in */
  runs = (): string[] => this.#open.map(({ run }) => run)

  /** @returns the runs that are over here, whose data nobody has collected yet */
  orphans(): { run: string; controller: string }[] {
    const over = [...this.#runs.values()].filter(({ member }) => member.state === 'orphaned')
    return over.map(({ member }) => ({ run: member.run, controller: member.controller }))
  }

  member(run: string): MemberState | undefined {
    return this.#runs.get(run)?.member
  }

  /** Bytes of these runs. */
  readonly left = () => this.orphans().reduce((sum, { run }) => sum + keptBy(this.member(run) as MemberState).bytes, 0)

  /** @returns how many runs of a controller this peer takes part in, or considers */
  runsOf(controller: string): number {
    // one that is gone waits for its last certificate only
    const open = this.#open.filter(({ state, lead }) => state !== 'gone' && lead.by === controller)
    return open.length + [...this.#joining.values()].filter(each => each === controller).length
  }

  /** Packs what is left here of a run, for the peer that collects it. @returns what cannot be packed, and why */
  async pack(run: string): Promise<string[]> {
    return (await this.#runs.get(run)?.pack()) ?? []
  }

  /** Ends the part of this peer in a run: tools stop, data stays. @returns false if it takes no part */
  abandon(run: string): boolean {
    if (!this.runs().includes(run)) return false
    this.#runs.get(run)?.abandon()
    return true
  }

  /** Drops a run whose last tarball has its receipt. */
  async drop(run: string): Promise<void> {
    await this.#runs.get(run)?.drop()
    this.#leave(run)
  }

  readonly #onCommand = (event: CustomEvent<Signed<Command>>): void => {
    const { value: command, by } = event.detail
    const run = this.#runs.get(command.run)
    if (run != null) return run.handle(command, by)
    if (this.#tombstones.has(command.run)) return this.#tombstones.handle(command, by)
    if (command.phase !== 'join') return
    this.#consider(command, by).catch(cause => {
      const { code, message } = asBakError(cause)
      this.#log.refused('command refused', { run: command.run, phase: command.phase, from: by, code, why: message })
    })
  }

  readonly #onNotice = ({ detail: { value } }: CustomEvent<Signed<Notice>>): void => {
    if (!value.phases.some(isLast)) return
    this.#runs.get(value.run)?.onEverywhereOver()
    this.#leave(value.run)
  }

  /** The run is over here. */
  #linger(run: string): void {
    this.components.swarms.store.needs.release(ownerOf(run))
    this.#lingering.add(run)
    const [oldest = run] = this.#lingering
    if (this.components.feed.get(run)?.closed.some(isLast)) this.#leave(run)
    else if (this.#lingering.size > MAX_LINGERING) this.#leave(oldest)
  }

  #leave(run: string): void {
    if (this.#lingering.delete(run)) this.components.feed.leave(run)
  }

  /** The runs of a peer that is not let in any more are over here. */
  #onRefused(peer: string): void {
    for (const run of this.#runs.values()) if (run.member.lead.by === peer) run.abandon()
  }

  /** A run asks for members: gets its offer, and takes part if that names this peer. */
  async #consider(command: Command, by: string): Promise<void> {
    const { peer } = this.init.signer
    const { run } = command
    if (this.#joining.has(run) || (command.to != null && !command.to.includes(peer))) return
    checkRunLimits(this.#controllers, by)
    this.#joining.set(run, by)
    this.components.feed.enter(run, peer => this.#takesPart(run, peer, by))
    const stream = this.#newStream(run, by)
    stream.clock.prime()
    stream.start()
    let taken = false
    try {
      const sealed = decode(envelope, await this.#offer(command, by))
      const offer = open(offerSubject, sealed)
      if (offer.by !== by || offer.value.controller !== by || offer.value.run !== run) {
        throw new BakError('not-the-controller', `the offer is signed by ${offer.by}`)
      }
      if (!offer.value.candidates.some(candidate => candidate.peer === peer)) return
      const folder = this.init.home.work(run)
      const outbox = await openOutbox(join(folder, 'outbox'), run, this.init.signer)
      taken = true
      this.#take(new MemberState({ folder, self: peer, outbox, offerSealed: sealed }), stream).handle(command, by)
    } finally {
      this.#joining.delete(run)
      if (!taken) {
        this.components.feed.leave(run)
        void stream.stop()
      }
    }
  }

  /** Before the offer is here only the controller is known to take part. */
  #takesPart(run: string, peer: string, controller: string): boolean {
    return peer === controller || (this.#runs.get(run)?.member.candidates.has(peer) ?? false)
  }

  /** The offer comes on the run stream; from another peer if the controller cannot be reached. */
  async #offer({ subject, deadline }: Command, by: string): Promise<Uint8Array> {
    const { content } = this.components
    const signal = AbortSignal.timeout(deadline || OFFER_TIMEOUT_MS)
    const sent = by === this.init.signer.peer ? undefined : await content.expect(subject, OFFER_ON_STREAM_MS)
    return sent ?? (await content.get(subject, [by, ...neighboursOf(this.components.members, MAX_ASKED)], { signal }))
  }

  #newStream(run: string, controller: string): RunStreamClient {
    const { streams, feed, content } = this.components
    return new RunStreamClient({
      run,
      open: streams.to(controller),
      onLease: () => this.#runs.get(run)?.renewLease(),
      onContent: bytes => void content.put(bytes),
      onCertificate: sealed => feed.keep(run, sealed),
      onRefused: refusal => this.#runs.get(run)?.onRefused(refusal)
    })
  }

  /** Runs in which this peer has something to do. */
  get #open(): MemberState[] {
    const members = [...this.#runs.values()].map(({ member }) => member)
    return members.filter(({ state }) => state !== 'ended' && state !== 'orphaned')
  }

  /** The controller of each run that this peer takes part in, or considers. */
  get #controllers(): string[] {
    return [...this.#open.map(({ lead }) => lead.by), ...this.#joining.values()]
  }

  #take(member: MemberState, stream: RunStreamClient): MemberRun {
    const { streams, runStreams, lowNoise, swarms, jobService } = this.components
    const run = new MemberRun({
      ...{ member, stream, log: this.#log, signer: this.init.signer, server: runStreams, parts: this.#parts },
      to: peer => streams.to(peer),
      onMeasuring: measures => lowNoise.set(member.run, measures),
      onOver: () => this.#linger(member.run),
      onGone: () => {
        this.#runs.delete(member.run)
        this.#tombstones.add(member)
        this.init.onRunOver()
      }
    })
    this.#runs.set(member.run, run)
    needStaged(member, swarms.store)
    // of a member that goes on after a restart of its daemon
    if (member.offer.spec.job.length > 0 && member.manifest != null && member.state !== 'orphaned')
      jobService.needOutputs(member.run, ownerOf(member.run))
    run.begin()
    return run
  }

  /** A daemon that was killed in mid run takes the run up where it was; its tools are gone. */
  async #restore(): Promise<void> {
    const names = await readdir(this.init.home.work()).catch(() => [])
    for (const name of names.filter(each => !each.startsWith('.'))) {
      const folder = this.init.home.work(name)
      try {
        const outbox = await openOutbox(join(folder, 'outbox'), name, this.init.signer)
        const member = await restoreMember(folder, this.init.signer.peer, outbox)
        const stream = this.#newStream(name, member.lead.by)
        this.components.feed.enter(name, peer => this.#takesPart(name, peer, member.lead.by))
        if (member.state === 'orphaned') this.#linger(name)
        else stream.start()
        this.#take(member, stream)
        this.#log.info('run taken up again', { run: name, state: member.state })
      } catch (cause) {
        this.#log.warn('a run could not be taken up', { run: name, why: asBakError(cause).message })
      }
    }
  }

  get #parts(): PhaseParts {
    const { streams, paths, content, swarms, members, allowance, traffic, jobService } = this.components
    const { log, signer, supervisor, guards, workloads, hooks, catalogue, gauges } = this.init
    return {
      ...{ streams, paths, content, swarms, supervisor, log, signer, catalogue, gauges },
      self: () => members.self,
      neighbours: () => neighboursOf(this.components.members, MAX_ASKED),
      workloadOf: run => workloads.get(run),
      usage: () => usageNow(traffic),
      allow: ({ controller, tools, workloads, hasClients, manifest, offer: { spec, staged } }) =>
        allowance.admit({
          ...{ controller, tools, workloads, hasClients, spec, staged, open: this.runsOf(controller) },
          left: manifest == null ? this.left : undefined
        }),
      hosts: () => hostsNow(this.components),
      ...{ owner: allowance, jobs: jobService, sockets: guards.sockets, hooks: hooks.until(this.stopped) }
    }
  }
}

const isLast = ({ phase }: ClosedPhase) => phase === 'terminate'
