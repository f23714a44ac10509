/** Load from members: requests a second beside autocannon and wrk, how late requests go out, and how far apart the clients of two members begin. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TASKS_FILE } from '../../../protocols/layout.ts'
import type { RunFile } from '../../../protocols/run-file.ts'
import type { TaskResult, TasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { root } from '../../bundle.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, leastTimes, most } from '../figure.ts'
import { alternate, type Entrant, median } from '../measure.ts'
import { DRIVER, type Mesh } from '../mesh.ts'
import { startNginx } from '../peers/nginx.ts'
import { findProgram } from '../peers/programs.ts'
import { cpuOfAlone } from '../processes.ts'

const AUTOCANNON = 'autocannon'
const WRK = 'wrk'
const CONNECTIONS = 64
/** Of each repetition, s; the first second of each is not in the figures of bak, and others do not have such a thing. */
const SECONDS = 5
const WARMUP = 1
/** Requests a second of all clients of a task that is paced. */
const RATE = 2_000
/** Elements of the schedule in which clients of two members begin at the same moment. */
const BEGINS = 8
const TIMEOUT_MS = 120_000

const run = promisify(execFile)

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const nginx = await startNginx(await bench.scratch('nginx'))
  if ('absent' in nginx) {
    yield figure('requests a second', '/s', 'rate', [{ name: BAK, absent: nginx.absent }])
    return
  }
  bench.after(nginx.stop)
  const { url } = nginx
  const { rounds } = bench.options
  const alone = await bench.mesh(1)
  for (const threads of new Set([1, cpus().length])) yield* await asFastAsTheyCan(alone, url, threads, rounds)
  yield* await paced(alone, url, rounds)
  yield await begins(await bench.mesh(2), url, rounds)
}

async function asFastAsTheyCan(mesh: Mesh, url: string, threads: number, rounds: number): Promise<Figure[]> {
  const task = { ...taskOf(url), clients: CONNECTIONS, warmup_time_period: WARMUP, time_period: SECONDS }
  const ours: Entrant = {
    name: BAK,
    async round() {
      const spent = [mesh.memberPids, [mesh.pidOf(DRIVER)]].map(sinceNow)
      const [read] = await tasksOf(mesh, { task: [task], load: { cores: threads } })
      if (read == null || read.failed > 0) throw new Error(`${read?.failed} of ${read?.samples} requests failed`)
      const [cpu = 0, controller = 0] = spent.map(each => (each() * 1_000) / (read.samples + read.warmup))
      return { rate: read.samples / SECONDS, cpu, controller }
    }
  }
  const outcomes = await alternate([ours, autocannon(url, threads), wrk(url, threads)], { rounds, warmUps: 1 })
  const how = `${CONNECTIONS} connections, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
  return [
    figure(`requests a second of an nginx on the same machine, ${how}`, '/s', 'rate', outcomes, {
      budgets: [leastTimes(0.7, AUTOCANNON)],
      note: 'bak keeps each request of the first million with its times, signs and verifies; wrk is C, and keeps none'
    }),
    figure(`processor time where they are made, for 1,000 requests, ${how}`, 'ms', 'cpu', outcomes, {
      note: 'of bak the daemon and its driver, with their start and the phases of the run'
    }),
    figure(`processor time of the controller for 1,000 requests, ${how}`, 'ms', 'controller', outcomes)
  ]
}

async function paced(mesh: Mesh, url: string, rounds: number): Promise<Figure[]> {
  const paces = { target_throughput: RATE, warmup_time_period: WARMUP, time_period: SECONDS }
  const task = { ...taskOf(url), clients: CONNECTIONS, ...paces }
  const ours: Entrant = {
    name: BAK,
    async round() {
      const [read] = await tasksOf(mesh, { task: [task] })
      const { latency, service, members = [] } = read ?? {}
      const [middle, of] = [latency?.percentiles['50'], service?.percentiles['50']]
      if (middle == null || of == null) throw new Error('a task without samples')
      return { late: middle - of, busy: Math.max(...members.map(each => each.health?.busy ?? 0)) * 100 }
    }
  }
  const outcomes = await alternate([ours], { rounds, warmUps: 1 })
  const how = `${RATE} requests a second, ${CONNECTIONS} clients`
  return [
    figure(`how late requests go out in the middle, ${how}`, 'ms', 'late', outcomes, {
      budgets: [most(1, 'ms')],
      note: 'the median of the latency, from the moment at which a request is due, less that of the service time'
    }),
    figure(`share of a core that the busiest thread takes, ${how}`, '%', 'busy', outcomes)
  ]
}

async function begins(mesh: Mesh, url: string, rounds: number): Promise<Figure> {
  const tasks = Array.from({ length: BEGINS }, (_, i) => ({
    ...taskOf(url),
    name: `read${i}`,
    clients: 8,
    iterations: 10
  }))
  const ours: Entrant = {
    name: BAK,
    async round() {
      const skews: number[] = []
      await mesh.run(fileOf({ task: tasks }), event => {
        if (event.type === 'join-point' && event.skew != null) skews.push(event.skew)
      })
      return { skew: median(skews) }
    }
  }
  const outcomes = await alternate([ours], { rounds, warmUps: 1 })
  return figure('how far apart the clients of two members begin', 'ms', 'skew', outcomes, { budgets: [most(5, 'ms')] })
}

/** @returns the processor time from now on, ms: programs that have ended count with who waited for them */
function sinceNow(pids: number[]): () => number {
  const before = cpuOfAlone(pids)
  return () => cpuOfAlone(pids) - before
}

const taskOf = (url: string) => ({ name: 'read', operation: { type: 'http' as const, url } })

const fileOf = (wanted: Record<string, unknown>) => wanted as RunFile

/** @returns what the tasks of a run came to */
async function tasksOf(mesh: Mesh, wanted: Record<string, unknown>): Promise<TaskResult[]> {
  let folder = ''
  await mesh.run(fileOf(wanted), event => {
    if (event.type === 'ended') folder = event.folder
  })
  const file = join(folder, '1-default', 'sample1', TASKS_FILE)
  return (JSON.parse(await readFile(file, 'utf8')) as TasksFile).tasks
}

function autocannon(url: string, threads: number): Entrant {
  const program = join(root, 'node_modules/autocannon/autocannon.js')
  // with workers it has threads beside its own
  const workers = threads === 1 ? [] : ['-w', String(threads)]
  const words = [program, '-c', String(CONNECTIONS), '-d', String(SECONDS), ...workers, '-j', '-n', url]
  return {
    name: AUTOCANNON,
    async round() {
      const spent = sinceNow([process.pid])
      const { stdout } = await run(process.execPath, words, { timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 })
      const { requests, non2xx, errors } = JSON.parse(stdout)
      if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed`)
      return { rate: requests.total / SECONDS, cpu: (spent() * 1_000) / requests.total }
    }
  }
}

function wrk(url: string, threads: number): Entrant {
  const program = findProgram('wrk')
  if ('absent' in program) return { name: WRK, ...program }
  const words = ['-t', String(threads), '-c', String(CONNECTIONS), '-d', String(SECONDS), url]
  return {
    name: WRK,
    async round() {
      const spent = sinceNow([process.pid])
      const { stdout } = await run(program.path, words, {
        timeout: TIMEOUT_MS,
        env: { ...process.env, ...program.env }
      })
      const rate = /Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]
      if (rate == null) throw new Error(`wrk says no rate: ${stdout.slice(0, 200)}`)
      return { rate: Number(rate), cpu: (spent() * 1_000) / (Number(rate) * SECONDS) }
    }
  }
}
