/** The collectors of one run: a local port for each tool of a member that waits to be asked, and the programs that ask them. */
import { asBakError } from '../../protocols/errors.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import type { Opener } from '../../protocols/stream.ts'
import { askTunnel } from '../../protocols/tunnel.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { findProgram } from '../tools/find-program.ts'
import { findTool } from '../tools/index.ts'
import { notFound } from '../tools/program-tool.ts'
import { settingsOf } from '../tools/settings-of.ts'
import { pause } from '../wait.ts'
import {
  type Collector,
  type CollectorName,
  collectorNames,
  collectorOf,
  collectors,
  type Target
} from './collector.ts'
import { startPmloggers } from './pmlogger.ts'
import { startPrometheus } from './prometheus.ts'
import { openTunnelPort, type TunnelPort } from './tunnel-port.ts'

/** Longest wait for the first sample of each target, ms: Prometheus asks for the first time after 5 to 10 s. */
const FIRST_TIMEOUT_MS = 30_000
/** Beyond an interval, for the last one. */
const LAST_MARGIN_MS = 2_000
const CHECK_MS = 100

/** A member of a run, with its tools. */
export interface CollectedMember {
  peer: string
  name: string
  labels: Record<string, string>
  tools: Assignment[]
  /** Whether it can run each. */
  usable: Availability[]
}

export interface RunCollectorsInit {
  run: string
  /** The name of this peer. */
  controller: string
  members: CollectedMember[]
  /** Seconds between two samples. */
  interval: number
  /** @returns the folder of a collector in the result; of pcp that of a member */
  folder(collector: CollectorName, member?: string): string
  to(peer: string): Opener
  supervisor: Pick<Supervisor, 'spawn'>
  /** Something that was asked for is not there. */
  lack(shortfall: Shortfall): void
}

/** @returns the collectors that the tools of these members need */
export const neededCollectors = (members: Array<{ tools: Array<Pick<Assignment, 'tool'>> }>): CollectorName[] =>
  collectorNames.filter(name => members.some(({ tools }) => tools.some(({ tool }) => collectorOf(tool) === name)))

/** @returns those of the collectors that this machine lacks, as a run names them */
export async function missingCollectors(names: CollectorName[], controller: string): Promise<Shortfall[]> {
  const missing = await Promise.all(
    names.map(async (name): Promise<Shortfall[]> => {
      const { program, needs } = collectors[name]
      if ((await findProgram(program)) != null) return []
      return [{ kind: 'collector', member: controller, what: program, reason: notFound(needs) }]
    })
  )
  return missing.flat()
}

export class RunCollectors {
  readonly #init: RunCollectorsInit
  readonly #ended = new AbortController()
  readonly #targets = new Map<CollectorName, Target[]>()
  readonly #ports: Array<{ peer: string; port: TunnelPort }> = []
  readonly #running = new Map<CollectorName, Collector>()
  readonly #excluded = new Set<string>()
  #stopped: Promise<void> | undefined

  constructor(init: RunCollectorsInit) {
    this.#init = init
  }

  /** Those that this machine has run when this resolves, and have asked nobody yet. Never rejects: what cannot be started is named. */
  async start(): Promise<void> {
    for (const name of neededCollectors(this.#usable())) {
      const { program } = collectors[name]
      // one that is not here is named already
      const path = await findProgram(program)
      if (path == null) continue
      try {
        const targets = await this.#open(name)
        this.#targets.set(name, targets)
        this.#running.set(name, await this.#begin(name, path, targets))
      } catch (cause) {
        this.#lackOf(name, `was not started: ${asBakError(cause).message}`)
      }
    }
  }

  #usable(): CollectedMember[] {
    return this.#init.members.map(each => ({ ...each, tools: each.tools.filter((_, i) => each.usable[i]?.usable) }))
  }

