/**
 * The runs that this peer drives, and those whose folder lies here: begins them, lets anyone in the mesh attach to them or
 * cancel them, and ends in order those that a killed daemon left open.
 */
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Description, RunEvent, StoredEvent } from '../../protocols/events.ts'
import { attachProtocol, describeProtocol, storedEvent } from '../../protocols/events.ts'
import { cancelProtocol } from '../../protocols/phase.ts'
import type { RunRecord, RunSummary } from '../../protocols/record.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Agent } from '../agent/agent.ts'
import type { Content } from '../artifacts/content.ts'
import type { Inbox } from '../channels/run-stream-server.ts'
import type { Log } from '../log.ts'
import type { Members } from '../mesh/membership/members.ts'
import { checkOwnPermission, checkPermission, isController, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Home } from '../store/home.ts'
import { loadJournal } from '../store/journal.ts'
import { RunFolder } from '../store/run-folder.ts'
import { describeRun } from './describe.ts'
import { Driver } from './driver.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'
import { RunEvents } from './events.ts'
import type { Receiver } from './receiver.ts'
import { closeAbandoned } from './recover.ts'
import { checkTools } from './roster.ts'
import type { RunFeed } from './run-feed.ts'
import { RunIndex } from './run-index.ts'
import { parseSelector } from './selector.ts'

/** Runs that one peer drives at the same time. */
const MAX_RUNS = 32
/** A daemon that stops waits so long for the runs that it drives to end in order, ms. */
const STOP_PATIENCE = 10_000

export interface CoordinatorComponents {
  members: Members
  streams: Streams
  follow: RunFeed
  content: Content
  agent: Agent
  inbox: Inbox
  receiver: Receiver
  authority: Roles
}

export interface CoordinatorInit {
  log: Log
  home: Home
  signer: DriverParts['signer']
  program: string
}

export interface Asked {
  spec: Spec
  directory: string
  env: Record<string, string>
  key?: string
}

