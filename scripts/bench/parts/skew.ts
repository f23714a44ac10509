/** How far apart the members begin at `start`: as the run records it, and as it is where all clocks are one. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../../protocols/codec.ts'
import { envelope, open } from '../../../protocols/envelope.ts'
import { certificateFile } from '../../../protocols/layout.ts'
import { ackSubject, certificateSubject } from '../../../protocols/phase.ts'
import type { Bench } from '../bench.ts'
import { SINK, STAR, sinkPhases, starPhases } from '../contenders.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, enter, median } from '../measure.ts'
import { type Mesh, Spent } from '../mesh.ts'

/** Samples of a repetition: each starts once. */
const SAMPLES = 8

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const outcomes = await alternate(
    [
      bakStarts(await bench.mesh(peers)),
      await enter(SINK, () => sinkPhases(bench, peers)),
      await enter(STAR, () => starPhases(bench, peers))
    ],
    { rounds, warmUps: 1 }
  )
  yield* [
    figure(`start skew as recorded, ${peers} members`, 'ms', 'skew', outcomes, {
      budgets: [most(5, 'ms')],
      note: 'bak agrees on an instant ahead; the others begin when the command comes'
    }),
    figure(`start skew by the one clock of the machine, ${peers} members`, 'ms', 'real', outcomes, {
      note: 'without the offsets that members measured before: here they are errors, and must be small'
    })
  ]
}

function bakStarts(mesh: Mesh): Contender {
  return {
    name: BAK,
    async round() {
      const recorded: number[] = []
      const starts: number[] = []
      let folder = ''
      const spent = new Spent(mesh, 'a start')
      await mesh.run({ command: ['true'], samples: SAMPLES }, event => {
        if (event.type === 'phase-open' && event.phase === 'start') spent.begin()
        if (event.type === 'phase-closed' && event.phase === 'start') spent.end()
        if (event.type === 'skew') recorded.push(event.skew)
        if (event.type === 'phase-closed' && event.phase === 'start') starts.push(event.seq)
        if (event.type === 'ended') folder = event.folder
      })
      return { skew: median(recorded), real: median(await realSkews(folder, starts)) }
    }
  }
}

/** @returns for each `start` how far apart its members began by their own clocks, ms */
async function realSkews(folder: string, seqs: number[]): Promise<number[]> {
  const read = async (name: string) => decode(envelope, await readFile(join(folder, name)))
  const sealed = await Promise.all(seqs.map(seq => read(certificateFile({ seq, phase: 'start' }))))
  return sealed.map(each => {
    const acks = open(certificateSubject, each).value.acks.map(ack => open(ackSubject, ack))
    const began = acks.flatMap(({ value: { began, clock } }) => (began == null ? [] : [began + (clock?.offset ?? 0)]))
    return Math.max(...began) - Math.min(...began)
  })
}
