/** Cells of what tools print: numbers, and names of metrics made of names of columns. Pure. */

/** @returns NaN for what is no number; a decimal comma counts as a point */
export function numberIn(cell: string | undefined): number {
  if (cell == null || cell === '') return Number.NaN
  const value = +cell
  if (!Number.isNaN(value) || !cell.includes(',')) return value
  return +cell.replace(',', '.')
}

const PREFIXES = ['', 'k', 'm', 'g', 't', 'p', 'e']

/**
 * Reads `1.2MiB`, `704.5kB`, `12.0k`, `512 MiB`.
 * @param base of a prefix without `i`: of that `kB` is 1000 in some tools and 1024 in others
 * @returns the number, with its prefix; NaN for what is none
 */
export function sizeIn(text: string, base: 1000 | 1024): number {
  const [, number, prefix = '', binary] = /^\s*(-?[\d.,]+)\s*([kmgtpe]?)(i?)b?\s*$/i.exec(text) ?? []
  return numberIn(number) * (binary ? 1024 : base) ** PREFIXES.indexOf(prefix.toLowerCase())
}

/** @returns a part of the name of a metric: `active_anon` of `Active(anon)`, `pgscank` of `pgscank/s` */
export function nameOf(column: string): string {
  return column
    .replace(/\/s$/, '')
    .toLowerCase()
    .replace(/[^a-z\d.]+/g, '_')
    .replace(/^[_.]+|[_.]+$/g, '')
}

/** @returns words between blanks, of which the last one is the rest of the line */
export function wordsOf(line: string, most = Number.POSITIVE_INFINITY): string[] {
  const words = line.trim().split(/\s+/)
  if (words.length <= most) return words
  // what is left of a line after so many words may contain blanks
  const rest = new RegExp(`^\\s*(?:\\S+\\s+){${most - 1}}`).exec(line)?.[0].length ?? 0
  return [...words.slice(0, most - 1), line.slice(rest).trim()]
}
