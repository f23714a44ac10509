/** The results that are here; one that another peer moves here is unpacked beside them, verified, and only then given its name. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { isRunId } from '../../protocols/fields.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { type Bounds, unpackBounded } from './bounded-unpack.ts'
import { onDisk } from './disk.ts'
import type { Home } from './home.ts'
import { removeTree } from './remove-tree.ts'
import { RunFolder } from './run-folder.ts'

/** Names of folders in `work/` that no run has. */
export const isTransient = (name: string) => /^\.(unpack|move)-/.test(name)
export const moveFolder = (home: Home, run: string) => join(home.work(), `.move-${run}`)

/** @returns the ids of all runs whose folder is here, oldest first */
export async function listResults(home: Home): Promise<string[]> {
  const names = await readdir(home.runs()).catch(() => [])
  return names.filter(isRunId).sort()
}

export const hasResult = (home: Home, run: string) => existsSync(home.runs(run))

interface TakeInOptions {
  bounds: Bounds
  /** @throws {BakError} why this result is not to be here */
  check(record: RunRecord): void
}

/** @throws {BakError} `damaged` if it is not as it was signed, and what else it is refused with; nothing of it is then here */
export async function takeIn(
  home: Home,
  run: string,
  tarball: string | Uint8Array,
  { bounds, check }: TakeInOptions
): Promise<void> {
  const fresh = join(home.work(), `.unpack-${randomUUID()}`)
  await onDisk(fresh, () => mkdir(fresh, { recursive: true }))
  try {
    await unpackBounded(tarball, fresh, { allow: [`${run}/`], what: run }, bounds)
    await checkResult(join(fresh, run))
    check(await new RunFolder(join(fresh, run)).readRecord())
    await onDisk(fresh, () => rename(join(fresh, run), home.runs(run)))
  } finally {
    await removeTree(fresh)
  }
}

/** @throws {BakError} `damaged` with what is not as it was signed */
export async function checkResult(folder: string): Promise<void> {
  const { ok, faults } = await verifyFolder(folder)
  if (ok) return
  const what = faults.map(({ where, what }) => `${where}: ${what}`).join('; ')
  throw new BakError('damaged', what.slice(0, 900))
}
