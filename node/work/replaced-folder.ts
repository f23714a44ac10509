/** A program may leave something else where its folder was. */
import { lstat, readlink, unlink } from 'node:fs/promises'
import { cutText } from '../../protocols/fields.ts'

/**
 * What a workload leaves in the place of its folder cannot be packed as one, and is not followed: it goes.
 * @returns what the folder was replaced by, in words
 */
export async function replacedBy(folder: string): Promise<string | undefined> {
  const found = await lstat(folder).catch(() => undefined)
  if (found == null || found.isDirectory()) return undefined
  const what = found.isSymbolicLink() ? `a link to ${await readlink(folder)}` : 'a file'
  await unlink(folder).catch(() => {})
  return cutText(`the workload replaced its folder BAK_OUT by ${what}: what it wrote is not in the result`)
}
