/** A program may leave something else where its folder was, or nothing where its output went. */
import { lstat, readlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { cutText } from '../../protocols/fields.ts'
import { OUTPUT_FILES } from '../../protocols/layout.ts'

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

/** Where a workload runs as the daemon does it may delete what its output goes to. @returns which of it is gone, in words */
export async function deletedOutput(folder: string): Promise<string | undefined> {
  const names = Object.values(OUTPUT_FILES)
  const found = await Promise.all(names.map(name => lstat(join(folder, name)).catch(() => undefined)))
  const gone = names.filter((_, i) => found[i] == null)
  if (gone.length === 0) return undefined
  return `the workload deleted ${gone.join(' and ')} in BAK_OUT: what it printed there is not in the result`
}
