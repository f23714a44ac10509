/** The keys of the parts of a row, as many as there is room for beside it. */
import { coloursOf } from './colours.ts'
import { h } from './dom.ts'
import type { PanelFacts } from './panel-facts.ts'

/** px, about: the mark of a key, a letter of its name, what is behind it; the width of a line, and its height. */
const KEY = { mark: 10, letter: 6.1, gap: 7, line: 104, height: 12 }
/** The name of the row is above. */
const ABOVE = 16

/**
 * Of the parts that can be seen: what is below a two-hundredth of the scale everywhere has no key. Where there is no room those are left out that are least.
 * @param height of the row, px
 */
export function partKeys({ panel: { parts }, cells, high }: PanelFacts, height: number): HTMLElement[] {
  if (parts.length < 2) return []
  const colours = coloursOf(parts)
  const levels = parts.map((_, index) => Math.max(0, ...cells.map(cell => greatestOf(cell.parts[index]?.v))))
  const seen = [...parts.keys()].filter(index => (levels[index] as number) > high / 200)
  const ranked = seen.toSorted((a, b) => (levels[b] as number) - (levels[a] as number))
  const shown = fittingKeys(seen, ranked, parts, height)
  const keys = shown.map(index =>
    h('span', { class: 'part' }, h('i', { class: `key ${colours[index]?.slice(2)}` }), parts[index])
  )
  return shown.length < seen.length ? [...keys, h('span', { class: 'part' }, more(seen, shown))] : keys
}

const more = (seen: number[], shown: number[]) => `+${seen.length - shown.length}`

function greatestOf(values: Float32Array | undefined): number {
  let greatest = 0
  for (const value of values ?? []) if (Math.abs(value) > greatest) greatest = Math.abs(value)
  return greatest
}

/** @param ranked the same as `all`, those first that have to be there @returns as many of them as there is room for, in their order */
export function fittingKeys(all: number[], ranked: number[], parts: string[], height: number): number[] {
  const lines = Math.max(1, Math.floor((height - ABOVE) / KEY.height))
  for (let count = ranked.length; count > 1; count--) {
    const kept = all.filter(index => ranked.indexOf(index) < count)
    const widths = kept.map(index => KEY.mark + KEY.letter * (parts[index]?.length ?? 0))
    if (linesOf(count < ranked.length ? [...widths, 2 * KEY.letter] : widths) <= lines) return kept
  }
  return ranked.slice(0, 1)
}

/** @param widths of words that follow each other */
function linesOf(widths: number[]): number {
  let [lines, left] = [1, KEY.line]
  for (const width of widths) {
    if (width > left && left < KEY.line) [lines, left] = [lines + 1, KEY.line]
    left -= width + KEY.gap
  }
  return lines
}
