/** Where marks of a plot by percentile are: of shares at each nine, of values evenly or by decades. Pure. */
import { niceAbove, valueTicks } from '../ticks.ts'

export interface ShareMark {
  /** 1 is 90 %, 2 is 99 % */
  nines: number
  text: string
}

/** @param end the last that is shown, in nines @returns 0 %, 50 %, and each nine */
export function shareMarks(end: number): ShareMark[] {
  const half = { nines: Math.log10(2), text: '50 %' }
  const each = Array.from({ length: Math.floor(end + 1e-9) + 1 }, (_, nines) => ({ nines, text: percentText(nines) }))
  return [...each.slice(0, 1), ...(end >= half.nines ? [half] : []), ...each.slice(1)]
}

/** `0 %`, `90 %`, `99 %`, `99.9 %` */
const percentText = (nines: number) =>
  nines === 0 ? '0 %' : nines < 3 ? `${'9'.repeat(nines).padEnd(2, '0')} %` : `99.${'9'.repeat(nines - 2)} %`

export interface ValueScale {
  low: number
  high: number
  /** 0 at the low end, 1 at the high one. */
  placeOf: (value: number) => number
  marks: number[]
}

/** Tails that are so many times as long as the usual are seen beside it by decades only. */
const BY_DECADES = 25

/** @returns whether values are drawn by decades unless somebody wants them evenly */
export const isWide = (usual: number, greatest: number): boolean => usual > 0 && greatest / usual > BY_DECADES

/** @param least above 0, of by decades @param count of marks, about */
export function valueScale(least: number, greatest: number, byDecades: boolean, count: number): ValueScale {
  if (!byDecades || !(least > 0)) {
    const high = niceAbove(greatest)
    return { low: 0, high, placeOf: value => value / high, marks: valueTicks(0, high, count) }
  }
  const low = niceBelow(least)
  const high = Math.max(niceAbove(greatest), low * 10)
  const span = Math.log10(high / low)
  const placeOf = (value: number) => Math.log10(Math.max(value, low) / low) / span
  return { low, high, placeOf, marks: decadeMarks(low, high, count) }
}

const niceBelow = (value: number) => {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [5, 2, 1].find(each => each * power <= value * (1 + 1e-9)) ?? 1
  return Number((factor * power).toPrecision(12))
}

/** 1, 2 and 5 of each decade, or 1 alone where there are many. */
export function decadeMarks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low) + 1e-9)
  const last = Math.ceil(Math.log10(high) - 1e-9)
  const marksOf = (factors: number[]) =>
    Array.from({ length: Math.max(0, last - first) + 1 }, (_, i) => 10 ** (first + i))
      .flatMap(power => factors.map(factor => Number((factor * power).toPrecision(12))))
      .filter(mark => mark >= low * (1 - 1e-9) && mark <= high * (1 + 1e-9))
  const fine = marksOf([1, 2, 5])
  if (fine.length <= count) return fine
  const coarse = marksOf([1])
  const every = Math.ceil(coarse.length / Math.max(1, count))
  return coarse.filter((_, i) => i % every === 0)
}
