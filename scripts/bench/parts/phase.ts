/** From a command's issue to its certificate, and what that costs. */
import type { Bench } from '../bench.ts'
import { bakPhases, ROADBLOCK, roadblocks, SINK, STAR, sinkPhases, starPhases } from '../contenders.ts'
import { type Figure, figure, most, mostTimes, unbuilt } from '../figure.ts'
import { alternate, enter } from '../measure.ts'

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const outcomes = await alternate(
    [
      bakPhases(await bench.mesh(peers)),
      await enter(SINK, () => sinkPhases(bench, peers)),
      await enter(STAR, () => starPhases(bench, peers)),
      await enter(ROADBLOCK, () => roadblocks(bench, peers))
    ],
    { rounds, warmUps: 1 }
  )
  const [bak, sink, star, roadblock] = outcomes as [never, never, never, never]
  const members = `${peers} members`
  yield* [
    figure(`command to certificate, ${members}`, 'ms', 'latency', [bak, sink, star], {
      budgets: [mostTimes(1, SINK)],
      note: `the sink signs nothing; the ${STAR} signs and verifies as bak does`
    }),
    figure(`processor time of a phase, all parts, ${members}`, 'ms', 'cpu', [bak, sink, star], {
      budgets: [mostTimes(2, SINK)]
    }),
    unbuilt(`barrier from a script, ${members}`, 'ms', 'there is no bak barrier', {
      ...{ key: 'latency', entries: [roadblock] },
      budgets: [mostTimes(0.1, ROADBLOCK)]
    }),
    unbuilt("phase as the user's command", 'ms', 'no command of bak is one phase', { budgets: [most(85, 'ms')] })
  ]
}
