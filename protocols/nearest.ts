/** What a person may have meant by a word that is none. */

/**
 * @param share edits at most, as a part of the word's length
 * @returns the candidate with the fewest edits to the word
 */
export function nearest(word: string, candidates: string[], share = 1 / 2): string | undefined {
  const ranked = candidates.map(candidate => ({ candidate, changes: countChanges(word, candidate) }))
  const [best] = ranked.sort((a, b) => a.changes - b.changes)
  return best != null && best.changes <= word.length * share ? best.candidate : undefined
}

/** Levenshtein distance, in which two letters that changed places are one edit. */
function countChanges(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const swap = (row[j] as number) + (letter === to[j] ? 0 : 1)
      const turned = i > 0 && j > 0 && letter === to[j - 1] && from[i - 1] === to[j]
      const turn = turned ? (before[j - 1] as number) + 1 : swap
      next.push(Math.min(swap, turn, (row[j + 1] as number) + 1, (next[j] as number) + 1))
    }
    before = row
    row = next
  }
  return row[to.length] as number
}

/** By the measure of commander `prune` is like `run`. @returns its text with the nearest command, or how to list them */
export function withNearestCommand(text: string, program: string, names: string[]): string {
  return text.replace(/(unknown command '([^']*)')\n/, (_, said, word) => {
    const near = nearest(word, names, 1 / 3)
    return `${said}; ${near == null ? `${program} --help lists them` : `did you mean ${near}?`}\n`
  })
}
