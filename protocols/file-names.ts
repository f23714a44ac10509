/**
 * Names of files as the bytes that they are. A raw name or path is a string with a character for each byte (latin1), so that a
 * name that is no UTF-8 can be compared, joined and opened like any other.
 */
import { OBEYED } from './clean-line.ts'

/** A sequence of UTF-8 in a raw string, or any other byte. */
const SEQUENCE =
  /([\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\s\S]/g
const PLAIN = /^[ -[\]-~]*$/
/** Characters that no name in an archive may have. */
export const CONTROL = new RegExp(`[${OBEYED}\\ufffd]`)

export const rawOf = (text: string): string => Buffer.from(text).toString('latin1')
export const bytesOf = (raw: string): Buffer => Buffer.from(raw, 'latin1')

/** @returns the text, with `\xe9` for each byte that is no UTF-8 and for the bytes of each character that `isEscaped` names */
export function escapeRaw(raw: string, isEscaped: (character: string) => boolean): string {
  if (PLAIN.test(raw)) return raw
  return raw.replace(SEQUENCE, (bytes: string, valid?: string) => {
    const character = valid == null ? undefined : bytesOf(valid).toString()
    return character == null || isEscaped(character) ? inHex(bytes) : character
  })
}

/** @returns the text of a raw path by which a seal names a file: different for different bytes */
export const sealedName = (raw: string): string => escapeRaw(raw, character => character === '\\')

/** @returns the path under which a file is packed: itself, or escaped where a receiver would refuse it */
export function packedName(raw: string): string {
  const plain = escapeRaw(raw, () => false)
  const isClean = rawOf(plain) === raw && !CONTROL.test(plain)
  return isClean ? plain : escapeRaw(raw, character => character === '\\' || CONTROL.test(character))
}

/** Names that are tried for one file. */
export const MAX_NAMES_OF_FILE = 64

/** @returns a name, and then others for where it is taken: `a.txt`, `a-2.txt`, `a-3.txt` */
export function* namesLike(name: string): Generator<string> {
  yield name
  const dot = name.lastIndexOf('.')
  const end = dot > 0 ? dot : name.length
  for (let n = 2; ; n++) yield `${name.slice(0, end)}-${n}${name.slice(end)}`
}

/** `\xc3\xa9` */
export const inHex = (raw: string) => bytesOf(raw).toString('hex').replace(/../g, '\\x$&')
