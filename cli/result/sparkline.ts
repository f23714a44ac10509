/** A line of eight heights for a terminal: how a number went over time. Pure. */

const HEIGHTS = '▁▂▃▄▅▆▇█'
/** A point holds for so many times the mean distance of two: beyond is a gap. */
const MAX_HELD = 3

/** Points over time: ms since 1970, ascending, and their values. */
export interface Points {
  t: ArrayLike<number>
  v: ArrayLike<number>
}

/**
 * @param parts what is drawn side by side, such as the samples of a run: the time between them is left out
 * @param top the value of the highest column; what is above it is as high
 * @returns `width` characters, each the mean of its share of the time; a blank is one without a point, '' where there is none at all
 */
export function sparkline(parts: Points[], width: number, top: number): string {
  const means = resample(parts, width)
  if (means.every(each => each == null)) return ''
  const steps = HEIGHTS.length
  return means
    .map(mean => {
      if (mean == null) return ' '
      const share = top > 0 ? mean / top : 0
      return HEIGHTS[Math.max(0, Math.min(steps - 1, Math.floor(share * steps)))]
    })
    .join('')
}

/** @returns for each of `width` equal shares of the time the mean of the points that hold in it; undefined where there is none */
export function resample(parts: Points[], width: number): Array<number | undefined> {
  const filled = parts.filter(({ t }) => t.length > 0).map(part => ({ ...part, ...spanOf(part) }))
  const whole = filled.reduce((sum, { length }) => sum + length, 0)
  const sums = new Float64Array(width)
  const weights = new Float64Array(width)
  let before = 0
  for (const { t, v, from, step, length } of filled) {
    for (let i = 0; i < t.length; i++) {
      const begin = before + (t[i] as number) - from
      const end = Math.min(before + (i + 1 < t.length ? (t[i + 1] as number) - from : length), begin + MAX_HELD * step)
      spread(v[i] as number, (width * begin) / whole, (width * end) / whole)
    }
    before += length
  }
  return [...sums].map((sum, at) => (weights[at] === 0 ? undefined : sum / (weights[at] as number)))

  /** @param begin in characters @param end behind the last one that it holds in */
  function spread(value: number, begin: number, end: number): void {
    if (!Number.isFinite(value)) return
    for (let at = Math.floor(begin); at < end && at < width; at++) {
      const weight = Math.min(end, at + 1) - Math.max(begin, at)
      sums[at] = (sums[at] as number) + value * weight
      weights[at] = (weights[at] as number) + weight
    }
  }
}

/** A point holds until the next one comes, the last one as long as the others on average; ms. */
function spanOf({ t }: Points): { from: number; step: number; length: number } {
  const from = t[0] as number
  const span = (t[t.length - 1] as number) - from
  const step = t.length > 1 && span > 0 ? span / (t.length - 1) : 1
  return { from, step, length: span + step }
}
