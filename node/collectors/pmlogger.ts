/** pmlogger on the controller, one for each member: keeps what the member's pmcd says in an archive of the result. */
import { existsSync, statSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import { Backoff } from '../backoff.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { onAbort, pause } from '../wait.ts'
import type { Collector, Target } from './collector.ts'
import { startCollectorProgram } from './collector-program.ts'
import { addressOf } from './scrape-config.ts'

/**
 * What is logged unless the run says something else. pmlogger asks for name, description, instances and texts of each metric one after the
 * other before it goes on with samples, so that whole trees of hundreds take seconds where a path is long or a machine busy.
 */
const below = (tree: string, names: string) => names.split(' ').map(name => `${tree}.${name}`)
const METRICS = [
  ...below('kernel.all', 'load intr pswitch sysfork nprocs runnable blocked'),
  ...below('kernel.all.cpu', 'user nice sys idle wait.total irq.soft irq.hard steal'),
  ...below('kernel.percpu.cpu', 'user nice sys idle wait.total irq.soft irq.hard steal'),
  ...below('mem.util', 'used free available bufmem cached slab dirty writeback swapFree'),
  ...below('mem.vmstat', 'pgpgin pgpgout pswpin pswpout pgfault pgmajfault'),
  ...below('disk.dev', 'read write read_bytes write_bytes avactive aveq'),
  ...['in', 'out'].flatMap(way => below(`network.interface.${way}`, 'bytes packets errors drops'))
]
const LOG = 'pmlogger.log'
/** Waits for pmcd, ms: it is there soon after `init`, and where it has ended to ask for it costs what is measured. */
const RETRY = { first: 250, most: 5_000, jitter: 0 }
/** Further archives, where one ended in mid run. */
const MAX_ARCHIVES = 5
/** Bytes of an archive without a sample: its label. */
const LABEL_BYTES = 132
/** Looks whether an archive grows, ms. */
const LOOK_MS = 1_000
/** What pmlogger writes about itself when it begins is no sample: the first comes 5 s and up to two intervals later, ms. */
const PROLOGUE_MS = 2_500
/** Up to this interval, ms, its second sample shows that it goes on: between the first two it asks what all metrics are. */
const MAX_SECOND_MS = 5_000

export interface PmloggerInit {
  program: string
  /** Has a folder for each target. */
  folder(target: Target): string
  targets: Target[]
  /** Whether the tool of a target listens by now. @throws {BakError} why not */
  reach(target: Target, signal: AbortSignal): Promise<void>
  supervisor: Pick<Supervisor, 'spawn'>
  signal: AbortSignal
  /** Metrics that were asked for and are not there. */
  onUnknown(target: Target, metrics: string[]): void
  /** It ended before it was stopped, and is begun anew a few times. */
  onEnd(target: Target, how: string): void
}

/** Pure. @param interval whole ms @param metrics with spaces between @returns the text of pmlogger.conf */
export const loggerConfig = (interval: number, metrics?: unknown): string =>
  `log mandatory on ${interval} milliseconds {\n${(metrics == null ? METRICS : `${metrics}`.trim().split(/ +/))
    .map(each => `  ${each}\n`)
    .join('')}}\n`

/** Pure. @param log of pmlogger: `Problem with lookup for metric "x" ... logging not activated` @returns the metrics */
export const unknownIn = (log: string): string[] => [
  ...new Set([...log.matchAll(/Problem with lookup for metric "([\w.]+)"/g)].map(([, name]) => name as string))
]

/** Each waits for its pmcd, and has none before `init`. */
export function startPmloggers(init: PmloggerInit): Collector {
  const loggers = new Map<Target, Pmlogger>()
  const begin = (target: Target) => loggers.set(target, new Pmlogger(target, init))
  for (const each of init.targets) begin(each)
  return {
    answered: async (targets, since) => targets.filter(each => loggers.get(each)?.hasWritten(since)),
    missed: async targets => targets.map(each => loggers.get(each)?.missed ?? 0),
    reason: target => loggers.get(target)?.reason,
    async update(targets) {
      const gone = [...loggers].filter(([target]) => !targets.includes(target))
      await Promise.all(gone.map(([, logger]) => logger.stop()))
      for (const each of targets.filter(each => !loggers.has(each))) begin(each)
    },
    async stop() {
      await Promise.all([...loggers.values()].map(each => each.stop()))
    }
  }
}

class Pmlogger {
  readonly #target: Target
  readonly #init: PmloggerInit
  readonly #folder: string
  readonly #stopping = new AbortController()
  #archive = ''
  /** When it had a sample for the first time, as far as it was looked at. */
  #first: number | undefined
  readonly #loop: Promise<void>
  reason: string | undefined
  /** Samples that are not in the archive between others, as the times show at which it grew. */
  missed = 0

  constructor(target: Target, init: PmloggerInit) {
    this.#target = target
    this.#init = init
    this.#folder = init.folder(target)
    this.#loop = this.#run()
  }

  /** @returns whether it has written a sample at or after an instant */
  hasWritten(since: number): boolean {
    const found = this.#archived()
    if (found == null) return false
    this.#first ??= found.mtimeMs
    const { interval } = this.#target
    const goesOn = interval > MAX_SECOND_MS || found.mtimeMs >= this.#first + interval / 2
    return goesOn && found.mtimeMs >= since
  }

  /** @returns nothing before there is more than a label */
  #archived() {
    const found = this.#archive === '' ? undefined : statSync(`${this.#archive}.0`, { throwIfNoEntry: false })
    return found == null || found.size <= LABEL_BYTES ? undefined : found
  }

  /** A daemon that is busy looks late: that much is no gap. */
  #watch(): () => void {
    const { interval } = this.#target
    let [grown, looked] = [0, performance.now()]
    const look = () => {
      const late = performance.now() - looked
      looked += late
      const found = this.#archived()
      if (found == null || found.mtimeMs < found.birthtimeMs + PROLOGUE_MS) return
      const gap = found.mtimeMs - grown - late
      if (grown > 0 && gap > 2 * interval) this.missed += Math.floor(gap / interval)
      grown = Math.max(found.mtimeMs, grown)
    }
    const timer = setInterval(look, LOOK_MS).unref()
    return () => clearInterval(timer)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const retry = new Backoff(RETRY)
    let archives = 0
    while (!signal.aborted && archives < MAX_ARCHIVES) {
      try {
        await this.#init.reach(this.#target, signal)
        const name = archives === 0 ? 'archive' : `archive-${archives + 1}`
        const how = await this.#log(name)
        if (signal.aborted) break
        this.reason = how
        if (existsSync(join(this.#folder, `${name}.0`))) {
          archives++
          retry.reset()
          this.#init.onEnd(this.#target, how)
        }
      } catch (cause) {
        this.reason = asBakError(cause).message
      }
      await pause(retry.next(), signal)
    }
    await rm(this.#own, { recursive: true, force: true }).catch(() => {})
  }

  /** @returns how it ended, by itself or since it was stopped */
  async #log(name: string): Promise<string> {
    const { program, supervisor, signal } = this.#init
    const { interval, member, values } = this.#target
    await mkdir(join(this.#own, 'pmlogger'), { recursive: true })
    await writeFile(join(this.#folder, 'pmlogger.conf'), loggerConfig(interval, values.metrics))
    this.#archive = join(this.#folder, name)
    const running = await startCollectorProgram({
      argv: [
        ...[program, '-h', addressOf(this.#target), '-H', member, '-c', 'pmlogger.conf'],
        ...['-t', `${interval}ms`, '-l', '-', name]
      ],
      folder: this.#folder,
      log: LOG,
      variables: {
        ...{ PCP_RUN_DIR: this.#own, PCP_TMP_DIR: this.#own, PCP_TMPFILE_DIR: this.#own },
        // the derived metrics of the package break one that logs trees of metrics
        PCP_DERIVED_CONFIG: '',
        // its control port is for this machine only, and a pmcd that comes back is asked again after a second
        ...{ PMLOGGER_LOCAL: '1', PMCD_RECONNECT_TIMEOUT: '1,1' }
      },
      ...{ supervisor, signal }
    })
    const release = onAbort(this.#stopping.signal, () => void running.stop())
    const unwatch = this.#watch()
    const how = await running.ending()
    unwatch()
    await running.stop()
    const unknown = unknownIn(await readFile(join(this.#folder, LOG), 'utf8').catch(() => ''))
    if (unknown.length > 0) this.#init.onUnknown(this.#target, unknown)
    release()
    return how
  }

  /** What it needs while it runs. */
  get #own(): string {
    return join(this.#folder, 'run')
  }
}
