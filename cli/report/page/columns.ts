/** How wide the columns of the first screen are: the strip of the phases and the small multiples have the same edges. */

export interface Columns {
  /** Names, units and marks of the scale, px. */
  gutter: number
  /** What is drawn: one column a member, or one for all. */
  width: number
  count: number
  gap: number
  /** Who is the busiest. */
  end: number
}

/** Below that there is no room for the names of parts, px. */
export const NARROW = 760

/** More members than that are folded to their spread. */
export const MOST_COLUMNS = 8

const GUTTER = 160
const END = 132
const NARROW_GUTTER = 112
const NARROW_END = 92
const GAP = 10

export function columnsOf(total: number, members: number): Columns {
  const count = members > MOST_COLUMNS ? 1 : Math.max(1, members)
  const narrow = total < NARROW
  const gutter = narrow ? NARROW_GUTTER : GUTTER
  // of one member nobody is the busiest
  const end = members < 2 ? 0 : narrow ? NARROW_END : END
  // a gap before each column and before the end
  const width = Math.max(40, Math.floor((total - gutter - end - GAP * (count + 1)) / count))
  return { gutter, width, count, gap: GAP, end }
}

/** @returns the width of all columns together */
export const widthOf = ({ width, count, gap }: Columns): number => count * (width + gap) - gap

/** @returns the text, shortened so that it fits: about 6.4 px a letter */
export const clip = (text: string, width: number): string => {
  const letters = Math.max(3, Math.floor(width / 6.4))
  return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`
}
