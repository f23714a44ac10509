/** What watching costs: processor, context switches, bytes and memory of a daemon that is idle, and of one between start and stop. */
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { median } from '../measure.ts'
import { type Mesh, now } from '../mesh.ts'
import { activityOf, pssOf } from '../processes.ts'

/** Looked at for so long, ms. */
const WINDOW = 3_000
/** Before the first look, ms: what a command brought with it, or what follows a new connection, is over. */
const SETTLE = { started: 3_000, grown: 35_000 }

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const mesh = await bench.mesh(peers)
  const around = `mesh of ${peers + 1}`
  const grown = performance.now() - mesh.grown
  await new Promise(resolve => setTimeout(resolve, Math.max(SETTLE.started, SETTLE.grown - grown)))
  const idle = await windows(mesh, rounds, 'a second of a daemon that is idle')
  yield* figuresOf(`idle member, ${around}`, idle, { cpu: 0.2, pss: 80 })
  const measuring = await whileRunning(mesh, rounds, [])
  yield* figuresOf(`member between start and stop, no tools, ${around}`, measuring, { cpu: 0.1, pss: 80 })
  const sampling = await whileRunning(mesh, rounds, ['proc'])
  yield* figuresOf(`member between start and stop, proc every 3 s, ${around}`, sampling)
}

/** Means of a member's daemon in a second. */
interface Cost {
  cpu: number
  switches: number
  bytes: number
  /** MiB at the end. */
  pss: number
}

function figuresOf(what: string, costs: Cost[], budgets?: { cpu: number; pss: number }): Figure[] {
  const outcome = {
    name: BAK,
    samples: {
      cpu: costs.map(({ cpu }) => cpu / 10),
      switches: costs.map(({ switches }) => switches),
      bytes: costs.map(({ bytes }) => bytes),
      pss: costs.map(({ pss }) => pss)
    }
  }
  return [
    figure(`${what}: processor`, '% of a core', 'cpu', [outcome], {
      budgets: budgets == null ? [] : [most(budgets.cpu, '% of a core')]
    }),
    figure(`${what}: context switches`, 'a second', 'switches', [outcome]),
    figure(`${what}: bytes through sockets and files`, 'a second', 'bytes', [outcome]),
    figure(`${what}: memory`, 'MiB PSS', 'pss', [outcome], {
      budgets: budgets == null ? [] : [most(budgets.pss, 'MiB')]
    })
  ]
}

/** @returns the mean member's cost of each window, a second: cpu in ms */
async function windows(mesh: Mesh, count: number, what: string): Promise<Cost[]> {
  const costs: Cost[] = []
  for (let i = 0; i < count; i++) {
    const pids = mesh.memberPids
    const from = now()
    const [before, began] = [activityOf(pids), performance.now()]
    await new Promise(resolve => setTimeout(resolve, WINDOW))
    const after = activityOf(pids)
    mesh.look(what, [from, now()], WINDOW / 1000)
    const share = pids.length * ((performance.now() - began) / 1000)
    costs.push({
      cpu: (after.cpu - before.cpu) / share,
      switches: (after.switches - before.switches) / share,
      bytes: (after.bytes - before.bytes) / share,
      pss: median(pids.map(pid => pssOf(pid) ?? Number.NaN))
    })
  }
  return costs
}

/** The windows lie within the work of one run. */
async function whileRunning(mesh: Mesh, count: number, tools: string[]): Promise<Cost[]> {
  const seconds = Math.ceil((SETTLE.started + count * WINDOW) / 1000) + 2
  const started = Promise.withResolvers<void>()
  const run = mesh.run({ command: ['sleep', String(seconds)], tools }, event => {
    if (event.type === 'workload-started') started.resolve()
  })
  await Promise.race([started.promise, run])
  await new Promise(resolve => setTimeout(resolve, SETTLE.started))
  const with_ = tools.length === 0 ? 'no tools' : tools.join(', ')
  const costs = await windows(mesh, count, `a second between start and stop, ${with_}`)
  await run
  return costs
}