  async #open(name: CollectorName): Promise<Target[]> {
    const targets: Target[] = []
    for (const { peer, name: member, labels, tools } of this.#usable()) {
      for (const { group, tool, options } of tools.filter(each => collectorOf(each.tool) === name)) {
        const { values } = settingsOf(findTool(tool, options), options)
        const interval = ((values.interval as number | undefined) ?? this.#init.interval) * 1000
        const port = await openTunnelPort({
          open: this.#init.to(peer),
          to: { run: this.#init.run, group, tool },
          signal: this.#ended.signal
        })
        this.#ports.push({ peer, port })
        targets.push({ peer, member, labels, group, tool, values, interval, port: port.port })
      }
    }
    return targets
  }

  #begin(name: CollectorName, program: string, targets: Target[]): Promise<Collector> | Collector {
    const { supervisor, folder, run, to } = this.#init
    const { signal } = this.#ended
    if (name === 'prometheus') {
      const onEnd = (how: string) => this.#lackOf(name, `ended early with ${how}`)
      return startPrometheus({ program, folder: folder(name), targets, supervisor, signal, onEnd })
    }
    return startPmloggers({
      ...{ program, targets, supervisor, signal },
      folder: ({ member, group }) => folder(name, groupsOf(targets, member) > 1 ? `${member}/${group}` : member),
      reach: ({ peer, group, tool }, signal) => {
        return askTunnel(to(peer), { run, group, tool }, { signal })
      },
      onEnd: ({ member }, how) =>
        this.#init.lack({ kind: 'collector', member, what: 'pmlogger', reason: `ended early with ${how}` })
    })
  }

  #lackOf(name: CollectorName, reason: string): void {
    const { controller, lack } = this.#init
    lack({ kind: 'collector', member: controller, what: collectors[name].program, reason })
  }

  /** Waits until something came from each target; those from which nothing comes are named. */
  async awaitFirst(signal: AbortSignal, within = FIRST_TIMEOUT_MS): Promise<void> {
    const silent = await this.#await(0, within, signal)
    if (signal.aborted) return
    for (const { name, target } of silent) {
      const said = this.#running.get(name)?.reason(target)
      const reason = `${collectors[name].program} got no answer within ${within / 1000} s`
      const what = { kind: 'tool' as const, member: target.member, what: target.tool }
      this.#init.lack({ ...what, reason: said == null ? reason : `${reason}: ${said}` })
    }
  }

  /** Waits until what there is reaches beyond the last sample, which ended at `since`, ms since 1970; no longer than an interval takes. */
  async awaitLast(since: number, signal: AbortSignal): Promise<void> {
    const intervals = [...this.#targets.values()].flat().map(({ interval }) => interval)
    if (intervals.length > 0) await this.#await(since, Math.max(...intervals) + LAST_MARGIN_MS, signal)
  }

  /** @returns the targets from which nothing came in time */
  async #await(
    since: number,
    within: number,
    signal: AbortSignal
  ): Promise<Array<{ name: CollectorName; target: Target }>> {
    const deadline = performance.now() + within
    for (;;) {
      const silent: Array<{ name: CollectorName; target: Target }> = []
      for (const [name, collector] of this.#running) {
        const asked = this.#targets.get(name)?.filter(({ peer }) => !this.#excluded.has(peer)) ?? []
        const answered = await collector.answered(asked, since)
        silent.push(...asked.filter(each => !answered.includes(each)).map(target => ({ name, target })))
      }
      if (silent.length === 0 || performance.now() >= deadline || signal.aborted) return silent
      await pause(CHECK_MS, signal)
    }
  }

  /** The member takes no part any more: nothing is asked of it. */
  exclude(peer: string): void {
    this.#excluded.add(peer)
    for (const each of this.#running.values()) each.exclude(peer)
    for (const { port } of this.#ports.filter(each => each.peer === peer)) void port.close()
  }

  /** All that they have is on the disk, and nothing of them is left. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(each => each.stop()))
    this.#ended.abort(new Error('the run is over'))
    await Promise.all(this.#ports.map(({ port }) => port.close()))
  }
}

const groupsOf = (targets: Target[], member: string) => targets.filter(each => each.member === member).length
