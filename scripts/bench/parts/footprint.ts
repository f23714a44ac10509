/** Memory of an idle daemon, in meshes of several sizes. */
import type { Bench } from '../bench.ts'
import { hire } from '../crew.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, enter, median } from '../measure.ts'
import { startSerf } from '../peers/serf.ts'
import { pssOf } from '../processes.ts'

const SIZES = [8, 64]
/** From one reading to the next. */
const EVERY_MS = 200
const SERF = 'serf agent'
const NODE = 'bare Node'

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const node = await hire('idle')
  bench.after(() => node.stop())
  const others = [
    resident(NODE, () => [node.pid]),
    await enter(SERF, async () => {
      const serf = await startSerf(bench, 1)
      return 'absent' in serf ? { name: SERF, ...serf } : resident(SERF, () => serf.pids)
    })
  ]
  for (const size of [...SIZES.filter(each => each < peers), peers]) {
    const mesh = await bench.mesh(size)
    const outcomes = await alternate([resident(BAK, () => mesh.pids), ...others], { rounds, warmUps: 0 })
    yield figure(`memory of an idle daemon, mesh of ${size + 1}`, 'MiB PSS', 'pss', outcomes, {
      budgets: size === Math.max(...SIZES) ? [most(80, 'MiB')] : []
    })
  }
}

/** The middle of several processes. */
function resident(name: string, pids: () => number[]): Contender {
  return {
    name,
    async round() {
      await new Promise(resolve => setTimeout(resolve, EVERY_MS))
      return { pss: median(pids().map(pid => pssOf(pid) ?? Number.NaN)) }
    }
  }
}
