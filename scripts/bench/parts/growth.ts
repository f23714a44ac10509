/** How phase, newcomers and fan-in grow with the members: measured while they fit on this machine, then simulated. */

import { MAX_CONNECTIONS } from '../../../node/mesh/libp2p/libp2p.ts'
import type { Bench } from '../bench.ts'
import { bakPhases } from '../contenders.ts'
import { type Budget, type Figure, figure } from '../figure.ts'
import type { Outcome } from '../measure.ts'
import { type Mesh, membersThatFit } from '../mesh.ts'
import { costPicture, type Foretold, foretell, type Measured, picture } from '../simulation/growth.ts'
import { fit, type Misfit, misfit } from '../simulation/model.ts'
import { FANOUT } from '../simulation/tree.ts'
import { bakSends } from './fan-in.ts'

/** The mesh grows no more after this, ms: the part is to be over in three minutes, whatever the machine. */
const GROWING = 55_000
/** A mesh that could not grow to its size is measured if it has at least so many times the members of the one before. */
const WORTH = 1.2
/** Members of the meshes that are measured, as many of them as are asked for and fit. */
const SIZES = [8, 16, 32, 64, 128, 256]
/** With so few at most there would be too few meshes to see anything grow. */
const SMALL = 16
/** Phases that count of each, and before them. */
const PHASES = 16
const WARM_UPS = 4

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const until = performance.now() + GROWING
  const there = bench.there?.members ?? 0
  const largest = Math.min(bench.options.largest, there + membersThatFit())
  const smaller = SIZES.filter(size => size < largest)
  // programs that write profiles are slow, and two meshes show what grows
  const between = bench.options.profile ? smaller.slice(0, 1) : smaller
  const sizes = [...(largest > SMALL ? [] : [4]), ...between, largest]
  const measured: Measured[] = []
  for (const size of inOrder(sizes, there)) {
    const mesh = await meshOf(bench, size - 1, until)
    const most = Math.max(0, ...measured.map(({ members }) => members))
    if (mesh.members < size - 1 && mesh.members < most * WORTH) continue
    measured.push(await look(mesh, await mesh.newcomer()))
  }
  // the daemons that are still there have the profiles
  if (!bench.options.profile) await bench.noMesh()
  measured.sort((one, other) => one.members - other.members)
  yield* measuredFigures(measured)
  const model = fit(measured)
  const foretold = foretell(model, measured)
  const wrong = misfit(measured)
  yield* simulatedFigures(foretold, wrong)
  bench.pictures.set('growth.svg', picture(model, measured, foretold, `${latencyInWords(wrong)}.`))
  bench.pictures.set('growth-cost.svg', costPicture(measured, foretold, `${costInWords(wrong)}.`))
}

/** A mesh that another part has left grows first, and gets smaller then: it costs less than new daemons. */
function inOrder(sizes: number[], there: number): number[] {
  return [...sizes.filter(size => size >= there), ...sizes.filter(size => size < there).reverse()]
}

async function meshOf(bench: Bench, members: number, until: number): Promise<Mesh> {
  const mesh = bench.there ?? (await bench.mesh(Math.min(members, SMALL)))
  if (mesh.members > members) await mesh.shrink(members)
  else await mesh.grow(members, until)
  return mesh
}

/** @param newcomer ms that the last one took */
async function look(mesh: Mesh, newcomer: number): Promise<Measured> {
  await bakPhases(mesh, WARM_UPS).round()
  const phase = await bakPhases(mesh, PHASES).round()
  // the first mesh is the largest, and new
  await bakSends(mesh, 1).round()
  const sends = await bakSends(mesh).round()
  return {
    ...{ members: mesh.members, newcomer },
    latency: phase.latency as number,
    controller: phase.driver as number,
    others: (phase.cpu as number) - (phase.driver as number),
    ...{ fanIn: sends.latency as number, fanInController: sends.driver as number }
  }
}

