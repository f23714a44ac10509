/**
 * A result goes to a folder of this machine: copied to a temporary name in it, written to the disk, verified there as `bak verify` does, and
 * only then given its name. What an interrupted copy left is begun anew.
 */
import { statSync } from 'node:fs'
import { access, constants, realpath, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { RECORD_FILE } from '../../protocols/layout.ts'
import { copyTree, measureTree } from './copy-tree.ts'
import { ensureFree, isCode, onDisk, syncFolder } from './disk.ts'
import type { Home } from './home.ts'
import { removeTree } from './remove-tree.ts'
import { checkResult } from './stored-results.ts'

interface ToKeep {
  run: string
  /** The folder of the result. */
  root: string
  home: Home
  /** Tells the copies of several peers apart. */
  self: string
  signal: AbortSignal
  /** @param step left out for bytes that were copied */
  onProgress(done: number, total: number, step?: string): void
}

/** @param folder in which results are kept. @returns the folder of the result in it. @throws {BakError} as `checkFolder`; `no-space`, `io` */
export async function keepResult(folder: string, result: ToKeep): Promise<string> {
  await checkFolder(folder, result.home)
  const target = join(folder, result.run)
  if (isThere(target)) await checkSame(target, result)
  else await place(target, join(folder, `.${result.run}.${result.self.slice(-8)}.part`), result)
  return target
}

/** @throws {BakError} `cannot-create` for what is no folder that this daemon may write to, `usage` for one in its home */
export async function checkFolder(folder: string, home: Home): Promise<void> {
  try {
    if (!(await stat(folder)).isDirectory()) throw new BakError('cannot-create', `${folder} is not a folder`)
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    const who = isCode(cause, 'EACCES', 'EPERM', 'EROFS') ? `the daemon may not write to ${folder}` : folder
    const then = isCode(cause, 'ENOENT') ? `: mkdir ${folder}, or mount what belongs there` : ''
    throw new BakError('cannot-create', `${who}: ${whyOf(cause)}${then}`, { cause })
  }
  const real = await realpath(folder)
  // results may be on another disk than the rest of the home
  for (const own of [home.root, home.runs()]) {
    const top = await realpath(own).catch(() => own)
    if (real === top || real.startsWith(`${top}/`))
      throw new BakError('usage', `${folder} is in the home of this daemon, where the result is already`)
  }
}

/** It gets its name when all of it is there. */
async function place(target: string, temporary: string, { root, signal, onProgress }: ToKeep): Promise<void> {
  const { bytes, stored } = measureTree(root)
  await removeTree(temporary)
  await ensureFree(join(target, '..'), stored, 0)
  let done = 0
  const onRead = (read: number) => {
    done += read
    onProgress(done, bytes)
  }
  try {
    await copyTree(root, temporary, { signal, onRead })
    onProgress(bytes, bytes, 'verifying')
    await checkResult(temporary)
    signal.throwIfAborted()
    if (isThere(target)) throw taken(target)
    await onDisk(target, () => rename(temporary, target))
  } catch (cause) {
    await removeTree(temporary).catch(() => {})
    if (isCode(cause, 'ENOTEMPTY', 'EEXIST')) throw taken(target)
    throw cause
  }
  const folder = join(target, '..')
  await onDisk(folder, () => syncFolder(folder))
}

/** An earlier attempt may have been interrupted when all was there. @throws {BakError} `cannot-create` for anything else of this name */
async function checkSame(target: string, { root, onProgress }: ToKeep): Promise<void> {
  const [there, here] = [statSync(target), statSync(root)]
  if (there.ino === here.ino && there.dev === here.dev)
    throw new BakError('usage', `${target} is the result itself, under another name`)
  const [theirs, ours] = await Promise.all(
    [target, root].map(each => digestOfFile(join(each, RECORD_FILE)).catch(() => undefined))
  )
  if (ours == null || theirs?.sha256 !== ours.sha256) throw taken(target)
  onProgress(0, 0, 'verifying')
  await checkResult(target)
  const folder = join(target, '..')
  await onDisk(folder, () => syncFolder(folder))
}

const taken = (target: string) =>
  new BakError('cannot-create', `${target} exists already, and is not this result as it is here`)

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) != null
