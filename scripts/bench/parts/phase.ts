/** From a command's issue to its certificate, and what that costs. */
import type { Bench } from '../bench.ts'
import { bakPhases, SINK, STAR, sinkPhases, starPhases } from '../contenders.ts'
import { type Figure, figure, mostTimes } from '../figure.ts'
import { alternate, enter } from '../measure.ts'

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const outcomes = await alternate(
    [
      bakPhases(await bench.mesh(peers)),
      await enter(STAR, () => starPhases(bench, peers)),
      await enter(SINK, () => sinkPhases(bench, peers))
    ],
    { rounds, warmUps: 1 }
  )
  const members = `${peers} members`
  yield* [
    figure(`command to certificate, ${members}`, 'ms', 'latency', outcomes, {
      budgets: [mostTimes(3, STAR)],
      note: `the ${STAR} signs and verifies as bak does; the sink signs nothing and is shown without a budget`
    }),
    figure(`processor time of a phase, all parts, ${members}`, 'ms', 'cpu', outcomes, {
      budgets: [mostTimes(2.3, STAR)]
    })
  ]
}
