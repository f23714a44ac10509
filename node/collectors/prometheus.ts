/** Prometheus on the controller: asks the exporters of all members, and keeps what they answer in the result. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { listeningPorts } from '../processes/listening.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import { pause } from '../wait.ts'
import type { Collector, Target } from './collector.ts'
import { type RunningCollector, startCollectorProgram } from './collector-program.ts'
import { addressOf, scrapeConfig } from './scrape-config.ts'

export const DATA_FOLDER = 'data'
const CONFIG_FILE = 'prometheus.yml'
/** It is ready after 0.1 s with nothing to read, and after some seconds with gigabytes. */
const READY_TIMEOUT_MS = 60_000
const READY_CHECK_MS = 50
const ASK_TIMEOUT_MS = 5_000
/** What only a server that runs has in its folder. */
const TRANSIENT_FILES = ['lock', 'queries.active']

export interface ServerInit {
  /** Path of the program. */
  program: string
  /** Has the configuration and the data. */
  folder: string
  /** Text of the configuration. */
  config: string
  /** ADDRESS:PORT. */
  listen: string
  supervisor: Pick<Supervisor, 'spawn'>
  signal: AbortSignal
}

export interface PrometheusServer {
  url: string
  running: RunningCollector
  /** Ends it, and leaves its data only. Never rejects. */
  stop(): Promise<void>
}

/** Starts a server over the data in its folder, if there is any. @throws {BakError} `tool-failed`, `timeout`, `io` */
export async function startServer({ folder, config, listen, ...init }: ServerInit): Promise<PrometheusServer> {
  const data = join(folder, DATA_FOLDER)
  await mkdir(join(data, 'wal'), { recursive: true })
  await writeFile(join(folder, CONFIG_FILE), config)
  const argv = [
    init.program,
    `--config.file=${CONFIG_FILE}`,
    `--storage.tsdb.path=${DATA_FOLDER}`,
    // without it two servers on one folder destroy it
    '--storage.tsdb.use-lockfile',
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=${listen}`,
    // else the first answers come after 10 s
    '--scrape.discovery-reload-interval=100ms'
  ]
  const running = await startCollectorProgram({ ...init, argv, folder, log: 'prometheus.log' })
  const stop = async () => {
    await running.stop()
    for (const each of TRANSIENT_FILES) await rm(join(data, each), { force: true }).catch(() => {})
  }
  try {
    return { url: await readyUrl(running, listen, init.signal), running, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** The port is the one that it listens on, as the kernel says. */
async function readyUrl(running: RunningCollector, listen: string, signal: AbortSignal): Promise<string> {
  const host = listen.slice(0, listen.lastIndexOf(':'))
  let ended: string | undefined
  running.ending().then(how => {
    ended = how
  })
  for (const deadline = performance.now() + READY_TIMEOUT_MS; performance.now() < deadline; ) {
    if (signal.aborted) throw asBakError(signal.reason)
    if (ended != null) throw new BakError('tool-failed', `prometheus ended with ${ended}`)
    const [port] = listeningPorts(running.group())
    if (port != null && (await isReady(`http://${reachable(host)}:${port}`, signal))) return `http://${host}:${port}`
    await pause(READY_CHECK_MS, signal)
  }
  throw new BakError('timeout', `prometheus was not ready within ${READY_TIMEOUT_MS / 1000} s`)
}

/** One that listens on all addresses is asked on loopback. */
const reachable = (host: string) => (host === '' || host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host)

const isReady = (url: string, signal: AbortSignal) =>
  fetch(`${url}/-/ready`, { signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]) }).then(
    async answer => {
      await answer.body?.cancel()
      return answer.ok
    },
    () => false
  )

const scraped = v.object({
  scrapeUrl: v.string(),
  health: v.string(),
  lastError: v.string(),
  lastScrape: v.string()
})
const answer = v.object({ data: v.object({ activeTargets: v.array(scraped) }) })
/** Of each series the instant and the value. */
const vector = v.object({
  data: v.object({
    result: v.array(
      v.object({
        metric: v.record(v.string(), v.string()),
        value: v.tuple([v.number(), v.pipe(v.string(), v.toNumber())])
      })
    )
  })
})

export interface PrometheusInit extends Omit<ServerInit, 'config' | 'listen'> {
  targets: Target[]
  /** It ended before it was stopped. */
  onEnd(how: string): void
}

/** @throws {BakError} as `startServer` does */
export async function startPrometheus({ targets, onEnd, ...init }: PrometheusInit): Promise<Collector> {
  const server = await startServer({ ...init, config: scrapeConfig(targets), listen: '127.0.0.1:0' })
  const reasons = new Map<string, string>()
  let isStopping = false
  server.running.exited.then(async () => {
    if (!isStopping) onEnd(await server.running.ending())
  })
  return {
    async answered(asked, since) {
      const known = await askTargets(server.url).catch(() => [])
      for (const each of known) reasons.set(new URL(each.scrapeUrl).host, each.lastError)
      const up = known.filter(({ health, lastScrape }) => health === 'up' && Date.parse(lastScrape) >= since)
      const addresses = new Set(up.map(({ scrapeUrl }) => new URL(scrapeUrl).host))
      return asked.filter(each => addresses.has(addressOf(each)))
    },
    async missed(asked, from, to) {
      const counts = await askCounts(server.url, from, to).catch(() => undefined)
      return asked.map(({ member, group, tool, interval }) => {
        if (counts == null) return 0
        const own = counts.find(({ metric: m }) => m.member === member && m.group === group && m.job === tool)
        return Math.max(0, Math.floor((to - from) / interval) - (own?.value[1] ?? 0))
      })
    },
    reason: target => reasons.get(addressOf(target)) || undefined,
    async update(targets) {
      await writeFile(join(init.folder, CONFIG_FILE), scrapeConfig(targets))
      server.running.reload()
    },
    async stop() {
      isStopping = true
      await server.stop()
    }
  }
}

async function askTargets(url: string): Promise<Array<v.InferOutput<typeof scraped>>> {
  const asked = await fetch(`${url}/api/v1/targets?state=active`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
  return v.parse(answer, await asked.json()).data.activeTargets
}

/** @returns how often each target answered */
async function askCounts(
  url: string,
  from: number,
  to: number
): Promise<v.InferOutput<typeof vector>['data']['result']> {
  const query = `sum_over_time(up[${Math.max(1, Math.round(to - from))}ms])`
  const words = new URLSearchParams({ query, time: (to / 1000).toFixed(3) })
  const asked = await fetch(`${url}/api/v1/query?${words}`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
  return v.parse(vector, await asked.json()).data.result
}
