/** Tables of pairs for a terminal. */
import { type Measured, median, type Tried } from './measure.ts'
import { expected, placeOf } from './pairs.ts'

const WIDTHS = [60, 16, 10, 8, 6]

/** @returns a line of the matrix, or its head */
export function measuredLine(measured?: Measured): string {
  if (measured == null) return line(['PAIR', 'PATH', 'TO DIRECT', 'PHASE', 'MiB/s', ''])
  const { pair, paths, right, toDirect, phase, rate, problem } = measured
  const [one, other] = pair
  const path = paths[0] === paths[1] ? paths[0] : paths.join('/')
  const wrong = right ? (problem ?? '') : `expected ${expected(one, other).join(' or ')}`
  return line([
    describe(pair),
    path ?? 'none',
    ms(toDirect),
    ms(phase),
    rate?.toFixed(1) ?? '-',
    wrong && `WRONG: ${wrong}`
  ])
}

/** @returns a line of the tries, or its head */
export function triedLine(tried?: Tried): string {
  if (tried == null) return line(['PAIR', 'RIGHT', 'TO DIRECT', 'SLOWEST', '', ''])
  const { pair, tries, right, toDirect } = tried
  const slowest = toDirect.length === 0 ? undefined : Math.max(...toDirect)
  return line([
    describe(pair),
    `${right}/${tries}`,
    ms(median(toDirect)),
    ms(slowest),
    '',
    isFine(tried) ? '' : 'WRONG'
  ])
}

/** @returns whether at least 95 % of the tries succeeded */
export const isFine = ({ tries, right }: Tried) => right >= 0.95 * tries

const describe = ([one, other]: [string, string]) => `${one} - ${other}: ${placeOf(one)} - ${placeOf(other)}`
const ms = (value: number | undefined) => (value == null ? '-' : `${value.toFixed(0)} ms`)
const line = (cells: string[]) =>
  cells
    .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
    .join('  ')
    .trimEnd()
