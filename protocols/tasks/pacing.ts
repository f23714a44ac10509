/**
 * When the requests of one client are due, by the target of its task. Clients begin one after the other within one interval, so that they are
 * not in phase. Where an operation stands for several units (documents, bytes) the rate follows the weight of its last answer; until one is
 * known, also while all fail, each counts for one. Pure but for itself.
 */
import { BakError } from '../errors.ts'
import { randomFrom, seedOf } from '../random.ts'
import type { PlannedTask } from './elements.ts'

export interface Pacer {
  /** When the next request is due, ms since the client may begin. */
  due: number
  /** Between two requests of the client, in the mean, by the last weight, ms. */
  interval: number
  /**
   * The request that was due has ended.
   * @param weight units that it came to; 0 for one that failed
   * @throws {BakError} `usage` for a unit that is not that of the target
   */
  advance(weight: number, unit: string): void
}

type Paced = Pick<PlannedTask, 'name' | 'clients' | 'schedule' | 'throughput'>

/**
 * @param index of the client among those of the task
 * @param sample its name: what is random differs from one to the next, and is the same when a run is repeated
 * @returns undefined for a task that nothing paces
 */
export function pacerOf(task: Paced, index: number, sample = ''): Pacer | undefined {
  const { throughput, clients, schedule } = task
  if (throughput == null) return undefined
  const weigh = weigher(task.name, throughput.unit)
  /** Between two requests of all clients together, each for one unit, ms. */
  const between = 1_000 / throughput.perSecond
  if (schedule === 'deterministic') return evenPacer(weigh, between, clients, index)
  // each client draws its own numbers, and those of two tasks at the same time are not in phase
  const seed = seedOf(`${sample}${task.name}`) ^ Math.imul(index + 1, 0x9e3779b1)
  return poissonPacer(weigh, between * clients, randomFrom(seed))
}

type Weigh = (weight: number, unit: string) => number

function evenPacer(weigh: Weigh, between: number, clients: number, index: number): Pacer {
  /** Until a weight is known. */
  let isGuess = true
  return {
    due: index * between,
    interval: between * clients,
    advance(weight, unit) {
      const units = weigh(weight, unit)
      this.interval = between * clients * units
      this.due += this.interval
      if (!isGuess || weight <= 0) return
      // the interval over which the clients are spread was that of one unit
      isGuess = false
      this.due += between * index * (units - 1)
    }
  }
}

/** Its first request is as random as all others: clients that all began at 0 would be in phase. Distances have an exponential distribution. */
function poissonPacer(weigh: Weigh, mean: number, random: () => number): Pacer {
  const draw = (interval: number) => -Math.log(1 - random()) * interval
  return {
    due: draw(mean),
    interval: mean,
    advance(weight, unit) {
      this.interval = mean * weigh(weight, unit)
      this.due += draw(this.interval)
    }
  }
}

/** @returns the last weight that was more than 0, or 1; always 1 for a target in operations */
function weigher(task: string, unit: string): Weigh {
  if (unit === 'ops') return () => 1
  let last = 1
  return (weight, given) => {
    if (weight > 0 && given !== unit)
      throw new BakError('usage', `${task}: its target is in ${unit}/s, and its operation counts ${given}`)
    if (weight > 0) last = weight
    return last
  }
}
