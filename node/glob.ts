/** One letter of a pattern: itself, or a star and whether it passes slashes. */
type Token = string | { passesSlash: boolean }

/**
 * `**` is any letters, `*` any letters but a slash. Takes a time that grows with the length of both, never more, since what it is
 * asked about comes from other peers.
 */
export function globOf(pattern: string): (text: string) => boolean {
  const tokens: Token[] = (pattern.match(/\*+|[^*]/gs) ?? []).map(part =>
    part.startsWith('*') ? { passesSlash: part.length > 1 } : part
  )
  return text => {
    let reached = passStars(tokens, new Set([0]))
    for (const letter of text.split('')) {
      const next = new Set<number>()
      for (const at of reached) {
        const token = tokens[at]
        if (token === letter) next.add(at + 1)
        else if (typeof token === 'object' && (token.passesSlash || letter !== '/')) next.add(at)
      }
      if (next.size === 0) return false
      reached = passStars(tokens, next)
    }
    return reached.has(tokens.length)
  }
}

/** A star may also be no letter at all. */
function passStars(tokens: Token[], reached: Set<number>): Set<number> {
  // what is added while it is walked through is walked through, too
  for (const at of reached) if (typeof tokens[at] === 'object') reached.add(at + 1)
  return reached
}
