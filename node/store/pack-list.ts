/**
 * Which files and folders are packed, in the order of their names, and under which name. One odd file costs that file: what cannot be
 * packed, or would be refused by the receiver, is left out by name.
 */
import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { posix } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { bytesOf, packedName, rawOf } from '../../protocols/file-names.ts'
import { describeOther, listRaw, reasonOf } from '../../protocols/folder-digests.ts'
import { isCode, onDisk } from './disk.ts'
import { refusalOfName } from './entries.ts'
import type { PackReport } from './pack-report.ts'
import { type Yield, yielder } from './yield.ts'

export interface PackEntry {
  /** Relative to the root. */
  raw: string
  /** In the archive. */
  name: string
  stat: Stats
}

/** @returns the paths without those that are inside of another. @throws {BakError} `bug` for one outside of the root */
export function topsOf(paths: string[]): string[] {
  const sorted = [...new Set(paths.map(normalise))].sort()
  const isInside = (path: string, folder: string) => folder === '.' || path.startsWith(`${folder}/`)
  return sorted.filter(path => !sorted.some(other => other !== path && isInside(path, other)))
}

/** @param top a file or folder relative to `root`. @throws {BakError} `io` if it is missing */
export async function* packList(root: string, top: string, report: PackReport): AsyncGenerator<PackEntry> {
  const maybeYield = yielder()
  const raw = rawOf(top)
  const stat = await onDisk(`${root}/${top}`, async () => statOf(rawOf(root), raw))
  if (stat.isFile()) yield { raw, name: top, stat }
  if (!stat.isDirectory()) return
  const at = { root: rawOf(root), top: raw, report, maybeYield }
  if (top === '.') return yield* walk(at, listBelow(at, raw), '', '')
  report.admit(raw, 0, top)
  yield { raw, name: top, stat }
  yield* walk(at, listBelow(at, raw), raw, top)
}

function listBelow({ root, report }: Walk, raw: string) {
  try {
    return listRaw(`${root}/${raw}`)
  } catch (cause) {
    leaveUnreadable(report, raw, cause)
    return []
  }
}

interface Walk {
  root: string
  top: string
  report: PackReport
  maybeYield: Yield
}

async function* walk(
  at: Walk,
  entries: { name: string }[],
  folder: string,
  folderName: string
): AsyncGenerator<PackEntry> {
  const { root, report, maybeYield } = at
  const siblings = new Set(entries.map(({ name }) => name))
  for (const { name: own } of entries) {
    await maybeYield()
    const raw = folder === '' ? own : `${folder}/${own}`
    try {
      const stat = statOf(root, raw)
      const ownName = packedName(own)
      const isRenamed = rawOf(ownName) !== own
      const name = folderName === '' ? ownName : `${folderName}/${ownName}`
      if (leaveOdd(at, raw, stat)) continue
      const isTaken = isRenamed && siblings.has(rawOf(ownName))
      const refusal = isTaken
        ? `the name ${ownName} is taken`
        : (refusalOfName(name) ?? report.admit(raw, sizeOf(stat), name))
      if (refusal != null) {
        report.leave(raw, refusal)
        continue
      }
      const below = stat.isDirectory() ? listRaw(`${root}/${raw}`) : []
      if (isRenamed) report.leave(raw, `arrived as ${ownName}`, { isLost: false, isKept: false })
      yield { raw, name, stat }
      yield* walk(at, below, raw, name)
    } catch (cause) {
      leaveUnreadable(report, raw, cause)
    }
  }
}

/** @throws an error that is not about this file alone */
export function leaveUnreadable(report: PackReport, raw: string, cause: unknown): void {
  if (!isCode(cause, 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'ENAMETOOLONG', 'ELOOP', 'ESTALE', 'EINVAL', 'ENXIO'))
    throw cause
  report.leave(raw, `cannot be read: ${reasonOf(cause)}`, { isKept: !isCode(cause, 'ENOENT') })
}

/** Leaves out what is neither a file nor a folder. A link is named with its target, and is no loss if that is packed. */
function leaveOdd({ root, top, report }: Walk, raw: string, stat: Stats): boolean {
  if (stat.isFile() || stat.isDirectory()) return false
  const what = describeOther(stat, `${root}/${raw}`)
  if (!stat.isSymbolicLink()) {
    report.leave(raw, `${what}, which has no content`, { isKept: false })
    return true
  }
  const target = readlinkSync(bytesOf(`${root}/${raw}`), 'latin1')
  const resolved = target.startsWith('/') ? target : posix.join(posix.dirname(raw), target)
  const isPacked = (top === '.' || resolved === top || resolved.startsWith(`${top}/`)) && exists(root, resolved)
  report.leave(raw, what, { isLost: !isPacked, isKept: false })
  return true
}

const statOf = (root: string, raw: string) => lstatSync(bytesOf(`${root}/${raw}`))
const exists = (root: string, raw: string) => lstatSync(bytesOf(`${root}/${raw}`), { throwIfNoEntry: false }) != null
const sizeOf = (stat: Stats) => (stat.isFile() ? stat.size : 0)

function normalise(path: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '')
  if (plain !== '' && !plain.startsWith('/') && plain !== '..' && !plain.startsWith('../')) return plain
  throw new BakError('bug', `not a path inside the folder to pack: ${path}`)
}
