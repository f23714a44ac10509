/** Round trips of a run and of each of its phases, counted where one takes much longer than what processors do: in namespaces. */
import type { RunEvent } from '../../../protocols/events.ts'
import { labMissing } from '../../../testnets/lab/available.ts'
import { startLabMesh } from '../../../testnets/lab/mesh.ts'
import { runToEnd } from '../../../testnets/runs.ts'
import type { Testnet } from '../../../testnets/testnet.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import type { Outcome } from '../measure.ts'

/** One way, and both. */
const DELAY_MS = 50
const ROUND_TRIP_MS = 2 * DELAY_MS
const DRIVER = 'driver'
const HOSTS = [DRIVER, 'm1', 'm2']
/** What the first connections bring with them is over, so that a run finds the mesh at rest. */
const SETTLE_MS = 10_000
const RUN_LIMIT_MS = 60_000
/** Without tools and output a member does nothing at `stop`: it is command, answers and certificate. */
const EMPTY_PHASE = 'stop'

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const missing = labMissing()
  const where = `${HOSTS.length} members, ${ROUND_TRIP_MS} ms each`
  if (missing != null) {
    yield figure(`a run of one sample, ${where}`, 'round trips', 'trips', [{ name: BAK, absent: missing }], {
      budgets: budgets.run
    })
    return
  }
  await bench.noMesh()
  const { testnet, stop } = await startLabMesh({
    topology: { hosts: HOSTS.map(name => ({ name })) },
    conditions: { delay: DELAY_MS },
    folder: await bench.scratch('rtt'),
    args: () => ['--log', 'error']
  })
  bench.after(stop)
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  const whole: number[] = []
  const phases = new Map<string, number[]>()
  for (let i = 0; i < bench.options.rounds; i++) {
    const { took, events } = await runOnce(testnet)
    whole.push(took)
    const note = (name: string, ms: number) => phases.set(name, [...(phases.get(name) ?? []), ms])
    let rest = took
    for (const event of events) {
      if (event.type !== 'phase-closed') continue
      note(event.phase, event.took)
      rest -= event.took
    }
    note('outside of phases', rest)
  }
  const bak = (samples: number[]): Outcome[] => [{ name: BAK, samples: { trips: samples } }]
  yield* [
    figure(`a run of one sample, ${where}`, 'round trips', 'trips', bak(whole.map(inTrips)), {
      budgets: budgets.run,
      note: 'one sample of `true`, without tools and sysinfo, from the call to the event `ended`'
    }),
    figure(
      `each phase of it, ${where}`,
      'round trips',
      'trips',
      [...phases].map(([name, took]) => ({ name, samples: { trips: took.map(inTrips) } }))
    ),
    figure(`an empty phase, ${where}`, 'ms', 'trips', bak(phases.get(EMPTY_PHASE) ?? []), { budgets: budgets.phase })
  ]
}

const budgets = {
  run: [most(14, 'round trips')],
  phase: [most(ROUND_TRIP_MS + 20, 'ms')]
}

const inTrips = (ms: number) => ms / ROUND_TRIP_MS

async function runOnce(testnet: Testnet): Promise<{ took: number; events: RunEvent[] }> {
  const began = performance.now()
  const spec = { command: ['true'], tools: [], sysinfo: 'none' as const, expect: HOSTS.length }
  const { ended, events } = await runToEnd(testnet, DRIVER, spec, { limit: RUN_LIMIT_MS })
  if (ended.verdict !== 'ok') throw new Error(`a run of bak ended ${ended.verdict}: ${ended.reason}`)
  return { took: performance.now() - began, events }
}
