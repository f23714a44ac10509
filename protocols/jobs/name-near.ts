/** A name that is of nothing, where there may be thousands of others: in words for the person who wrote it. */
import { nearest } from '../nearest.ts'

/** Names that are listed, where none is near. */
const MAX_LISTED = 12
/** Wrong names for which a near one is looked for among all others. */
const MAX_LOOKED_FOR = 64

/** @param what it should name, without an article @returns a function from the name to `there is no job lbi; did you mean lib?` */
export function nameNear(what: string, known: string[]): (name: string) => string {
  // one name may be wrong in a thousand places
  const said = new Map<string, string>()
  return name => {
    const before = said.get(name)
    if (before != null) return before
    const text = `there is no ${what} ${name}${said.size < MAX_LOOKED_FOR ? insteadOf(name, known) : ''}`
    said.set(name, text)
    return text
  }
}

function insteadOf(name: string, known: string[]): string {
  const near = nearest(name, known)
  if (near != null) return `; did you mean ${near}?`
  if (known.length === 0) return ': there is none at all'
  return known.length <= MAX_LISTED ? `; there are ${known.join(', ')}` : ` among ${known.length}`
}
