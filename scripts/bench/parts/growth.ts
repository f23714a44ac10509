/** How phase, newcomers and fan-in grow with the members: measured while they fit on this machine, then simulated. */

import { MAX_CONNECTIONS } from '../../../node/mesh/network.ts'
import type { Bench } from '../bench.ts'
import { bakPhases } from '../contenders.ts'
import { type Budget, type Figure, figure } from '../figure.ts'
import type { Outcome } from '../measure.ts'
import { type Mesh, membersThatFit } from '../mesh.ts'
import { type Foretold, foretell, type Measured, picture } from '../simulation/growth.ts'
import { fit, type Misfit, misfit } from '../simulation/model.ts'
import { bakSends } from './fan-in.ts'

/** Members of the meshes that are measured, as many of them as are asked for and fit. */
const SIZES = [8, 16, 32, 64, 128, 256]
/** With so few at most there would be too few meshes to see anything grow. */
const SMALL = 16
/** Phases that count of each. */
const PHASES = 16

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const largest = Math.min(bench.options.largest, membersThatFit())
  const sizes = [...(largest > SMALL ? [] : [4]), ...SIZES.filter(size => size < largest), largest]
  await bench.noMesh()
  const measured: Measured[] = []
  for (const size of sizes) {
    const mesh = await bench.mesh(size - 1)
    measured.push(await look(mesh, await mesh.newcomer()))
  }
  await bench.noMesh()
  yield* measuredFigures(measured)
  const model = fit(measured)
  const foretold = foretell(model, measured)
  const wrong = misfit(measured)
  yield* simulatedFigures(foretold, wrong)
  bench.pictures.set('growth.svg', picture(model, measured, foretold, `${inWords(wrong)}.`))
}

/** @param newcomer ms that the last one took */
async function look(mesh: Mesh, newcomer: number): Promise<Measured> {
  const phases = bakPhases(mesh, PHASES)
  await phases.round()
  const phase = await phases.round()
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
    of('growth: until a newcomer is known to all and knows all', each => each.newcomer, linear),
    of('growth: 2 KiB from each member', each => each.fanIn, linear)
  ]
}

function simulatedFigures(foretold: Foretold[], wrong: Misfit | undefined): Figure[] {
  const shown = foretold.filter(({ members }) => members >= 64)
  const [least, most] = [shown[0], shown.at(-1)] as [Foretold, Foretold]
  const times = Math.log(most.members) / Math.log(least.members)
  const budgets = [grows(`logarithmic, ${times.toFixed(1)} x`, named(least), named(most), times)]
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
      budgets,
      note: [inWords(wrong), ...LIMITS].join('; ')
    }),
    of('simulated, a machine each: until a newcomer is known to all and knows all', each => each.newcomer, { budgets }),
    of('simulated, a machine each: 2 KiB from each member', each => each.fanIn)
  ]
}

/** What this version cannot hold, and the model leaves aside. */
const LIMITS = [
  `a controller takes ${MAX_CONNECTIONS} connections, the model as many as there are members`,
  'a command that is repeated because a phase takes long is not in it'
]

const inWords = (wrong: Misfit | undefined) =>
  wrong == null
    ? 'too few meshes were measured to say how wrong the model is'
    : `foretold from the others, a phase of ${wrong.members} members comes out ${Math.abs(wrong.error * 100).toFixed(0)} % too ${
        wrong.error > 0 ? 'long' : 'short'
      }, which is the model's worst`

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