function measuredFigures(measured: Measured[]): Figure[] {
  const [least, most] = [measured[0], measured.at(-1)] as [Measured, Measured]
  const times = most.members / least.members
  const linear = { budgets: [grows(`at most linear, ${times.toFixed(0)} x`, named(least), named(most), times)] }
  const of = (what: string, value: (each: Measured) => number, more = {}) =>
    figure(
      what,
      'ms',
      'value',
      measured.map(each => outcome(named(each), value(each))),
      more
    )
  return [
    of('growth: command to certificate', each => each.latency, linear),
    of('growth: processor time of a phase, all parts', each => each.controller + each.others, linear),
    of('growth: processor time of a phase, the controller', each => each.controller, linear),
    of('growth: until a newcomer is known to all and knows all', each => each.newcomer, linear),
    of('growth: 2 KiB from each member', each => each.fanIn, linear)
  ]
}

function simulatedFigures(foretold: Foretold[], wrong: Wrong): Figure[] {
  const without = 'simulated, without aggregation'
  const shown = foretold.filter(({ members }) => members >= 64)
  const [least, most] = [shown[0], shown.at(-1)] as [Foretold, Foretold]
  const budget = (says: string, times: number) => ({
    budgets: [grows(`${says}, ${times.toFixed(1)} x`, named(least), named(most), times)]
  })
  const logarithmic = budget('logarithmic', Math.log(most.members) / Math.log(least.members))
  // a newcomer has the record of each peer to read and to verify
  const linear = budget('at most linear', most.members / least.members)
  const of = (what: string, value: (each: Foretold) => number, more = {}) =>
    figure(
      what,
      'ms',
      'value',
      shown.map(each => outcome(named(each), value(each))),
      more
    )
  return [
    of('simulated, a machine each: command to certificate', each => each.latency, {
      ...logarithmic,
      note: [latencyInWords(wrong), costInWords(wrong), ...LIMITS].join('; ')
    }),
    of('simulated, a machine each: processor time of a phase, all parts', each => each.cpu),
    of('simulated, a machine each: processor time of a phase, the controller', each => each.controller),
    of(`${without}: command to certificate`, each => each.star.latency),
    of(`${without}: processor time of a phase, the controller`, each => each.star.controller),
    of('simulated, a machine each: until a newcomer is known to all and knows all', each => each.newcomer, linear),
    of('simulated, a machine each: 2 KiB from each member', each => each.fanIn)
  ]
}

/** What this version cannot hold, and the model leaves aside. */
const LIMITS = [
  `above ${FANOUT} members some aggregate the acknowledgements of others; the controller verifies each before it counts`,
  `a controller takes ${MAX_CONNECTIONS} connections, the model as many as there are members`,
  'a command that is repeated because a phase takes long is not in it'
]

type Wrong = ReturnType<typeof misfit>

const UNKNOWN = 'too few meshes were measured to say how wrong the model is'

const latencyInWords = (wrong: Wrong) =>
  wrong == null ? UNKNOWN : inWords(wrong.latency, 'a phase', wrong.latency.error > 0 ? 'long' : 'short')

const costInWords = (wrong: Wrong) =>
  wrong == null ? UNKNOWN : inWords(wrong.cpu, 'the processor time of one', wrong.cpu.error > 0 ? 'dear' : 'cheap')

const inWords = ({ members, error }: Misfit, what: string, how: string) =>
  `foretold from the others, ${what} of ${members} members comes out ${Math.abs(error * 100).toFixed(0)} % too ${how}, which is the model's worst`

const named = ({ members }: { members: number }) => `${members} members`

const outcome = (name: string, value: number): Outcome => ({ name, samples: { value: [value] } })

function grows(says: string, from: string, to: string, times: number): Budget {
  return {
    says,
    holds: of => {
      const [less, more] = [of(from), of(to)]
      return less == null || more == null ? undefined : more <= less * times
    }
  }
}
