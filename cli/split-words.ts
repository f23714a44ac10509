/** Splits a line into words as a shell does, without what a shell would put in: no variables, no file names. */
import { InvalidArgumentError } from 'commander'

/** Space, 'text', "text", an escaped character, plain characters. */
const PIECES = /(\s+)|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)/y

/** @throws {InvalidArgumentError} for a quote that is not closed */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at = PIECES.lastIndex) {
    PIECES.lastIndex = at
    const [, space, single, double, escaped, plain] = PIECES.exec(line) ?? fail(line, at)
    if (space != null) {
      if (word != null) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + (single ?? double?.replace(/\\([$`"\\\n])/g, '$1') ?? escaped ?? plain)
    }
  }
  return word == null ? words : [...words, word]
}

function fail(line: string, at: number): never {
  const what = line[at] === '\\' ? 'Nothing follows the last \\' : `The quote at character ${at + 1} is not closed`
  throw new InvalidArgumentError(`${what}: ${line.slice(at)}`)
}
