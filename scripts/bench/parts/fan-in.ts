/** Every member sends a little at once. */
import type { Bench } from '../bench.ts'
import { SINK, sinkPhases } from '../contenders.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, enter, median } from '../measure.ts'
import { type Mesh, Spent } from '../mesh.ts'

const BYTES = 2048
/** Samples of a repetition: each is sent once. */
const SAMPLES = 2

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const send = { action: 'send' as const, bytes: BYTES, phases: SAMPLES }
  const outcomes = await alternate(
    [bakSends(await bench.mesh(peers)), await enter(SINK, () => sinkPhases(bench, peers, send))],
    { rounds, warmUps: 1 }
  )
  yield* [
    figure(`${peers} sends of 2 KiB, command to last receipt`, 'ms', 'latency', outcomes, {
      budgets: [most(500, 'ms')],
      note: 'bak packs, compresses, verifies, unpacks and signs a receipt; the sink takes a file by PUT and hashes it'
    }),
    figure(`processor time of ${peers} sends, all parts`, 'ms', 'cpu', outcomes)
  ]
}

/** Figures: `latency` of the phase `send`, `cpu` of all daemons for it, and `driver` of the controller's. */
export function bakSends(mesh: Mesh, samples = SAMPLES): Contender {
  // bytes that no compression makes fewer
  const tool = { blob: { command: ['head', '-c', String(BYTES), '/dev/urandom'] } }
  return {
    name: BAK,
    async round() {
      const took: number[] = []
      const spent = new Spent(mesh, `a send from each of ${mesh.members} members`)
      await mesh.run({ command: ['true'], tools: ['blob'], tool, samples }, event => {
        if (event.type === 'phase-open' && event.phase === 'send') spent.begin()
        if (event.type !== 'phase-closed' || event.phase !== 'send') return
        took.push(event.took)
        spent.end()
      })
      return { latency: median(took), ...spent.each(took.length) }
    }
  }
}
