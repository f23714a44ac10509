/** Quotes words for a unit file; systemd.syntax(7), systemd.service(5) "Command lines". */

/** @returns one line, each word quoted so that systemd takes it literally */
export const commandLine = (words: string[]): string => words.map(word => quoted(word, true)).join(' ')

/** @returns one value, quoted for a setting in which systemd expands no variables */
export const value = (text: string): string => quoted(text, false)

function quoted(word: string, variables: boolean): string {
  // % begins a specifier everywhere, $ a variable in command lines
  const plain = word.replaceAll('%', '%%').replaceAll('$', variables ? '$$$$' : '$')
  if (/^[\w@:,.=/+%-]+$/.test(plain)) return plain
  const escaped = plain.replace(/[\\"]/g, '\\$&').replace(/[\0-\x1f\x7f]/g, escapeByte)
  return `"${escaped}"`
}

const escapeByte = (letter: string) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`
