/**
 * How the driver is started, whatever form this program has. It is one file, put into its working folder: a user without rights may not be able to
 * read the folder that this program is in, and a sandbox hides it.
 */
import { statSync } from 'node:fs'
import { chmod, copyFile, lchown, link, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { RUN_FILE } from './driver-start.ts'

const FILE = '.bak-load.mjs'
/** Its own name for the executable, where the user cannot reach that. */
const RUNTIME = '.bak-runtime'

/** @returns the executable with words that hold in the working folder, and the file that is to be put there, for everybody to read */
export async function driverProgram(): Promise<{ argv: string[]; file: { name: string; text: string } }> {
  const words = isSea() ? [RUN_FILE, FILE] : [FILE]
  // where the programs are bundled it is a text of 0.9 MB
  const { driverSource } = await import('./driver/driver-source.ts')
  return { argv: [process.execPath, ...words], file: { name: FILE, text: await driverSource() } }
}

interface Folder {
  cwd: string
  /** The user that it runs as, where that is not the daemon's. */
  owner?: { uid: number; gid: number }
}

/**
 * Puts the driver into a working folder that nobody else can enter yet.
 * @param executable what runs it, which is put there, too, where the user cannot reach it
 * @returns its words
 */
export async function putDriver({ cwd, owner }: Folder, executable = process.execPath): Promise<string[]> {
  const {
    argv: [, ...words],
    file
  } = await driverProgram()
  await put(join(cwd, file.name), path => writeFile(path, file.text), owner, 0o644)
  if (owner == null || canReach(executable, owner)) return [executable, ...words]
  const own = join(cwd, RUNTIME)
  // a link takes no space, and stays its owner's; across file systems there is none
  await link(executable, own).catch(() => put(own, path => copyFile(executable, path), owner, 0o755))
  return [own, ...words]
}

async function put(
  path: string,
  make: (path: string) => Promise<void>,
  owner: Folder['owner'],
  mode: number
): Promise<void> {
  await make(path)
  await chmod(path, mode)
  if (owner != null) await lchown(path, owner.uid, owner.gid)
}

/** Whether a user may pass through all folders above a file, and run it. */
function canReach(file: string, { uid, gid }: { uid: number; gid: number }): boolean {
  for (let path = file; ; path = dirname(path)) {
    const { uid: owner, gid: group, mode } = statSync(path)
    const bits = mode >> (owner === uid ? 6 : group === gid ? 3 : 0)
    if ((bits & 1) === 0) return false
    if (path === dirname(path)) return true
  }
}
