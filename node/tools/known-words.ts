/**
 * The words of a program that only observe. Many options of a program run another one, write or read a file anywhere, or show what
 * is in the memory of others: a word that is not known here is one of those, until somebody has read what it does. Pure.
 */

export interface KnownWords {
  /** Options without a value. */
  flags?: string[]
  /** Options with one, as the next word, behind `=`, or behind a short option itself. */
  values?: Record<string, RegExp | ((value: string) => boolean)>
  /** Words that are no option. */
  others?: RegExp
}

/** @returns the first word that may do more than observe; undefined if there is none */
export function unknownWord(words: string[], { flags = [], values = {}, others }: KnownWords): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (flags.includes(word)) continue
    if (!word.startsWith('-')) {
      if (others == null || !fits(others, word)) return word
      continue
    }
    const option = Object.keys(values).find(each => word === each || isAttached(each, word))
    if (option == null) return word
    const value = word === option ? words[++at] : word.slice(option.length + (option.startsWith('--') ? 1 : 0))
    // where a value may be left out, the program takes this word for an option
    const isOption = word === option && value?.startsWith('-')
    if (value == null || isOption || !fits(values[option] as RegExp, value)) return word
  }
  return undefined
}

/** `-F99`, `--freq=99` */
const isAttached = (option: string, word: string) =>
  option.startsWith('--') ? word.startsWith(`${option}=`) : word.startsWith(option) && !word.startsWith('--')

const fits = (rule: RegExp | ((value: string) => boolean), value: string) =>
  typeof rule === 'function' ? rule(value) : rule.test(value)

/** Kinds of values. */
export const NUMBER = /^\d{1,18}$/
export const NUMBERS = /^\d[\d,-]{0,255}$/
/** Names with commas between them. */
export const NAMES = /^[A-Za-z_][\w,]{0,255}$/
