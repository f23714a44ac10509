/** What watching costs: processor time and memory of a daemon that is idle, and of one between start and stop. */
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { median } from '../measure.ts'
import { type Mesh, now } from '../mesh.ts'
import { cpuOfAlone, pssOf } from '../processes.ts'

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
