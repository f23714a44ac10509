/**
 * Words, variables and files that are no UTF-8. Node puts U+FFFD in the place of such bytes, so that a program would get another word
 * than the person typed; they are refused by name instead.
 */
import { isUtf8 } from 'node:buffer'
import { readFileSync, readlinkSync } from 'node:fs'
import { BakError, type ErrorCode } from './errors.ts'
import { inHex } from './file-names.ts'
import { oddVariables } from './variables.ts'

const REPLACED = '\ufffd'

/** @throws {BakError} `usage` naming the first word of this program's command line that is no UTF-8 */
export function checkWords(argv = process.argv): void {
  // what the person typed may itself contain U+FFFD
  if (!argv.some(word => word.includes(REPLACED))) return
  const bad = entriesOf('/proc/self/cmdline').find(word => !isUtf8(word))
  if (bad != null) throw refused(`the word ${escaped(bad)}`, 'programs get their words as UTF-8')
}

/** @throws {BakError} `usage` naming a variable of the environment, or the current folder, that is no UTF-8 */
export function checkEnvironment(env: Record<string, string>, currentFolder: string): void {
  if (currentFolder.includes(REPLACED)) {
    const folder = readlinkSync('/proc/self/cwd', { encoding: 'buffer' })
    if (!isUtf8(folder)) throw refused(`the current folder ${escaped(folder)}`, 'start it in another folder')
  }
  if (!Object.entries(env).some(pair => pair.join('=').includes(REPLACED))) return
  const all = [...entriesOf('/proc/self/environ'), ...splitAt(oddVariables(process.env), 0)]
  const bad = all.find(each => !isUtf8(each))
  if (bad == null) return
  const name = escaped(bad.subarray(0, bad.indexOf('=')))
  throw refused(`the variable ${escaped(bad)}`, `leave it out: env -u '${name}' bak ...`)
}

/** @returns the text of a file, without a byte order mark. @throws {BakError} `code` with the line of the first byte that is no UTF-8 */
export function decodeFile(bytes: Buffer, path: string, code: ErrorCode): string {
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/^\ufeff/, '')
  const lines = splitAt(bytes, 10)
  const at = lines.findIndex(line => !isUtf8(line))
  throw new BakError(code, `${path}:${at + 1}: is not UTF-8: ${escaped(lines[at] as Buffer)}`)
}

/** @returns the bytes as a shell's `$'...'` would take them: `caf\xe9` */
const escaped = (bytes: Buffer) => bytes.toString('latin1', 0, 200).replace(/[^ -~]/g, inHex)

const refused = (what: string, hint: string) => new BakError('usage', `${what} is not UTF-8; ${hint}`)

/** @returns nothing where there is no /proc */
function entriesOf(path: string): Buffer[] {
  try {
    return splitAt(readFileSync(path), 0)
  } catch {
    return []
  }
}

function splitAt(bytes: Buffer, separator: number): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at <= bytes.length; ) {
    const end = bytes.indexOf(separator, at)
    parts.push(bytes.subarray(at, end < 0 ? bytes.length : end))
    at = end < 0 ? bytes.length + 1 : end + 1
  }
  return parts
}
