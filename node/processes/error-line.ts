/** Finds the line that says why a program failed in what it wrote on stderr: many print their usage text behind it. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** Bytes that are read at either end of the file. */
const END_BYTES = 4_096
/** Characters of the line in a message. */
const MAX_LENGTH = 200

const SAYS_ERROR =
  /\b(error|fatal|fail(ed|ure|s)?|cannot|can't|could not|couldn't|unable|denied|not found|no such|not permitted|not supported|invalid|illegal|unknown|unrecogni[sz]ed|missing|refused|exception|panic)\b/i
const IS_USAGE = /^\s*(usage\b|try\b.*--help|-{1,2}\w|\[)/i

/** Pure. @returns the first line that names an error; else the last that is no usage text; '' if there is none */
export function errorLineOf(text: string): string {
  const lines = text.split('\n').map(line => line.trim())
  const said = lines.filter(line => line !== '' && !IS_USAGE.test(line))
  const line = said.find(each => SAYS_ERROR.test(each)) ?? said.at(-1) ?? ''
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 3)}...`
}

/** @returns that line of a file; '' if it cannot be read, or the program put something else in its place: a link to a file of the owner, a pipe */
export async function errorLineIn(path: string): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (!stat.isFile()) return ''
    const { size } = stat
    const begin = await textAt(file, 0)
    // what a long log says at its end is nearer to the failure than what it says at its beginning
    if (size <= END_BYTES) return errorLineOf(begin)
    return errorLineOf(await textAt(file, Math.max(END_BYTES, size - END_BYTES))) || errorLineOf(begin)
  } catch {
    return ''
  }
}

async function textAt(file: FileHandle, position: number): Promise<string> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(END_BYTES), position })
  return buffer.toString('utf8', 0, bytesRead)
}
