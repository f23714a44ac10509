/**
 * The workloads of one sample on one member: servers until each is ready, clients until they have ended, and at the end what still runs,
 * clients before servers. Each instance has one result.
 */
import { join } from 'node:path'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { InstanceResult } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import type { Spec } from '../../../protocols/spec.ts'
import {
  labelOf,
  type Placement,
  readyTimeoutOf,
  resultsOf,
  timeoutOf,
  type Workload
} from '../../../protocols/workload.ts'
import { within } from '../../wait.ts'
import { placedOf } from './assign.ts'
import { Instance, type Sample } from './instance.ts'
import { notReady, untilReady, whyTaken } from './ready.ts'

/** Of one attempt of a command that says whether a server is ready. */
const ATTEMPT_TIMEOUT_MS = 10_000

export interface MemberWorkInit {
  spec: Pick<Spec, 'workload' | 'policy' | 'ends' | 'results'>
  placements: Placement[]
  /** Instances of a workload in the whole run. */
  sizeOf(workload: string): number
  sample: Sample
  /** @returns where files of an instance belong, in the home */
  folderOf(workload: string, instance?: number): string
  /** In the home, for the working folders of all. */
  working: string
}

export interface WorkEnd {
  workloads: InstanceResult[]
  missing: Missing[]
  warnings: string[]
}

export class MemberWork {
  readonly #init: MemberWorkInit
  readonly #instances: Instance[] = []
  readonly #starts: Promise<void>[] = []
  readonly #begun = new Set<Workload['role']>()
  #isOver = false

  constructor(init: MemberWorkInit) {
    this.#init = init
  }

  /**
   * Starts the servers. @returns when each is ready or has failed to be; the results of these
   * @throws what aborts the signal: what runs then goes on until `end`; {BakError} `state` if they were started before
   */
  async serve(signal: AbortSignal): Promise<InstanceResult[]> {
    const placed = this.#begin('server')
    const taken = new Map<string, string>()
    for (const { workload } of placed) {
      const why = workload.ready == null ? undefined : await whyTaken(workload.ready)
      if (why != null) taken.set(workload.name, why)
    }
    const waiting = placed.flatMap(({ workload, placement }) =>
      this.#instancesOf(workload, placement).map(instance =>
        this.#bringUp(instance, workload, taken.get(workload.name), signal)
      )
    )
    const failed = await within(Promise.all(waiting), signal)
    return failed.filter(result => result != null)
  }

  /**
   * Starts the clients. @returns their results, when all have ended, or the first, which ends the others
   * @throws as `serve` does
   */
  async run(signal: AbortSignal): Promise<InstanceResult[]> {
    const clients = this.#begin('client').flatMap(({ workload, placement }) => this.#instancesOf(workload, placement))
    for (const each of clients) this.#start(each)
    if (this.#init.spec.ends === 'first') {
      await within(Promise.race(clients.map(each => each.ended)), signal)
      await within(Promise.all(clients.map(each => each.stop())), signal)
    }
    return within(Promise.all(clients.map(each => each.ended)), signal)
  }

  /** Nothing runs any more. Never rejects. @returns all results of the sample: an answer to `work` may have come too late */
  async end(graceMs?: number): Promise<WorkEnd> {
    this.#isOver = true
    await Promise.all(this.#starts)
    for (const role of ['client', 'server'] as const) {
      await Promise.all(this.#instances.filter(each => each.role === role).map(each => each.stop(graceMs)))
    }
    const workloads = await Promise.all(this.#instances.map(each => each.ended))
    const killed = this.#instances.filter((_, i) => workloads[i]?.killed)
    return {
      workloads,
      missing: killed.map(({ label }) => ({
        kind: 'workload',
        what: label,
        reason: 'did not end by the signal that stops it, and had to be killed'
      })),
      warnings: this.#instances.flatMap(({ label, remarks }) => remarks.map(each => `${label}: ${each}`))
    }
  }

  /** @throws {BakError} `state`: no command starts them twice */
  #begin(role: Workload['role']) {
    if (this.#begun.has(role)) throw new BakError('state', `the ${role}s of this sample were started already`)
    this.#begun.add(role)
    const { spec, placements } = this.#init
    return placedOf(spec, placements).filter(({ workload }) => workload.role === role)
  }

  #instancesOf(workload: Workload, { instances, rank }: Placement): Instance[] {
    const { sample, spec, sizeOf, folderOf, working } = this.#init
    return Array.from({ length: instances }, (_, i) => {
      const label = labelOf(workload, i + 1)
      const instance = new Instance({
        ...{ sample, workload, instance: i + 1, rank: rank + i, size: sizeOf(workload.name) },
        timeout: timeoutOf(workload, spec.policy),
        results: resultsOf(workload, spec),
        folder: folderOf(workload.name, instances === 1 ? undefined : i + 1),
        working: join(working, label)
      })
      this.#instances.push(instance)
      return instance
    })
  }

  #start(instance: Instance): Promise<void> {
    const started = this.#isOver ? instance.refuse('the sample is over').then(() => {}) : instance.start()
    this.#starts.push(started)
    return started
  }

  /** @returns the result of a server that will not be ready; undefined for one that is */
  async #bringUp(
    instance: Instance,
    workload: Workload,
    taken: string | undefined,
    signal: AbortSignal
  ): Promise<InstanceResult | undefined> {
    if (taken != null) return instance.refuse(taken)
    await this.#start(instance)
    if (instance.isOver) return instance.ended
    const why = await this.#whyNotReady(instance, workload, signal)
    if (signal.aborted) return undefined
    if (instance.isOver) return instance.ended
    if (why != null) return instance.fail(why)
    instance.onReady()
    return undefined
  }

  async #whyNotReady(
    instance: Instance,
    { ready, ...workload }: Workload,
    phase: AbortSignal
  ): Promise<string | undefined> {
    if (ready == null) return undefined
    const seconds = readyTimeoutOf({ ready, ...workload }, this.#init.spec.policy)
    const late = AbortSignal.timeout(seconds * 1000)
    const gone = new AbortController()
    void instance.ended.then(() => gone.abort())
    let last = ''
    const signal = AbortSignal.any([phase, late, gone.signal])
    const attempt = Math.min(ATTEMPT_TIMEOUT_MS, seconds * 1000)
    const run = () => instance.runBeside(ready.command ?? [], attempt, signal)
    try {
      await untilReady({ ready, outputs: instance.outputs, run, signal }, why => {
        last = why
      })
      return undefined
    } catch (cause) {
      return late.aborted ? notReady(seconds, last).message : asBakError(cause).message
    }
  }
}

/** @returns results of workloads that a daemon was running when it was killed: nobody knows more of them */
export function interruptedResults(
  spec: Pick<Spec, 'workload'>,
  placements: Placement[] | undefined,
  roles: Workload['role'][]
): InstanceResult[] {
  return placedOf(spec, placements)
    .filter(({ workload }) => roles.includes(workload.role))
    .flatMap(({ workload: { name, role }, placement }) =>
      Array.from({ length: placement.instances }, (_, i) => ({
        ...{ workload: name, instance: i + 1, role, duration: 0, timedOut: false, signal: 'SIGKILL' },
        error: 'the daemon of this member was restarted: what it ran ended then'
      }))
    )
}
