/**
 * The simulation made to fit what was measured. The proportions of the costs are those of single messages between two
 * processes; how much all of it costs on this machine, for the controller and for members, is one factor
 * each, from the measured processor time; latencies lie on a line over the simulated ones, whose foot is what a phase
 * waits for beside processors.
 */
import { availableParallelism } from 'node:os'
import { type PhaseCosts, type Simulated, simulatePhase } from './phase.ts'
import { gossipParameters, type Place } from './world.ts'

/** ms, before they are fitted. */
const PROPORTIONS: PhaseCosts = {
  ...{ send: 0.27, act: 0.6, again: 0.24, control: 0.2 },
  ...{ answer: 0.5, batch: 0.27, verify: 0.2, acknowledged: 0.01 }
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
}

export interface Model {
  /** Factors on the costs. */
  controller: number
  member: number
  /** From simulated ms to real ones. */
  phase: Line
}

interface Line {
  foot: number
  slope: number
}

/** @throws without points */
export function fit(points: Point[]): Model {
  if (points.length === 0) throw new RangeError('a model wants measured points')
  const plain = { controller: 1, member: 1, phase: SAME }
  const pairs = points.map(point => ({ point, simulated: simulate(plain, point.members, HERE) }))
  const controller = times(pairs.map(({ point, simulated }) => [simulated.controller, point.controller]))
  const member = times(pairs.map(({ point, simulated }) => [simulated.members, point.others]))
  const scaled = { ...plain, controller, member }
  return {
    ...{ controller, member },
    phase: lineOf(points.map(({ members, latency }) => [simulate(scaled, members, HERE).latency, latency]))
  }
}

export function simulate({ controller, member, phase }: Model, members: number, place: Place): Simulated {
  const costs = { costs: PROPORTIONS, factors: { controller, member } }
  const simulated = simulatePhase({ members, place, parameters: gossipParameters(), ...costs })
  return { ...simulated, latency: on(phase, simulated.latency) }
}

export interface Misfit {
  members: number
  /** Relative: 0.1 says a tenth too much. */
  error: number
}

/**
 * The error of the model: each mesh's phase is simulated by a model of all the others.
 * @returns the worst of what a phase takes and of its processor time; undefined where there are too few to try it
 */
export function misfit(points: Point[]): { latency: Misfit; cpu: Misfit } | undefined {
  if (points.length < 3) return undefined
  const each = points.map(point => {
    const simulated = simulate(fit(points.filter(other => other !== point)), point.members, HERE)
    const { members, latency, controller, others } = point
    return {
      members,
      latency: simulated.latency / latency,
      cpu: (simulated.controller + simulated.members) / (controller + others)
    }
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
  return sum(pairs.map(([simulated, was]) => simulated * was)) / sum(pairs.map(([simulated]) => simulated * simulated))
}

/** The line over the first of each pair that is nearest to the second, relative to it; it neither falls nor starts below 0. */
export function lineOf(pairs: Array<[number, number]>): Line {
  const weights = pairs.map(([, was]) => 1 / was ** 2)
  const mean = (of: (pair: [number, number]) => number) =>
    sum(pairs.map((pair, i) => of(pair) * (weights[i] as number))) / sum(weights)
  const [x, y] = [mean(([simulated]) => simulated), mean(([, was]) => was)]
  const slope = mean(([simulated, was]) => (simulated - x) * (was - y)) / mean(([simulated]) => (simulated - x) ** 2)
  const foot = y - slope * x
  if (pairs.length === 1 || slope < 0) return { foot: Math.max(0, y - x), slope: y < x ? y / x : 1 }
  return foot >= 0
    ? { foot, slope }
    : { foot: 0, slope: mean(([simulated, was]) => simulated * was) / mean(([simulated]) => simulated ** 2) }
}

const sum = (values: number[]) => values.reduce((all, each) => all + each, 0)
