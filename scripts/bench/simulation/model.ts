/**
 * The simulation made to fit what was measured. The proportions of the costs are those of single messages between two
 * processes (DESIGN.md, fact 5); how dear all of it is on this machine, for the controller and for members, is one factor
 * each, from the measured processor time; latencies lie on a line over what the simulation says, whose foot is what a phase
 * or a newcomer waits for beside processors.
 */
import { availableParallelism } from 'node:os'
import type { Costs } from './gossip.ts'
import { simulateNewcomer } from './newcomer.ts'
import { type PhaseCosts, type Simulated, simulatePhase } from './phase.ts'
import type { Subtree } from './tree.ts'
import { gossipParameters, type Place } from './world.ts'

/** ms, before they are fitted. */
const PROPORTIONS: PhaseCosts & Costs = {
  ...{ send: 0.27, first: 0.56, again: 0.24, control: 0.2 },
  ...{ act: 0.6, answer: 0.5, batch: 0.27, verify: 0.2, acknowledged: 0.01 }
}
/** Two machines in a room, one way, ms. */
export const ROOM: Place = { cores: 'own', latency: 0.25 }
/** The processes that were measured share a machine. */
export const HERE: Place = { cores: availableParallelism(), latency: 0.05 }

/** A mesh that was measured: ms of latency, ms of processor time of a phase. */
export interface Point {
  members: number
  latency: number
  controller: number
  others: number
  /** Until a newcomer is known to all. */
  newcomer: number
}

export interface Model {
  /** Factors on the costs. */
  controller: number
  member: number
  /** From simulated ms to real ones. */
  phase: Line
  newcomer: Line
}

interface Line {
  foot: number
  slope: number
}

/** @throws without points */
export function fit(points: Point[]): Model {
  if (points.length === 0) throw new RangeError('a model wants measured points')
  const plain = { controller: 1, member: 1, phase: SAME, newcomer: SAME }
  const pairs = points.map(point => ({ point, told: simulate(plain, point.members, HERE) }))
  const controller = times(pairs.map(({ point, told }) => [told.controller, point.controller]))
  const member = times(pairs.map(({ point, told }) => [told.members, point.others]))
  const scaled = { ...plain, controller, member }
  return {
    ...{ controller, member },
    phase: lineOf(points.map(({ members, latency }) => [simulate(scaled, members, HERE).latency, latency])),
    newcomer: lineOf(points.map(point => [newcomer(scaled, point.members, HERE), point.newcomer]))
  }
}

/** A phase. @param shape the tree of acknowledgements; that of a run if not given */
export function simulate(
  { controller, member, phase }: Model,
  members: number,
  place: Place,
  shape?: Subtree[]
): Simulated {
  const costs = { costs: PROPORTIONS, factors: { controller, member } }
  const told = simulatePhase({ members, place, parameters: gossipParameters(), shape, ...costs })
  return { ...told, latency: on(phase, told.latency) }
}

/** @returns ms until a newcomer is known to all and knows all */
export function newcomer({ controller, member, newcomer: line }: Model, members: number, place: Place): number {
  const costs = { costs: PROPORTIONS, factors: { controller, member } }
  return on(line, simulateNewcomer({ members, place, parameters: gossipParameters(), ...costs }))
}

export interface Misfit {
  members: number
  /** Relative: 0.1 says a tenth too much. */
  error: number
}

/**
 * How wrong the model is: each mesh's phase is foretold from all the others.
 * @returns the worst of what a phase takes and of its processor time; undefined where there are too few to try it
 */
export function misfit(points: Point[]): { latency: Misfit; cpu: Misfit } | undefined {
  if (points.length < 3) return undefined
  const each = points.map(point => {
    const told = simulate(fit(points.filter(other => other !== point)), point.members, HERE)
    const { members, latency, controller, others } = point
    return { members, latency: told.latency / latency, cpu: (told.controller + told.members) / (controller + others) }
  })
  const worst = (of: 'latency' | 'cpu') =>
    each
      .map(one => ({ members: one.members, error: one[of] - 1 }))
      .reduce((most, one) => (Math.abs(one.error) > Math.abs(most.error) ? one : most))
  return { latency: worst('latency'), cpu: worst('cpu') }
}

const SAME: Line = { foot: 0, slope: 1 }

const on = ({ foot, slope }: Line, value: number) => foot + slope * value

/** The factor that makes the first of each pair the second, with the least squares of what is left. */
function times(pairs: Array<[number, number]>): number {
  return sum(pairs.map(([told, was]) => told * was)) / sum(pairs.map(([told]) => told * told))
}

/** The line over the first of each pair that is nearest to the second, relative to it; it neither falls nor starts below 0. */
export function lineOf(pairs: Array<[number, number]>): Line {
  const weights = pairs.map(([, was]) => 1 / was ** 2)
  const mean = (of: (pair: [number, number]) => number) =>
    sum(pairs.map((pair, i) => of(pair) * (weights[i] as number))) / sum(weights)
  const [x, y] = [mean(([told]) => told), mean(([, was]) => was)]
  const slope = mean(([told, was]) => (told - x) * (was - y)) / mean(([told]) => (told - x) ** 2)
  const foot = y - slope * x
  if (pairs.length === 1 || slope < 0) return { foot: Math.max(0, y - x), slope: y < x ? y / x : 1 }
  return foot >= 0
    ? { foot, slope }
    : { foot: 0, slope: mean(([told, was]) => told * was) / mean(([told]) => told ** 2) }
}

const sum = (values: number[]) => values.reduce((all, each) => all + each, 0)
