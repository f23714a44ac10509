/** Looks at what is to be staged: what is in it, and what no artifact may have. Nothing is followed but the path itself. */
import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { faultInLink, faultInPath, MAX_ARTIFACT_BYTES, MAX_ENTRIES } from '../../protocols/artifact.ts'
import { cleanLine } from '../../protocols/clean-line.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { packedName } from '../../protocols/file-names.ts'

/** Names in one error. */
const MAX_NAMED = 5
const PERMISSIONS = 0o777

export type Found =
  | { type: 'file'; path: string; mode: number; bytes: number }
  | { type: 'folder'; path: string; mode: number }
  | { type: 'link'; path: string; target: string }

export interface Scan {
  /** Where it is, without links. */
  root: string
  /** As the entries of a listing: itself first, each folder before what is in it. */
  entries: Found[]
  bytes: number
  /** Different for different content, as far as times and sizes of files tell. */
  signature: string
  /** When something of it was changed last, ms since 1970. */
  changed: number
}

interface ScanOptions {
  /** Of the content, at most. */
  bytes?: number
  /**
   * Of permissions it is only told whether the owner may execute a file: what the umask of a machine, or of the user of a program there, decides
   * is then no part of the content.
   */
  plainModes?: boolean
}

/** @throws {BakError} `usage` naming what cannot be staged, and why */
export async function scanTree(
  path: string,
  { bytes: most = MAX_ARTIFACT_BYTES, plainModes = false }: ScanOptions = {}
): Promise<Scan> {
  const root = await realpath(path).catch(cause => {
    throw new BakError('usage', `cannot stage ${path}: ${whyOf(cause)}`, { cause })
  })
  const entries: Found[] = []
  const refused: string[] = []
  const marks = [plainModes ? 'plain' : 'own']
  let [bytes, changed] = [0, 0]
  const refuse = (name: string, why: string) => {
    refused.push(`${cleanLine(name === '' ? path : join(path, name))} ${why}`)
  }
  const look = async (name: string): Promise<void> => {
    const at = name === '' ? root : join(root, name)
    const stat = await lstat(at, { bigint: true })
    const own = Number(stat.mode) & PERMISSIONS
    const mode = plainModes ? plainMode(own, stat.isDirectory()) : own
    const fault = name === '' ? undefined : faultInPath(name)
    if (fault != null) return refuse(name, fault)
    if (entries.length >= MAX_ENTRIES) {
      throw new BakError('usage', `cannot stage ${path}: it has more than ${MAX_ENTRIES} entries; pack it with tar`)
    }
    changed = Math.max(changed, Number(stat.ctimeMs))
    marks.push(`${name}\0${stat.dev}\0${stat.ino}\0${stat.mode}\0${stat.size}\0${stat.mtimeNs}\0${stat.ctimeNs}`)
    if (stat.isFile()) {
      bytes += Number(stat.size)
      entries.push({ type: 'file', path: name, mode, bytes: Number(stat.size) })
    } else if (stat.isDirectory()) {
      entries.push({ type: 'folder', path: name, mode })
      for (const child of await namesIn(at, name, refuse)) await look(name === '' ? child : `${name}/${child}`)
    } else if (stat.isSymbolicLink()) {
      const target = await readlink(at)
      const leads = faultInLink(name, target)
      if (leads == null) entries.push({ type: 'link', path: name, target })
      else refuse(name, leads)
    } else refuse(name, `is ${kindOf(stat)}`)
  }
  await look('').catch(cause => {
    if (cause instanceof BakError) throw cause
    throw new BakError('usage', `cannot stage ${path}: ${(cause as Error).message}`, { cause })
  })
  if (refused.length > 0) throw new BakError('usage', `cannot be staged: ${named(refused)}`)
  if (bytes > most) {
    throw new BakError('usage', `cannot stage ${path}: it has ${bytes} bytes, and artifacts.largest here is ${most}`)
  }
  return { root, entries, bytes, changed, signature: marks.join('\n') }
}

/** A name that is no UTF-8 would be another name on the peer that gets it. */
async function namesIn(at: string, name: string, refuse: (name: string, why: string) => void): Promise<string[]> {
  const names: string[] = []
  for (const each of await readdir(at, { encoding: 'buffer' })) {
    const text = each.toString('utf8')
    if (Buffer.compare(Buffer.from(text), each) === 0) names.push(text)
    else refuse(join(name, packedName(each.toString('latin1'))), 'has a name that is not UTF-8')
  }
  return names.sort()
}

const plainMode = (mode: number, isFolder: boolean) => (isFolder || (mode & 0o100) !== 0 ? 0o755 : 0o644)

interface Kinds {
  isSocket(): boolean
  isFIFO(): boolean
}

const kindOf = (stat: Kinds) => (stat.isSocket() ? 'a socket' : stat.isFIFO() ? 'a pipe' : 'a device')

const named = (refused: string[]) =>
  [
    ...refused.slice(0, MAX_NAMED),
    ...(refused.length > MAX_NAMED ? [`and ${refused.length - MAX_NAMED} more`] : [])
  ].join('; ')
