/** What watching costs: processor time and memory of a daemon that is idle, and of one between start and stop, also with tools, beside pbench's. */
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most, mostTimes } from '../figure.ts'
import { alternate, type Contender, enter, median } from '../measure.ts'
import { type Mesh, now } from '../mesh.ts'
import { PBENCH, startTools, TOOLS } from '../peers/pbench.ts'
import { cpuOf, cpuOfAlone, pssOf, withDescendants } from '../processes.ts'

/** Length of each measurement. */
const WINDOW_MS = 3_000
/** Before the first measurement, so that what a command or a new connection brings with it is over. */
const SETTLE_MS = { started: 3_000, grown: 35_000 }

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const mesh = await bench.mesh(peers)
  const around = `mesh of ${peers + 1}`
  const grown = performance.now() - mesh.grown
  await new Promise(resolve => setTimeout(resolve, Math.max(SETTLE_MS.started, SETTLE_MS.grown - grown)))
  const idle = await windows(mesh, rounds, 'a second of a daemon that is idle')
  yield* figuresOf(`idle member, ${around}`, idle, { cpu: 0.2, pss: 80 })
  const measuring = await whileRunning(mesh, rounds)
  yield* figuresOf(`member between start and stop, no tools, ${around}`, measuring, { cpu: 0.1, pss: 80 })
  yield* besidePbench(bench, mesh)
}

/** Seconds between two samples of a tool. */
const INTERVAL = 1
/** With tools: what begins them is over after this. */
const TOOLS_SETTLE_MS = 2_000
const TOOLS_WINDOW_MS = 4_000

/** The whole of what observes on one member: bak's daemon with its tools, and pbench's scripts with theirs. */
async function* besidePbench(bench: Bench, mesh: Mesh): AsyncGenerator<Figure> {
  const entrants = [withTools(mesh), await enter(PBENCH, () => pbenchTools(bench))]
  const outcomes = await alternate(entrants, { rounds: bench.options.rounds, warmUps: 0 })
  const what = `all that observes on a member between start and stop, ${TOOLS.join(', ')} at ${INTERVAL} s`
  const note =
    'bak with its daemon; pbench without its Tool Meister, a process of Python that waits meanwhile, and with -l -p ALL of pidstat, whose lines a script of Perl sorts into files'
  yield figure(`${what}: processor`, '% of a core', 'cpu', outcomes, { note, budgets: [mostTimes(1, PBENCH)] })
  yield figure(`${what}: memory`, 'MiB PSS', 'pss', outcomes)
}

/** A run of which one member takes part. */
function withTools(mesh: Mesh): Contender {
  const name = mesh.testnet.peers[1]?.name as string
  return {
    name: BAK,
    async round() {
      const seconds = Math.ceil((TOOLS_SETTLE_MS + TOOLS_WINDOW_MS) / 1000) + 1
      const started = Promise.withResolvers<void>()
      const wanted = { on: name, expect: 1, tools: TOOLS, interval: INTERVAL, command: ['sleep', String(seconds)] }
      const run = mesh.run(wanted, event => {
        if (event.type === 'workload-started') started.resolve()
        if (event.type === 'shortfall') started.reject(new Error(`${event.what}: ${event.reason}`))
      })
      run.catch(started.reject)
      await started.promise
      const cost = await costOf([mesh.pidOf(name)])
      await run
      return cost
    }
  }
}

/** @returns what cannot be started as absent, before anything is measured */
async function pbenchTools(bench: Bench): Promise<Contender | { name: string; absent: string }> {
  const start = async () => startTools(await bench.scratch('pbench'), INTERVAL)
  const first = await start()
  if ('absent' in first) return { name: PBENCH, ...first }
  await first.stop()
  return {
    name: PBENCH,
    async round() {
      const tools = await start()
      if ('absent' in tools) throw new Error(tools.absent)
      try {
        const cost = await costOf(tools.pids)
        tools.check()
        return cost
      } finally {
        await tools.stop()
      }
    }
  }
}

/** Of processes and all that they started. */
async function costOf(pids: number[]): Promise<{ cpu: number; pss: number }> {
  await new Promise(resolve => setTimeout(resolve, TOOLS_SETTLE_MS))
  const [before, began] = [cpuOf(pids), performance.now()]
  await new Promise(resolve => setTimeout(resolve, TOOLS_WINDOW_MS))
  const cpu = (100 * (cpuOf(pids) - before)) / (performance.now() - began)
  const all = withDescendants(pids)
  return { cpu, pss: all.reduce((sum, pid) => sum + (pssOf(pid) ?? 0), 0) }
}

/** The mean member's daemon. */
interface Cost {
  /** % of a core. */
  cpu: number
  /** MiB at the end. */
  pss: number
}

function figuresOf(what: string, costs: Cost[], budgets: Cost): Figure[] {
  const samples = { cpu: costs.map(({ cpu }) => cpu), pss: costs.map(({ pss }) => pss) }
  const outcomes = [{ name: BAK, samples }]
  return [
    figure(`${what}: processor`, '% of a core', 'cpu', outcomes, { budgets: [most(budgets.cpu, '% of a core')] }),
    figure(`${what}: memory`, 'MiB PSS', 'pss', outcomes, { budgets: [most(budgets.pss, 'MiB')] })
  ]
}

async function windows(mesh: Mesh, count: number, what: string): Promise<Cost[]> {
  const costs: Cost[] = []
  for (let i = 0; i < count; i++) {
    const pids = mesh.memberPids
    const from = now()
    const [before, began] = [cpuOfAlone(pids), performance.now()]
    await new Promise(resolve => setTimeout(resolve, WINDOW_MS))
    const cpu = (100 * (cpuOfAlone(pids) - before)) / (performance.now() - began) / pids.length
    mesh.look(what, [from, now()], WINDOW_MS / 1000)
    costs.push({ cpu, pss: median(pids.map(pid => pssOf(pid) ?? Number.NaN)) })
  }
  return costs
}

/** The windows lie within the work of one run. */
async function whileRunning(mesh: Mesh, count: number): Promise<Cost[]> {
  const seconds = Math.ceil((SETTLE_MS.started + count * WINDOW_MS) / 1000) + 2
  const started = Promise.withResolvers<void>()
  const run = mesh.run({ command: ['sleep', String(seconds)] }, event => {
    if (event.type === 'workload-started') started.resolve()
  })
  await Promise.race([started.promise, run])
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS.started))
  const costs = await windows(mesh, count, 'a second between start and stop')
  await run
  return costs
}
