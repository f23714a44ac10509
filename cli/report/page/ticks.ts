/** Where the marks of an axis are: of values at 1, 2 or 5 times a power of ten, of times at round minutes. */

/** Seconds between two marks of time, those that people count in. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]

/** @returns a round number that is not below the value, and not far above */
export function niceAbove(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  // 3 * 0.1 is more than 0.3
  const factor = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(each => each * power >= value * (1 - 1e-9)) ?? 10
  return factor * power
}

/** @returns at most `count` steps, and at least one */
function stepOf(span: number, count: number): number {
  const least = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find(each => each * power >= least * (1 - 1e-9)) ?? 10) * power
}

/** @returns round values from `low` to `high`, both included where they are round */
export function valueTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low]
  const step = stepOf(high - low, count)
  return multiples(low, high, step)
}

/** @returns round times from `from` to `to`, s */
export function timeTicks(from: number, to: number, count: number): number[] {
  const span = to - from
  if (!(span > 0)) return [from]
  const least = span / Math.max(1, count)
  const days = Math.ceil(least / 86_400) * 86_400
  const step = least < 1 ? stepOf(span, count) : (TIME_STEPS.find(each => each >= least) ?? days)
  return multiples(from, to, step)
}

function multiples(low: number, high: number, step: number): number[] {
  const found: number[] = []
  const first = Math.ceil(low / step - 1e-9)
  for (let index = first; index * step <= high + step * 1e-9 && found.length < 1000; index++) {
    // 3 * 0.1 shall be 0.3
    found.push(Number((index * step).toPrecision(12)))
  }
  return found
}
