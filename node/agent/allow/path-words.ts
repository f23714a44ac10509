/** The paths that a word of a command line may name. Pure. */

/** Characters at which programs divide a word: lists, NAME=value, what a shell divides at. */
const DIVIDERS = /[=:,;\s"'`()<>|&$@{}]+/

/**
 * A program may read a word in more ways than one, so all readings count: `/x` of `-o/x`, of `--file=/x`, of `if=/x`, and of `a:/x`.
 * @returns paths, absolute or relative; none where the word has no slash and does not lead upwards
 */
export function pathsIn(word: string): string[] {
  const parts = [...new Set([wholeOf(word), ...word.split(DIVIDERS)])]
  return parts.flatMap(part => {
    if (part === '..' || part.endsWith('/..')) return [part]
    const slash = part.indexOf('/')
    if (slash < 0) return /^-\w*\.\.$/.test(part) ? ['..'] : []
    return [part.startsWith('-') ? part.slice(startOf(part, slash)) : part]
  })
}

/** The part behind the first `=` of an option; the whole of any other word that begins with a slash. */
function wholeOf(word: string): string {
  if (word.startsWith('/')) return word
  const slash = word.indexOf('/')
  const equals = word.indexOf('=')
  if (!word.startsWith('-') || slash < 0) return ''
  return word.slice(equals >= 0 && equals < slash ? equals + 1 : slash)
}

/** `-o../x` and `-o./x` begin at their dots. */
function startOf(part: string, slash: number): number {
  let at = slash
  while (part[at - 1] === '.') at--
  return at
}
