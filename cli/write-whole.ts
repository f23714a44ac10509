/** Writes the file of `--output`, whole or not at all; into a device or a pipe, such as /dev/null, directly. */
import { lstat, realpath, rename, rm, stat } from 'node:fs/promises'
import { asBakError, BakError, whyOf } from '../protocols/errors.ts'
import { partOf } from '../protocols/layout.ts'

/**
 * @param output where a link leads to is written; but not where `write` is for a file of a result, in which others may have put a link
 * @param write gets the path that it writes to
 * @throws {BakError} `cannot-create`, `no-space`; what was there is then as it was. What `write` throws beside errors of the file system
 */
export async function writeWhole<T>(
  output: string,
  write: (path: string) => Promise<T>,
  { isInResult = false } = {}
): Promise<T> {
  const target = isInResult ? output : await realpath(output).catch(() => output)
  const there = await (isInResult ? lstat : stat)(target).catch(() => undefined)
  if (there?.isDirectory()) throw new BakError('cannot-create', `cannot write ${output}: it is a folder${ELSEWHERE}`)
  const isDirect = !isInResult && there != null && !there.isFile()
  const path = isDirect ? target : partOf(target)
  try {
    const written = await write(path)
    if (!isDirect) await rename(path, target)
    return written
  } catch (cause) {
    if (!isDirect) await rm(path, { force: true }).catch(() => {})
    if ((cause as NodeJS.ErrnoException).syscall == null) throw cause
    const code = asBakError(cause).code === 'no-space' ? 'no-space' : 'cannot-create'
    throw new BakError(code, `cannot write ${output}: ${whyOf(cause)}${ELSEWHERE}`, { cause })
  }
}

const ELSEWHERE = '; --output FILE writes it elsewhere'
