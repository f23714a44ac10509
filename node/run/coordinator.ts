/**
 * The runs that this peer drives, and those whose folder is here: starts them, replays them, and ends in order those that a killed
 * daemon left open.
 */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Begun, Caller } from '../../protocols/control/runs.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Description, type RunEvent, type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { labelsIn } from '../../protocols/instances.ts'
import type { OutputMark, OutputPortion, OutputRequest } from '../../protocols/output.ts'
import type { RunRecord, RunSummary } from '../../protocols/record.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Content } from '../artifacts/content.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import type { RunStreamServer } from '../channels/run-stream-server.ts'
import { InTurn } from '../in-turn.ts'
import { listen } from '../listen.ts'
import type { Members, MembersEvents } from '../mesh/membership/members.ts'
import { checkOwnPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Home } from '../store/home.ts'
import { closeInbox } from '../store/inbox.ts'
import type { JobRecords } from '../store/job-records.ts'
import { loadJournal } from '../store/journal.ts'
import { RunFolder } from '../store/run-folder.ts'
import { RunOutput } from '../store/run-output.ts'
import { hasResult, listResults, removeResult } from '../store/stored-results.ts'
import { SummaryFile } from '../store/summary-file.ts'
import { onAbort, within } from '../wait.ts'
import { attendanceOfRun, describeAbsent } from './attendance.ts'
import { describeRun } from './describe.ts'
import type { Driver } from './driver.ts'
import { InUse } from './in-use.ts'
import type { LoadStreamServer } from './load/load-stream-server.ts'
import { readOutput } from './output.ts'
import { prepareRun } from './prepare.ts'
import type { Receiver } from './receiver.ts'
import { receptionOf } from './reception.ts'
import { closeAllAbandoned, type Unsealed } from './recover.ts'
import { RecoveryNotices } from './recovery-notices.ts'
import { type Complete, restOf } from './resume.ts'
import type { RunFeed, RunFeedEvents } from './run-feed.ts'
import { RunIndex } from './run-index.ts'
import { begunAfter, checkSameSpec, newRunId, specIn, withSeed } from './run-order.ts'
import type { Proofs, RunOrder, RunParts, RunRequest } from './run-parts.ts'
import { checkStart } from './start-checks.ts'
import { streamOptionsOf } from './stream-options.ts'

/** Runs that one peer drives at the same time. */
const MAX_RUNS = 32
/** A daemon that stops waits so long for the runs that it drives to end in order, ms. */
const STOP_TIMEOUT_MS = 10_000

export interface CoordinatorComponents {
  members: Members
  streams: Streams
  feed: RunFeed
  content: Content
  runStreams: RunStreamServer
  loadStreams: LoadStreamServer
  swarms: Pick<Swarms, 'fetch'>
  receiver: Receiver
  authority: Roles & Proofs
}

export interface CoordinatorInit
  extends Pick<RunParts, 'log' | 'signer' | 'program' | 'workloads' | 'artifacts' | 'supervisor' | 'collectedSeries'> {
  home: Home
  jobRecords: RunParts['jobRecords'] & Pick<JobRecords, 'resultsOf'>
}

export interface RunWatcher {
  /** The runs that an earlier life of the daemon left open have ended. */
  recovered(): void
  begun(order: RunOrder): void
  ended(order: RunOrder, isSealed: boolean): void
}

export class Coordinator extends Part<CoordinatorComponents, CoordinatorInit> {
  readonly #log = this.init.log.with({}, 'run')
  /** Results that are written to, or about to go. */
  readonly inUse = new InUse()
  /** Called with each run that begins, and when its result is sealed, or could not be. */
  readonly watchers = new Set<RunWatcher>()
  readonly #drivers = new Map<string, { driver: Driver; done: Promise<void> }>()
  /** Runs that have ended and could not be sealed; the next start of the daemon tries again. */
  readonly #unsealed = new Map<string, Unsealed>()
  readonly #index = new RunIndex(run => this.folder(run), new SummaryFile(this.init.home.index))
  readonly #recovery = new RecoveryNotices(this.components, this.init.signer)
  readonly #turn = new InTurn()
  /** Of the run begun last; not known before the first. */
  #begun: number | undefined

