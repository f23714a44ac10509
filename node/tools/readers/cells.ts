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

const [TAB, SPACE] = [9, 32]

/**
 * @param from where to begin
 * @param most words: the last of so many is the rest of the line
 * @returns words between blanks and tabs
 */
export function wordsOf(line: string, from = 0, most = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = []
  let begin = -1
  for (let i = from; i <= line.length; i++) {
    const code = i < line.length ? line.charCodeAt(i) : SPACE
    const isBlank = code === SPACE || code === TAB
    if (!isBlank && begin < 0) {
      begin = i
      if (words.length + 1 === most) return [...words, line.slice(begin).trimEnd()]
    } else if (isBlank && begin >= 0) {
      words.push(line.slice(begin, i))
      begin = -1
    }
  }
  return words
}
