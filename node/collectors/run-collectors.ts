/** The collectors of one run: a local port for each tool of a member that waits to be asked, and the programs that ask them. */
import { asBakError } from '../../protocols/errors.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import type { Opener } from '../../protocols/stream.ts'
import { askTunnel } from '../../protocols/tunnel.ts'
import { InTurn } from '../in-turn.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { findProgram } from '../tools/find-program.ts'
import { findTool } from '../tools/index.ts'
import { notFound } from '../tools/program-tool.ts'
import { intervalOf, settingsOf } from '../tools/settings-of.ts'
import { onAbort, pause } from '../wait.ts'
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
const LAST_MARGIN_MS = 5_000
const CHECK_MS = 100
/** A collector that fails to start, or ends, is begun again before a later sample: so often in all. */
const MAX_STARTS = 3
/** Samples that are missing in between are named where they are two or more, and of so long a time, ms. */
const GAP_MS = 5_000
/** Metrics in one reason. */
const MAX_NAMED = 5

/** A member of a run, with its tools. */
export interface CollectedMember {
  peer: string
  name: string
  labels: Record<string, string>
  /** Those that it can run. */
  tools: Assignment[]
}

type Wanted = Omit<Target, 'port'>
/** A target from which nothing came. */
type Silent = { name: CollectorName; target: Target }

const keyOf = ({ peer, group, tool }: Wanted) => `${peer} ${group} ${tool}`

export interface RunCollectorsInit {
  run: string
  /** The name of this peer. */
  controller: string
  /** Those who take part now, with the tools that they are to run. */
  members(): CollectedMember[]
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
export const neededCollectors = (members: Array<{ tools: Assignment[] }>): CollectorName[] =>
  collectorNames.filter(name => members.some(({ tools }) => tools.some(each => collectorOf(each) === name)))

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
  /** A collector that starts is not waited for any more. */
  readonly #stopping = new AbortController()
  readonly #ended = new AbortController()
  readonly #targets = new Map<CollectorName, Target[]>()
  readonly #ports = new Map<Target, TunnelPort>()
  readonly #running = new Map<CollectorName, Collector>()
  readonly #starts = new Map<CollectorName, number>()
  readonly #turn = new InTurn()
  /** Ended by themselves, which is named: nothing more comes. */
  readonly #dead = new Set<CollectorName>()
  /** From which nothing came. */
  readonly #silent = new Set<Target>()
  /** When something had come from each, ms since 1970. */
  readonly #known = new Map<Target, number>()
  #stopped: Promise<void> | undefined

  constructor(init: RunCollectorsInit) {
    this.#init = init
  }

  /**
   * Those that the tools of the members need run when this resolves, and ask these tools and no others. They have asked nobody yet when they
   * begin. Never rejects: what cannot be started is named.
   */
  update(): Promise<void> {
    return this.#turn.run(async () => {
      for (const name of collectorNames) {
        try {
          if (!this.#stopping.signal.aborted) await this.#updateOne(name)
        } catch (cause) {
          if (!this.#stopping.signal.aborted) this.#lackOf(name, `was not started: ${asBakError(cause).message}`)
        }
      }
    })
  }