  async afterStart(): Promise<void> {
    const { members, feed } = this.components
    listen<MembersEvents>(members, this.stopped, {
      change: () => {
        for (const driver of this.drivers()) driver.checkReachable()
      }
    })
    listen<RunFeedEvents>(feed, this.stopped, {
      participants: () => {
        for (const driver of this.drivers()) driver.checkOverlap()
      }
    })
    onAbort(this.stopped, () => this.#recovery.stop())
    const folders = (await this.folders()).map(run => this.folder(run))
    const about = { log: this.#log, unsealed: this.#unsealed, notices: this.#recovery }
    await closeAllAbandoned(folders, { ...this.init, ...about })
    for (const watcher of this.watchers) watcher.recovered()
  }

  /** Cancels what still runs, while the mesh still stands, so that nothing is left on any member; waits for it for a while. */
  async close(): Promise<void> {
    for (const { driver } of this.#drivers.values())
      driver.cancel(this.components.members.self.name, 'the daemon stops')
    const all = Promise.all([...this.#drivers.values()].map(({ done }) => done))
    await within(all, AbortSignal.timeout(STOP_TIMEOUT_MS)).catch(() => {})
    this.stop()
  }

  /**
   * Begins a run, or finds the one that was begun with the same key.
   * @throws {BakError} as `check` does; `busy` for a key of a run with another spec
   */
  begin(asked: RunRequest): Promise<Begun> {
    // one after the other, so that a key that is asked for twice at once is one run, too
    return this.#turn.run(() => this.#begin(asked))
  }

  /** Begins a run that takes what another lacks, whose folder is here. @throws {BakError} as `restOf` and `begin` do */
  resume(run: string, env: RunRequest['env']): Promise<Begun | Complete> {
    return this.#turn.run(async () => {
      const about = { folder: this.folder(run), self: this.init.signer.peer, summaries: await this.summaries() }
      const rest = await restOf(run, about)
      return 'complete' in rest ? rest : this.#begin({ ...rest, env })
    })
  }

  /** @throws {BakError} `usage` for what nobody knows, `bad-run-file`, `not-allowed`, `busy`, `draining`, `workload-failed`: why no run of it begins here; @returns it with the triggers that are registered */
  async check(asked: Spec, caller: Caller): Promise<Spec> {
    const { authority, members } = this.components
    checkOwnPermission(authority, this.init.signer.peer, 'drive')
    const spec = specIn(asked, members.list())
    if (members.self.state === 'draining')
      throw new BakError('draining', 'this peer takes no new runs: bak-node drain --off')
    if (this.#drivers.size >= MAX_RUNS) throw new BakError('busy', `this peer drives ${MAX_RUNS} runs already`)
    await checkStart(spec, caller, { members, home: this.init.home, artifacts: this.init.artifacts })
    return spec
  }

  async #begin(asked: RunRequest): Promise<Begun> {
    const known = asked.key == null ? undefined : await this.#findKey(asked.key, asked.spec)
    if (known != null) return { run: known, existed: true, absent: [] }
    const spec = await this.check(asked.spec, asked)
    this.#begun ??= Math.max(0, ...(await this.summaries()).map(({ begun }) => begun))
    const created = Date.now()
    const begun = begunAfter(this.#begun, created)
    this.#begun = begun
    const order: RunOrder = { ...asked, spec: withSeed(spec), run: newRunId(), epoch: 1, created, begun }
    this.#start(await prepareRun(order, this.folder(order.run), this.#parts))
    const absent = attendanceOfRun(spec, this.components.members.list()).absent.map(describeAbsent)
    return { run: order.run, existed: false, absent }
  }

  /** Replays a run whose folder is here, and follows it to its end. @throws {BakError} `no-such-run`, `damaged` */
  async *follow(run: string, from: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const inMemory = this.driver(run)?.run ?? this.#unsealed.get(run)
    if (inMemory != null) return yield* inMemory.events.follow(from, signal)
    const { journal, root } = this.folder(run)
    const { values } = await loadJournal<StoredEvent>(journal, storedEvent as never)
    if (values.length === 0) throw new BakError('no-such-run', `run ${run} is not known here`)
    // a result may have been moved since
    for (const event of values.slice(from)) yield event.type === 'ended' ? { ...event, folder: root } : event
  }

  /** The output of a run whose folder is here, as far as it has come, and its end. @throws {BakError} `no-such-run` */
  async *output({ run, ...asked }: OutputRequest, signal: AbortSignal): AsyncGenerator<OutputPortion | OutputMark> {
    const record = await this.record(run)
    if (record == null) throw new BakError('no-such-run', `the folder of ${run} is not here`)
    const { home } = this.init
    // while the run goes on this peer gives out its own part as any member does
    const own = this.driver(run) == null ? [join(home.work(run), 'data')] : []
    const output = new RunOutput([home.runs(run), ...own], labelsIn(record.spec))
    yield* readOutput(output, { ...asked, follow: false }, { signal })
  }

  /** Deletes a result. @param before while nobody else may use it @throws {BakError} `busy` while it goes on or is in use, `no-such-run` */
  async remove(run: string, before = async () => {}): Promise<void> {
    await this.inUse.during(run, 'is being deleted here', async () => {
      if (!hasResult(this.init.home, run)) throw new BakError('no-such-run', `the folder of ${run} is not here`)
      await before()
      await removeResult(this.init.home, run)
      // nobody asks for a receipt of a result that is gone
      await closeInbox(this.init.home.inbox(run), true)
      this.#unsealed.delete(run)
    })
  }

  driver(run: string): Driver | undefined {
    return this.#drivers.get(run)?.driver
  }

  drivers(): Driver[] {
    return [...this.#drivers.values()].map(({ driver }) => driver)
  }

  folder(run: string): RunFolder {
    return new RunFolder(this.init.home.runs(run))
  }

  /** @returns the ids of all runs whose folder is here, oldest first */
  folders(): Promise<string[]> {
    return listResults(this.init.home)
  }

  /** @returns the summaries of the runs whose folder is here, in the order begun; those without a record are left out */
  async summaries(): Promise<RunSummary[]> {
    const summaries = await this.#index.of(await this.folders(), run => this.#inMemory(run))
    return summaries.sort((a, b) => a.begun - b.begun)
  }

  /** @throws {BakError} `no-such-run` */
  describe(run: string): Promise<Description> {
    const { feed, content } = this.components
    return describeRun(run, { folder: id => this.folder(id), live: id => this.#inMemory(id), feed, content })
  }

  /** @returns the record of a run here, as far as it has come */
  async record(run: string): Promise<RunRecord | undefined> {
    return (
      this.#inMemory(run) ??
      (await this.folder(run)
        .readRecord()
        .catch(() => undefined))
    )
  }

  #inMemory(run: string): RunRecord | undefined {
    // a collection may have sealed it
    if (this.#unsealed.has(run) && this.folder(run).isSealed()) this.#unsealed.delete(run)
    return (this.driver(run)?.run ?? this.#unsealed.get(run))?.record
  }

  #start(driver: Driver): void {
    const { id, order, record, events } = driver.run
    const { feed, runStreams, loadStreams, receiver } = this.components
    const release = this.inUse.claim(id, `still goes on: bak cancel ${id}, or wait until it has ended`)
    feed.enter(id, peer => driver.run.nameOf(peer) != null)
    runStreams.open(id, streamOptionsOf(driver))
    receiver.open(id, receptionOf(driver))
    const done = driver.drive().then(isSealed => {
      this.#drivers.delete(id)
      release()
      if (!isSealed) this.#unsealed.set(id, { record, events })
      runStreams.close(id)
      loadStreams.close(id)
      feed.leave(id)
      void receiver.close(id, isComplete(record))
      this.#announce()
      for (const watcher of this.watchers) watcher.ended(order, isSealed)
    })
    this.#drivers.set(id, { driver, done })
    for (const watcher of this.watchers) watcher.begun(order)
    this.#log.info('run begins', { run: id, name: order.spec.name })
    this.#announce()
  }

  get #parts(): RunParts {
    const { members, streams, feed, runStreams, loadStreams, receiver, content, swarms, authority } = this.components
    return {
      ...this.init,
      ...{ members, streams, feed, runStreams, loadStreams, receiver, content, swarms, authority },
      ...{ signal: this.stopped, onPhase: () => this.#announce() }
    }
  }

  /** @throws {BakError} `busy` if the run with this key is of another spec */
  async #findKey(key: string, spec: Spec): Promise<string | undefined> {
    const run = (await this.summaries()).findLast(summary => summary.key === key)?.run
    const record = run == null ? undefined : await this.record(run)
    if (run != null && record != null) checkSameSpec(key, run, spec, record.spec)
    return run
  }

  /** Tells the mesh which runs are driven from here, if that has changed; how their phases end is in notices. */
  #announce(): void {
    const runs = this.drivers().map(({ run: { id: run, order, record } }) => {
      const { spec, begun } = order
      return { run, name: spec.name, manifest: record.manifest, begun }
    })
    if (isDeepStrictEqual(runs, this.components.members.self.runs)) return
    this.components.members.update({ runs })
  }
}

/** @returns whether all who took part did so to the end, which they do in a cancelled run, too */
const isComplete = ({ partial, verdict }: RunRecord) => !partial && verdict !== 'failed'
