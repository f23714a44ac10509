/**
 * The member's end of the streams on which controllers have jobs run: finds the graph that a stream is about, which the command `work` opens here,
 * and carries what both say.
 */
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { SlotUse } from '../../../protocols/jobs/job-records.ts'
import { type FromJobs, jobStreamProtocol, type ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { graphKey } from '../../../protocols/layout.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import type { Streams } from '../../mesh/streams.ts'
import { Part } from '../../part.ts'
import { nextEvent } from '../../wait.ts'
import { GraphHost } from './graph-host.ts'
import type { GraphHostInit, HostParts } from './host-init.ts'
import type { JobOutbox } from './job-outbox.ts'
import { MachineSlots } from './machine-slots.ts'

/** A stream may come so much earlier than the command that opens its graph here, ms. */
const EARLY_MS = 5_000
/** Graphs that are over here, which are remembered. */
const MAX_OVER = 256

export interface JobServiceComponents {
  streams: Pick<Streams, 'serve'>
  swarms: HostParts['swarms']
}

export interface JobServiceInit extends Omit<HostParts, 'slots' | 'swarms'> {
  /** Jobs that run here at once. */
  slots: number
  /** @returns who leads a run in which this peer takes part */
  controllerOf(run: string): string | undefined
}

export class JobService extends Part<JobServiceComponents, JobServiceInit> {
  readonly #slots = new MachineSlots(this.init.slots)
  readonly #hosts = new Map<string, GraphHost>()
  readonly #over = new Set<string>()
  readonly #changes = new EventTarget()

  async start(): Promise<void> {
    await this.components.streams.serve(jobStreamProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  /** Slots of this machine. */
  get slots(): number {
    return this.init.slots
  }

  slotUse(): SlotUse {
    const { max, taken, runs } = this.#slots
    return { max, taken, runs: runs.slice(0, 256) }
  }

  /** From now on the controller may have the jobs of a graph run here, until `close`. @throws {BakError} `state` if it may already */
  open(init: GraphHostInit): GraphHost {
    const key = keyOf(init.run, init.graph)
    if (this.#hosts.has(key)) throw new BakError('state', `jobs of ${graphKey(init.graph)} are run here already`)
    const host = new GraphHost(init, { ...this.init, swarms: this.components.swarms, slots: this.#slots })
    this.#hosts.set(key, host)
    this.#over.delete(key)
    this.#changes.dispatchEvent(new Event('open'))
    return host
  }

  /** What jobs of a run have left here in an earlier life of the daemon is needed by `owner`. */
  needOutputs(run: string, owner: string): void {
    const { records, signer } = this.init
    const own = records.resultsOf(run).filter(({ by }) => by === signer.peer)
    this.components.swarms.store.needs.add(
      owner,
      own.flatMap(({ value }) => value.outputs.map(({ digest }) => digest))
    )
  }

  /** A stream for it is refused from now on. */
  close({ run, graph }: Pick<GraphHostInit, 'run' | 'graph'>): void {
    const key = keyOf(run, graph)
    this.#hosts.delete(key)
    this.#over.add(key)
    const [oldest] = this.#over
    if (this.#over.size > MAX_OVER) this.#over.delete(oldest as string)
  }

  async *#serve(first: ToJobs, exchange: Exchange<ToJobs>): AsyncGenerator<FromJobs> {
    if (first.type !== 'open') throw new BakError('bad-message', 'the first message of a job stream names the run')
    const { peer, signal } = exchange
    const host = await this.#hostOf(first, peer, AbortSignal.any([signal, this.stopped]))
    const outbox = host.connect(first.running)
    void hearAll(host, exchange, outbox)
    try {
      for (let next = await outbox.take(); next !== undefined; next = await outbox.take()) yield next
    } finally {
      host.disconnect(outbox)
    }
  }

  /** @throws {BakError} `no-such-run`, `not-the-controller`, `phase-closed` if it is over here, `not-ready` if it was not opened in time */
  async #hostOf(
    { run, graph }: Pick<GraphHostInit, 'run' | 'graph'>,
    peer: string,
    gone: AbortSignal
  ): Promise<GraphHost> {
    const leader = this.init.controllerOf(run)
    if (leader == null) throw new BakError('no-such-run', `this peer takes no part in run ${run}`)
    if (leader !== peer) throw new BakError('not-the-controller', `${peer} does not lead run ${run}`)
    const key = keyOf(run, graph)
    const late = AbortSignal.any([gone, AbortSignal.timeout(EARLY_MS)])
    for (;;) {
      const host = this.#hosts.get(key)
      if (host != null) return host
      if (this.#over.has(key)) throw new BakError('phase-closed', `jobs of ${graphKey(graph)} of ${run} are over here`)
      if (late.aborted) throw new BakError('not-ready', `no jobs of ${graphKey(graph)} of ${run} are run here yet`)
      await nextEvent(this.#changes, 'open', late)
    }
  }
}

/** Until the stream ends, or another takes its place. Never rejects. */
async function hearAll(host: GraphHost, { receive }: Exchange<ToJobs>, outbox: JobOutbox): Promise<void> {
  try {
    for (let next = await receive(); next !== undefined; next = await receive()) {
      if (outbox.isOver) return
      host.hear(next)
      await outbox.room()
    }
    outbox.fail(new BakError('unreachable', 'the controller has closed the stream'))
  } catch (cause) {
    outbox.fail(asBakError(cause))
  }
}

const keyOf = (run: string, graph: GraphAt) => `${run} ${graphKey(graph)}`