export class Coordinator {
  readonly #components: CoordinatorComponents
  readonly #init: CoordinatorInit
  readonly #log: Log
  readonly #drivers = new Map<string, { driver: Driver; done: Promise<void> }>()
  readonly #heads = new RunIndex(run => this.folder(run).path('run.json'))
  readonly #stopped = new AbortController()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(components: CoordinatorComponents, init: CoordinatorInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'run')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    const { streams, members } = this.#components
    await streams.serve(attachProtocol, (request, { peer, signal }) => this.#answerAttach(request, peer, signal))
    await streams.serve(cancelProtocol, (request, { peer }) => this.#answerCancel(request, peer))
    await streams.serve(describeProtocol, request => this.#answerDescribe(request.run))
    members.addEventListener('change', this.#onChange)
    for (const run of (await this.folders()).filter(each => !this.folder(each).isSealed())) {
      await closeAbandoned(this.folder(run), this.#init.signer).catch(cause =>
        this.#log.warn('a run could not be closed', { run, why: asBakError(cause).message })
      )
    }
  }

  /** Cancels what still runs, while the mesh still stands, so that nothing is left on any member; waits for it for a while. */
  async close(): Promise<void> {
    for (const { driver } of this.#drivers.values())
      driver.cancel(this.#components.members.self.name, 'the daemon stops')
    const all = Promise.all([...this.#drivers.values()].map(({ done }) => done))
    await Promise.race([all, new Promise(resolve => setTimeout(resolve, STOP_PATIENCE).unref())])
    this.#stopped.abort()
  }

  async beforeStop(): Promise<void> {
    this.#components.members.removeEventListener('change', this.#onChange)
  }

  async stop(): Promise<void> {
    for (const protocol of [attachProtocol, cancelProtocol, describeProtocol])
      await this.#components.streams.unserve(protocol)
  }

  /**
   * Begins a run, or finds the one that was begun with the same key.
   * @throws {BakError} `usage` for a selector that means nothing, `not-allowed`, `busy`, `draining`
   */
  begin(asked: Asked): Promise<{ run: string; existed: boolean }> {
    // one after the other, so that a key that is asked for twice at once is one run, too
    const begun = this.#turn.then(() => this.#begin(asked))
    this.#turn = begun.catch(() => {})
    return begun
  }

  async #begin(asked: Asked): Promise<{ run: string; existed: boolean }> {
    checkOwnPermission(this.#components.authority, this.#init.signer.peer, 'drive')
    parseSelector(asked.spec.on)
    for (const group of asked.spec.groups) parseSelector(group.on)
    checkTools(asked.spec)
    const known = asked.key == null ? undefined : await this.#findKey(asked.key)
    if (known != null) return { run: known, existed: true }
    if (this.#components.members.self.state === 'draining')
      throw new BakError('draining', 'this peer takes no new runs: bak-node drain --off')
    if (this.#drivers.size >= MAX_RUNS) throw new BakError('busy', `this peer drives ${MAX_RUNS} runs already`)
    const order: RunOrder = { ...asked, run: newRunId(), epoch: 1, created: Date.now() }
    const folder = this.folder(order.run)
    await folder.create(asked.spec)
    const events = await RunEvents.open(folder.journal, [], error =>
      this.#log.error('journal', { run: order.run, why: error.message })
    )
    const driver = new Driver(order, folder, events, this.#parts)
    await folder.writeRecord(driver.record)
    this.#start(driver)
    return { run: order.run, existed: false }
  }

  /** Replays a run whose folder is here, and follows it to its end. @throws {BakError} `no-such-run`, `damaged` */
  async *follow(run: string, from: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const driving = this.#drivers.get(run)
    if (driving != null) return yield* driving.driver.events.follow(from, signal)
    const { values } = await loadJournal<StoredEvent>(this.folder(run).journal, storedEvent as never)
    if (values.length === 0) throw new BakError('no-such-run', `run ${run} is not known here`)
    yield* values.slice(from)
  }

  driver(run: string): Driver | undefined {
    return this.#drivers.get(run)?.driver
  }

  drivers(): Driver[] {
    return [...this.#drivers.values()].map(({ driver }) => driver)
  }

  folder(run: string): RunFolder {
    return new RunFolder(this.#init.home.runs(run))
  }

  /** @returns the ids of all runs whose folder is here, oldest first */
  async folders(): Promise<string[]> {
    const names = await readdir(this.#init.home.runs()).catch(() => [])
    return names.filter(name => /^\d{8}T\d{6}-[a-z0-9]{6}$/.test(name)).sort()
  }

  /** @returns what a list says of the runs whose folder is here, oldest first; those without a record are left out */
  async heads(): Promise<RunSummary[]> {
    return this.#heads.of(await this.folders(), run => this.driver(run)?.record)
  }

  /** @throws {BakError} `no-such-run` */
  describe(run: string): Promise<Description> {
    const { follow, content } = this.#components
    return describeRun(run, { folder: id => this.folder(id), follow, content })
  }

  /** @returns the record of a run here, as far as it has come */
  async record(run: string): Promise<RunRecord | undefined> {
    return (
      this.driver(run)?.record ??
      (await this.folder(run)
        .readRecord()
        .catch(() => undefined))
    )
  }

  #start(driver: Driver): void {
    const { run } = driver
    const { inbox, receiver } = this.#components
    const { policy } = driver.order.spec
    inbox.open(run, {
      admits: peer => driver.admits(peer),
      pulse: Math.max(250, (policy.lease * 1000) / 3),
      onOpen: peer => driver.welcome(peer),
      onClose: peer => driver.miss(peer),
      speaksFor: (line, peer) => driver.speaksFor(line, peer),
      onAck: ack => driver.answer(ack),
      onAnswers: (head, answers) => driver.gather(head, answers)
    })
    receiver.open(run, {
      folder: driver.folder,
      transfers: policy.transfers,
      nameOf: peer => driver.nameOf(peer),
      onProgress: (peer, done, total) => driver.progress(peer, done, total),
      onReceived: (peer, parcel, came) => {
        driver.received(peer, parcel, came)
        for (const entry of came.refused) {
          const reason = 'not a plain file in a folder of its own'
          driver.events.store({ type: 'refused', peer, what: entry, code: 'not-allowed', reason })
        }
      }
    })
    const done = driver.drive().finally(() => {
      this.#drivers.delete(run)
      inbox.close(run)
      void receiver.close(run, isComplete(driver.record))
      this.#announce()
    })
    this.#drivers.set(run, { driver, done })
    this.#log.info('run begins', { run, name: driver.order.spec.name })
    this.#announce()
  }

  get #parts(): DriverParts {
    const { members, streams, follow, inbox, content, agent } = this.#components
    const { log, signer, program } = this.#init
    return {
      log,
      signer,
      program,
      members,
      streams,
      follow,
      inbox,
      content,
      agent,
      signal: this.#stopped.signal,
      onPhase: () => this.#announce()
    }
  }

  async #findKey(key: string): Promise<string | undefined> {
    return (await this.heads()).findLast(head => head.key === key)?.run
  }

  /** Tells the mesh which runs are driven from here, if that has changed; how their phases end is in notices. */
  #announce(): void {
    const runs = this.drivers().map(({ run, order, record }) => ({
      run,
      name: order.spec.name,
      manifest: record.manifest
    }))
    if (isDeepStrictEqual(runs, this.#components.members.self.runs)) return
    this.#components.members.update({ runs })
  }

  readonly #onChange = (): void => {
    for (const driver of this.drivers()) driver.lookAround()
  }

  /** Its output is for controllers, and for those who take part in it. */
  async *#answerAttach({ run, from }: { run: string; from: number }, peer: string, signal: AbortSignal) {
    const { authority } = this.#components
    if (!isController(authority.roleOf(peer)) && !(await this.#takesPart(run, peer)))
      checkPermission(authority, peer, 'follow')
    yield* this.follow(run, from, signal)
  }

  async #takesPart(run: string, peer: string): Promise<boolean> {
    const driver = this.driver(run)
    if (driver != null) return driver.nameOf(peer) != null
    const record = await this.record(run)
    return record != null && [...record.roster, ...record.excluded].some(each => each.peer === peer)
  }

  async *#answerCancel({ run, reason }: { run: string; reason: string }, peer: string) {
    const driver = this.driver(run)
    if (peer !== this.#init.signer.peer) checkPermission(this.#components.authority, peer, 'cancel')
    if (driver == null) throw new BakError('no-such-run', `run ${run} is not driven from here`)
    driver.cancel(this.#components.members.get(peer)?.shown ?? peer, reason)
    yield { accepted: true }
  }

  async *#answerDescribe(run: string) {
    yield await this.describe(run)
  }
}

/** @returns whether all who took part did so to the end */
const isComplete = ({ partial, verdict }: RunRecord) => !partial && (verdict === 'ok' || verdict === 'workload-failed')

/** `20261122T213015-k3f9ab` */
function newRunId(): string {
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return `${time}-${[...randomBytes(6)].map(byte => letters[byte % letters.length]).join('')}`
}
