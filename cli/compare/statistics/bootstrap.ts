/** The bootstrap: how much a number that is made of groups of values varies if these are drawn again from themselves. Seeded, so that it gives the same each time. Pure. */
import { medianOf, quantileOf } from '../../../protocols/quantiles.ts'
import { randomFrom } from '../../../protocols/random.ts'
import type { Interval } from './shift.ts'

const ROUNDS = 10_000
const SEED = 20_261_201

/**
 * @param statistic of groups of the sizes of those given; rounds for which it is no number are left out
 * @returns the interval of 95 %; undefined where no round gave a number
 */
export function bootstrap(
  groups: ReadonlyArray<readonly number[]>,
  statistic: (drawn: number[][]) => number,
  { rounds = ROUNDS, seed = SEED } = {}
): Interval | undefined {
  const random = randomFrom(seed)
  const drawAgain = (values: readonly number[]) =>
    values.map(() => values[Math.floor(random() * values.length)] as number)
  const found: number[] = []
  for (let i = 0; i < rounds; i++) {
    const value = statistic(groups.map(drawAgain))
    if (Number.isFinite(value)) found.push(value)
  }
  if (found.length === 0) return undefined
  found.sort((a, b) => a - b)
  return [quantileOf(found, 0.025), quantileOf(found, 0.975)]
}

/** Two values drawn from themselves are apart by chance only. */
const MIN_VALUES = 4
/** Drawing all of many values again takes long, and their median varies little. */
const MAX_VALUES = 200

/** The ratio of the medians, b to a, with its interval where there are enough values. */
export function ratioOf(a: readonly number[], b: readonly number[]): { ratio?: number; interval?: Interval } {
  const of = ([one = [], other = []]: ReadonlyArray<readonly number[]>) => medianOf(other) / medianOf(one)
  const ratio = of([a, b])
  if (!Number.isFinite(ratio)) return {}
  const fits = [a, b].every(({ length }) => length >= MIN_VALUES && length <= MAX_VALUES)
  const interval = fits ? bootstrap([a, b], of) : undefined
  return { ratio, ...(interval == null ? {} : { interval }) }
}
