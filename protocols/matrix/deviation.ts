/** How far values are apart. Pure. */

/** @returns the standard deviation of a sample in percent of its mean; undefined for fewer than two values */
export function deviationOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined
  // in units of the largest, so that no square is infinite
  const scale = Math.max(...values.map(Math.abs))
  if (scale === 0) return 0
  const scaled = values.map(each => each / scale)
  const mean = scaled.reduce((sum, each) => sum + each, 0) / scaled.length
  const variance = scaled.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (scaled.length - 1)
  if (variance === 0) return 0
  // values around zero have no mean that they could be close to
  const percent = (100 * Math.sqrt(variance)) / Math.abs(mean)
  return Number.isFinite(percent) ? percent : Number.MAX_VALUE
}
