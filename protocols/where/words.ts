/** The words of an expression such as `tags.kernel = "6.18" and not partial`, each with the column where it begins. */
import { BakError } from '../errors.ts'

/** Characters of an expression. */
export const MAX_EXPRESSION = 4096

export interface Word {
  /** A sign is an operator or a parenthesis; a quoted text is without its quotes. */
  kind: 'sign' | 'bare' | 'quoted' | 'end'
  text: string
  /** From 1. */
  column: number
}

const SPACE = /\s+/y
const SIGN = /==|!=|<=|>=|!~|[=<>~()]/y
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy
const BARE = /[^\s=<>~()!"']+/y

/** @returns the words, and `end` as the last. @throws {BakError} `usage` for what begins no word */
export function wordsOf(expression: string): Word[] {
  if (expression.length > MAX_EXPRESSION)
    throw new BakError('usage', `an expression has at most ${MAX_EXPRESSION} characters, this one ${expression.length}`)
  const words: Word[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(expression)?.[0]
    at += found?.length ?? 0
    return found
  }
  for (take(SPACE); at < expression.length; take(SPACE)) {
    const column = at + 1
    const sign = take(SIGN)
    if (sign != null) {
      words.push({ kind: 'sign', text: sign === '==' ? '=' : sign, column })
      continue
    }
    const quoted = take(QUOTED)
    if (quoted != null) {
      words.push({ kind: 'quoted', text: quoted.slice(1, -1).replace(/\\(.)/gs, '$1'), column })
      continue
    }
    const text = take(BARE)
    if (text == null) throw wrong(whatIsWrong(expression[at] as string), column)
    words.push({ kind: 'bare', text, column })
  }
  return [...words, { kind: 'end', text: '', column: expression.length + 1 }]
}

const whatIsWrong = (character: string) =>
  character === '!' ? '! is no operator: != or not' : `the text that begins with ${character} has no end`

/** @param what is wrong @param column where */
export const wrong = (what: string, column: number) => new BakError('usage', `${what} (column ${column})`)
