/**
 * The filter box: words that must all be found, in any order and case, in the member, tool, metric, labels or unit of a series; `*` stands for any characters
 * and makes a word match a whole field, `-word` leaves out, `member:`, `tool:`, `metric:` and `unit:` look in one field.
 */

export interface Named {
  member: string
  tool: string
  metric: string
  labels: string
  unit: string
}

const FIELDS = ['member', 'tool', 'metric', 'labels', 'unit'] as const
type Field = (typeof FIELDS)[number]

interface Term {
  fields: readonly Field[]
  excluded: boolean
  /** With `*` between: the pieces in their order. */
  pieces: string[]
}

/** @returns what decides whether a series is shown; nothing asked for shows all */
export function filterOf(text: string): (named: Named) => boolean {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '-')
  const terms = words.map(termOf).filter(({ pieces }) => pieces.some(Boolean))
  return named => terms.every(term => matches(term, named) !== term.excluded)
}

function termOf(word: string): Term {
  const excluded = word.length > 1 && word.startsWith('-')
  const rest = excluded ? word.slice(1) : word
  const colon = rest.indexOf(':')
  const field = FIELDS.find(each => each === rest.slice(0, colon))
  return {
    fields: field == null ? FIELDS : [field],
    excluded,
    pieces: (field == null ? rest : rest.slice(colon + 1)).split('*')
  }
}

function matches({ fields, pieces }: Term, named: Named): boolean {
  return fields.some(field => {
    const value = named[field].toLowerCase()
    return pieces.length === 1 ? value.includes(pieces[0] as string) : isGlob(pieces, value)
  })
}

/** Takes each piece at the first place where it is, which is linear in the text: an expression made of `*` might not be. */
function isGlob(pieces: string[], value: string): boolean {
  const [first = '', ...middle] = pieces
  const last = middle.pop() ?? ''
  if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last)) return false
  let at = first.length
  for (const piece of middle) {
    const found = value.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= value.length - last.length
}