  async #updateOne(name: CollectorName): Promise<void> {
    const before = this.#targets.get(name) ?? []
    const wanted = this.#init.members().flatMap(member => this.#wantedOf(member, name))
    const isSame = (one: Wanted, other: Wanted) => keyOf(one) === keyOf(other)
    const added = wanted.filter(each => !before.some(one => isSame(one, each)))
    const gone = before.filter(each => !wanted.some(one => isSame(one, each)))
    const running = this.#dead.has(name) ? undefined : this.#running.get(name)
    const isDue = running == null && wanted.length > 0 && (this.#starts.get(name) ?? 0) < MAX_STARTS
    if (added.length === 0 && gone.length === 0 && !isDue) return
    const program = await findProgram(collectors[name].program)
    if (program == null) return this.#lackOf(name, notFound(collectors[name].needs))
    const opened = await Promise.all(added.map(each => this.#open(each)))
    const targets = [...before.filter(each => !gone.includes(each)), ...opened]
    this.#targets.set(name, targets)
    if (running != null) await running.update(targets)
    else if (isDue) await this.#start(name, program, targets)
    for (const each of gone) {
      await this.#ports.get(each)?.close()
      this.#ports.delete(each)
    }
  }

  async #start(name: CollectorName, program: string, targets: Target[]): Promise<void> {
    this.#starts.set(name, (this.#starts.get(name) ?? 0) + 1)
    // what it left beside its data would be in the way of the next one
    await this.#running.get(name)?.stop()
    const starting = new AbortController()
    const release = onAbort(this.#stopping.signal, () => starting.abort(this.#stopping.signal.reason))
    try {
      this.#running.set(name, await this.#begin(name, program, targets, starting.signal))
      this.#dead.delete(name)
    } finally {
      release()
    }
  }

  #wantedOf({ peer, name: member, labels, tools }: CollectedMember, name: CollectorName): Wanted[] {
    return tools
      .filter(each => collectorOf(each) === name)
      .map(({ group, tool, options }) => {
        const { values } = settingsOf(findTool(tool, options), options)
        // both programs take whole milliseconds
        const interval = Math.round(intervalOf(values, this.#init) * 1000)
        return { peer, member, labels, group, tool, values, interval }
      })
  }

  async #open(wanted: Wanted): Promise<Target> {
    const { peer, group, tool } = wanted
    const { run, to } = this.#init
    const port = await openTunnelPort({ open: to(peer), to: { run, group, tool }, signal: this.#ended.signal })
    const target = { ...wanted, port: port.port }
    this.#ports.set(target, port)
    return target
  }

  /** @param signal ends it while it starts; later `stop` does */
  #begin(name: CollectorName, program: string, targets: Target[], signal: AbortSignal): Promise<Collector> | Collector {
    const { supervisor, folder, run, to } = this.#init
    if (name === 'prometheus') {
      const onEnd = (how: string) => {
        this.#dead.add(name)
        this.#lackOf(name, `ended early with ${how}`)
      }
      return startPrometheus({ program, folder: folder(name), targets, supervisor, signal, onEnd })
    }
    return startPmloggers({
      ...{ program, targets, supervisor, signal },
      folder: ({ member, group }) => folder(name, group === 'default' ? member : `${member}/${group}`),
      reach: ({ peer, group, tool }, signal) => {
        return askTunnel(to(peer), { run, group, tool }, { signal })
      },
      onUnknown: ({ member }, metrics) =>
        this.#init.lack({ kind: 'tool', member, what: 'pcp', reason: `has no ${listInWords(metrics, MAX_NAMED)}` }),
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
    for (const each of [...this.#running.keys()].flatMap(name => this.#targets.get(name) ?? [])) {
      if (!silent.some(({ target }) => target === each)) this.#known.set(each, Date.now())
    }
    if (!signal.aborted) this.#nameSilent(silent, `got no answer within ${within / 1000} s`)
  }

  /** Waits until what there is reaches beyond the last sample, which ended at `since`, ms since 1970; no longer than an interval takes. */
  async awaitLast(since: number, signal: AbortSignal): Promise<void> {
    const intervals = [...this.#targets.values()].flat().map(({ interval }) => interval)
    if (intervals.length === 0) return
    const silent = await this.#await(since, Math.max(...intervals) + LAST_MARGIN_MS, signal)
    // one that never answered is named for that
    const known = silent.filter(({ target }) => !this.#silent.has(target))
    if (signal.aborted) return
    this.#nameSilent(known, 'got no answer after the last sample')
    await this.#nameMissed(since)
  }

  /** Of those that answered at first. */
  async #nameMissed(until: number): Promise<void> {
    for (const [name, collector] of this.#running) {
      if (this.#dead.has(name)) continue
      const targets = (this.#targets.get(name) ?? []).filter(each => this.#known.has(each))
      const from = Math.max(...targets.map(each => this.#known.get(each) as number))
      const missed = targets.length === 0 || from >= until ? [] : await collector.missed(targets, from, until)
      for (const [i, { member, tool, interval }] of targets.entries()) {
        const count = missed[i] ?? 0
        if (count < 2 || count * interval < GAP_MS) continue
        const reason = `${collectors[name].program} has no answer for ${count} samples, one each ${interval / 1000} s`
        this.#init.lack({ kind: 'tool', member, what: tool, reason })
      }
    }
  }

  #nameSilent(silent: Silent[], what: string): void {
    for (const { name, target } of silent) {
      this.#silent.add(target)
      const said = this.#running.get(name)?.reason(target)
      const reason = `${collectors[name].program} ${what}${said == null ? '' : `: ${said}`}`
      this.#init.lack({ kind: 'tool', member: target.member, what: target.tool, reason })
    }
  }

  /** @returns the targets from which nothing came in time */
  async #await(since: number, within: number, signal: AbortSignal): Promise<Silent[]> {
    const deadline = performance.now() + within
    for (;;) {
      const silent: Silent[] = []
      for (const [name, collector] of this.#running) {
        const asked = this.#dead.has(name) ? [] : (this.#targets.get(name) ?? [])
        const answered = await collector.answered(asked, since)
        silent.push(...asked.filter(each => !answered.includes(each)).map(target => ({ name, target })))
      }
      if (silent.length === 0 || performance.now() >= deadline || signal.aborted) return silent
      await pause(CHECK_MS, signal)
    }
  }

  /** All that they have is on the disk, and nothing of them is left. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error('the run is over'))
    await this.#turn.settled()
    await Promise.all([...this.#running.values()].map(each => each.stop()))
    this.#ended.abort(new Error('the run is over'))
    await Promise.all([...this.#ports.values()].map(each => each.close()))
  }
}
