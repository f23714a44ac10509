/** A name that is of nothing, in words for the person who wrote it. */
import { nearest } from '../nearest.ts'

/** @param what it should name, without an article */
export function unknownIn(name: string, known: string[], what: string): string {
  if (known.length === 0) return `there is no ${what} ${name}: there is none at all`
  return `there is no ${what} ${name}; ${knownInstead(name, known)}`
}

/** @returns the one that was meant, or all */
export function knownInstead(name: string, known: readonly string[]): string {
  const near = nearest(name, [...known])
  return near == null ? `there are ${known.join(', ')}` : `did you mean ${near}?`
}
