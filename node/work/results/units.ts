/** Numbers with units, as programs print them, in the units of bak: ms, bytes, bits per second. Pure. */

/** @returns a number of digits, with a point and an exponent; undefined for other words */
export function plainNumber(word: string | undefined): number | undefined {
  return word != null && /^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined
}

const TIMES: Record<string, number> = {
  ns: 1e-6,
  nsec: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  usec: 1e-3,
  ms: 1,
  msec: 1,
  s: 1e3,
  sec: 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3
}

/** @param unit such as `us` or `msec` @returns how many ms it is; undefined for other words */
export const msOf = (unit: string): number | undefined => (Object.hasOwn(TIMES, unit) ? TIMES[unit] : undefined)

/** @param text such as `274.16us`, `1.30s` @returns ms */
export function timeOf(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^([\d.]+)\s*(\p{L}+)$/u.exec(text ?? '') ?? []
  const factor = msOf(unit)
  const value = plainNumber(digits)
  return value == null || factor == null ? undefined : value * factor
}

const POWERS = ['', 'K', 'M', 'G', 'T', 'P']

/** @param prefix such as `K`, `Mi` or nothing @param base of a prefix without an i @returns its factor; undefined for other words */
export function factorOf(prefix: string, base: 1000 | 1024): number | undefined {
  const [, letter = '', i] = /^([KMGTP]?)(i?)$/i.exec(prefix) ?? ['', '?']
  const power = POWERS.indexOf(letter.toUpperCase())
  return power < 0 ? undefined : (i === 'i' ? 1024 : base) ** power
}

/** @param text such as `27.57MB`, `56.6MiB` @param base of `K` and the like, which programs do not agree on @returns bytes, or bits */
export function sizeOf(text: string | undefined, base: 1000 | 1024): number | undefined {
  const [, digits, prefix = ''] = /^([\d.]+)\s*([KMGTP]?i?)(?:[Bb]|[Bb]its|[Bb]ytes)?$/i.exec(text ?? '') ?? []
  const value = plainNumber(digits)
  const factor = factorOf(prefix, base)
  return value == null || factor == null ? undefined : value * factor
}

/** @returns the cells of a line of CSV; quotes around a cell are taken off, two inside of it are one */
export function cellsOf(line: string): string[] {
  const cells: string[] = []
  for (let begin = 0; begin <= line.length; ) {
    const isQuoted = line[begin] === '"'
    let end = isQuoted ? endOfQuoted(line, begin) : line.indexOf(',', begin)
    if (end < 0) end = line.length
    const cell = line.slice(begin, end)
    cells.push(isQuoted ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    begin = end + 1
  }
  return cells
}

/** @returns the place behind the last quote of a cell; the end of the line where there is none */
function endOfQuoted(line: string, begin: number): number {
  for (let end = line.indexOf('"', begin + 1); end >= 0; end = line.indexOf('"', end + 2)) {
    if (line[end + 1] !== '"') return end + 1
  }
  return line.length
}
