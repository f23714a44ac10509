/** How a phase grows with the members: measured while they fit on this machine, then simulated. */
import { MAX_CONNECTIONS } from '../../../node/mesh/libp2p/libp2p.ts'
import type { Bench } from '../bench.ts'
import { bakPhases } from '../contenders.ts'
import { type Budget, type Figure, figure } from '../figure.ts'
import type { Outcome } from '../measure.ts'
import { type Mesh, membersThatFit } from '../mesh.ts'
import { fit, type Misfit, type Model, misfit, type Point, ROOM, simulate } from '../simulation/model.ts'
import { FANOUT } from '../simulation/subtrees.ts'

/** The mesh grows no more after this: the part is to be over in three minutes, whatever the machine. */
const GROWTH_MS = 55_000
/** A mesh that did not grow to its size in that time is measured if it has so many times the members of the one before. */
const LEAST_GROWTH = 1.2
/** Members of the meshes that are measured, as many of them as are asked for and fit. */
const SIZES = [8, 16, 32, 64, 128, 256]
/** Members of the meshes that are simulated; the first is also measured. */
const SIMULATED_SIZES = [64, 128, 256, 512, 1024, 2048, 4096, 10_000]
/** With so few at most there would be too few meshes to see anything grow. */
const SMALL = 16
/** Phases that count of each mesh, and before them. */
const PHASES = 16
const WARM_UPS = 4

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const until = performance.now() + GROWTH_MS
  const there = bench.there?.members ?? 0
  const largest = Math.min(bench.options.largest, there + membersThatFit())
  const smaller = SIZES.filter(size => size < largest)
  // programs that write profiles are slow, and two meshes show what grows
  const between = bench.options.profile ? smaller.slice(0, 1) : smaller
  const sizes = [...(largest > SMALL ? [] : [4]), ...between, largest]
  const measured: Point[] = []
  for (const size of inOrder(sizes, there)) {
    const mesh = await meshOf(bench, size, until)
    const most = Math.max(0, ...measured.map(({ members }) => members))
    if (mesh.members < size && mesh.members < most * LEAST_GROWTH) continue
    measured.push(await measureOne(mesh))
  }
  // the daemons that are still there have the profiles
  if (!bench.options.profile) await bench.noMesh()
  measured.sort((one, other) => one.members - other.members)
  yield* measuredFigures(measured)
  yield* simulatedFigures(fit(measured), misfit(measured))
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

async function measureOne(mesh: Mesh): Promise<Point> {
  await bakPhases(mesh, WARM_UPS).round()
  const { latency, cpu, driver } = (await bakPhases(mesh, PHASES).round()) as Record<
    'latency' | 'cpu' | 'driver',
    number
  >
  return { members: mesh.members, latency, controller: driver, others: cpu - driver }
}

function measuredFigures(measured: Point[]): Figure[] {
  const [least, most] = [measured[0], measured.at(-1)] as [Point, Point]
  const times = most.members / least.members
  const linear = [grows(`at most linear, ${times.toFixed(0)} x`, named(least), named(most), times)]
  const of = (what: string, value: (each: Point) => number) =>
    figure(`growth: ${what}`, 'ms', 'value', outcomes(measured, value), { budgets: linear })
  return [
    of('command to certificate', each => each.latency),
    of('processor time of a phase, all parts', each => each.controller + each.others),
    of('processor time of a phase, the controller', each => each.controller)
  ]
}

function simulatedFigures(model: Model, wrong: Wrong): Figure[] {
  const simulated = SIMULATED_SIZES.map(members => {
    const { latency, controller, members: others } = simulate(model, members, ROOM)
    return { members, latency, controller, others }
  })
  const [least, most] = [simulated[0], simulated.at(-1)] as [Point, Point]
  const times = Math.log(most.members) / Math.log(least.members)
  const logarithmic = grows(`logarithmic, ${times.toFixed(1)} x`, named(least), named(most), times)
  const of = (what: string, value: (each: Point) => number, more = {}) =>
    figure(`simulated, a machine each: ${what}`, 'ms', 'value', outcomes(simulated, value), more)
  return [
    of('command to certificate', each => each.latency, {
      budgets: [logarithmic],
      note: [errorsOf(wrong), ...LIMITS].join('; ')
    }),
    of('processor time of a phase, all parts', each => each.controller + each.others),
    of('processor time of a phase, the controller', each => each.controller)
  ]
}

/** What the model leaves aside. */
const LIMITS = [
  `above ${FANOUT} members some aggregate the answers of others`,
  `a controller has at most ${MAX_CONNECTIONS} connections: above that members pass commands on`,
  'a command that is repeated because a phase takes long is not in it'
]

type Wrong = ReturnType<typeof misfit>

const errorsOf = (wrong: Wrong) =>
  wrong == null
    ? 'too few meshes were measured to tell the error of the model'
    : `each mesh simulated from the others, the largest error is ${errorOf(wrong.latency)} of the latency, ${errorOf(wrong.cpu)} of the processor time`

const errorOf = ({ members, error }: Misfit) =>
  `${error > 0 ? '+' : '-'}${Math.abs(error * 100).toFixed(0)} % (${members} members)`

const named = ({ members }: { members: number }) => `${members} members`

const outcomes = (points: Point[], value: (each: Point) => number): Outcome[] =>
  points.map(each => ({ name: named(each), samples: { value: [value(each)] } }))

function grows(says: string, from: string, to: string, times: number): Budget {
  return {
    says,
    holds: of => {
      const [less, more] = [of(from), of(to)]
      return less == null || more == null ? undefined : more <= less * times
    }
  }
}
