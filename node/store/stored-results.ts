/** The results that are here; one that another peer moves here is unpacked beside them, verified, and only then given its name. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { isRunId } from '../../protocols/fields.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { forgetCollection } from './begun-collections.ts'
import { type Bounds, unpackBounded } from './bounded-unpack.ts'
import { forgetCopies } from './copied.ts'
import { onDisk } from './disk.ts'
import type { Home } from './home.ts'
import { forgetDue } from './moved.ts'
import { removeTree } from './remove-tree.ts'
import { RunFolder } from './run-folder.ts'

/** Names of folders that no run has, in `work/` and beside the results. */
const isTransient = (name: string) => /^\.(unpack|move|gone)-/.test(name)
export const moveFolder = (home: Home, run: string) => join(home.work(), `.move-${run}`)

/** @returns the ids of all runs whose folder is here, oldest first */
export async function listResults(home: Home): Promise<string[]> {
  const names = await readdir(home.runs()).catch(() => [])
  return names.filter(isRunId).sort()
}

export const hasResult = (home: Home, run: string) => existsSync(home.runs(run))

/** At once for everybody who looks, also if the daemon is killed meanwhile: the next start deletes the rest. */
export async function removeResult(home: Home, run: string): Promise<void> {
  // beside it, since the results may be on another disk than the rest of the home
  const gone = join(home.runs(), `.gone-${randomUUID()}`)
  await onDisk(home.runs(run), () => rename(home.runs(run), gone))
  await forgetCollection(home, run)
  await forgetDue(home, run)
  await forgetCopies(home, run)
  await removeTree(gone)
}

/** Deletes what a killed daemon had begun to take in, to move or to delete. */
export async function sweepTransient(home: Home): Promise<void> {
  for (const folder of [home.work(), home.runs()])
    for (const name of (await readdir(folder).catch(() => [])).filter(isTransient))
      await removeTree(join(folder, name)).catch(() => {})
}

interface TakeInOptions {
  bounds: Bounds
  /** @throws {BakError} why this result is not to be here */
  check(record: RunRecord): void
  /** It is as it was signed, and gets its place when this resolves. */
  onWhole(): Promise<void>
}

/** @throws {BakError} `damaged` if it is not as it was signed, and what else it is refused with; nothing of it is then here */
export async function takeIn(
  home: Home,
  run: string,
  tarball: string | Uint8Array,
  { bounds, check, onWhole }: TakeInOptions
): Promise<void> {
  const fresh = join(home.work(), `.unpack-${randomUUID()}`)
  await onDisk(fresh, () => mkdir(fresh, { recursive: true }))
  try {
    await unpackBounded(tarball, fresh, { allow: [`${run}/`], what: run }, bounds)
    await checkResult(join(fresh, run))
    check(await new RunFolder(join(fresh, run)).readRecord())
    await onWhole()
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
