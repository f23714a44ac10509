/** Matches texts against patterns with stars. */

/** A part of a pattern: a character, or a star and whether it matches slashes. */
type Token = string | { matchesSlash: boolean }

/**
 * `**` matches any characters, `*` any characters except a slash. The time is at most the product of the two lengths, since
 * the texts come from other peers.
 */
export function globOf(pattern: string): (text: string) => boolean {
  const tokens: Token[] = (pattern.match(/\*+|[^*]/gs) ?? []).map(part =>
    part.startsWith('*') ? { matchesSlash: part.length > 1 } : part
  )
  return text => {
    let reached = passStars(tokens, new Set([0]))
    for (const character of text.split('')) {
      const next = new Set<number>()
      for (const at of reached) {
        const token = tokens[at]
        if (token === character) next.add(at + 1)
        else if (typeof token === 'object' && (token.matchesSlash || character !== '/')) next.add(at)
      }
      if (next.size === 0) return false
      reached = passStars(tokens, next)
    }
    return reached.has(tokens.length)
  }
}

/** A star also matches no character. */
function passStars(tokens: Token[], reached: Set<number>): Set<number> {
  // the loop also visits items that it adds
  for (const at of reached) if (typeof tokens[at] === 'object') reached.add(at + 1)
  return reached
}
