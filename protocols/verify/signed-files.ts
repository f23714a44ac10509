/** Whether each file in a folder of a member is one that this member signed, and each that it signed is there. */
import { basename, dirname } from 'node:path/posix'
import { asBakError } from '../errors.ts'
import { type FileList, isSignedList, linesOfList } from '../file-list.ts'
import { isNameLike } from '../file-names.ts'
import { EMPTY_FOLDER, type FileDigest, type Unreadable } from '../folder-digests.ts'
import { FILE_LISTS_FILE, parseResultPath } from '../layout.ts'
import { type Fault, isAtOrBelow } from './report.ts'

export interface FilesToCheck {
  run: string
  files: Record<string, FileDigest>
  others: Record<string, string>
  lists: FileList[]
  /** Whose folders are whose: peer ids by names. */
  members: Map<string, string>
  /** Digests of lists that an answer of their member names: they need no signature of their own. */
  answered: ReadonlySet<string>
  /** Members whose answers show that they sign no lists. */
  older: ReadonlySet<string>
  /** What was not taken, or could not be read. */
  absent: Unreadable[]
  /** Files that arrived under another name in the same folder: only one like their own, since the controller says so. */
  renamed: Array<{ path: string; as: string }>
}

export interface SignedFiles {
  faults: Fault[]
  unproven: Unreadable[]
}

/** What one member signed: all digests that it gave for a path, and all paths with the folders that they are in. */
interface Signed {
  files: Map<string, FileDigest[]>
  folders: Set<string>
}

/** Names that files got where their own was taken: both ways. */
interface Renamed {
  from: Map<string, string[]>
  to: Map<string, string[]>
}

export function checkSignedFiles(about: FilesToCheck): SignedFiles {
  const found: SignedFiles = { faults: [], unproven: [] }
  const signed = readLists(about, found)
  const renamed = renamedOf(about)
  for (const [path, digest] of Object.entries(about.files)) checkFile(about, path, digest, { signed, renamed }, found)
  for (const [path, what] of Object.entries(about.others)) checkOther(about, path, what, signed, found)
  for (const [peer, { files }] of signed) {
    const name = nameOf(about, peer)
    for (const [path, digests] of files) {
      if (isThere(about, path, digests, renamed) || about.absent.some(each => isAtOrBelow(path, each.path))) continue
      found.faults.push({ where: path, what: `is missing: ${name} signed it` })
    }
  }
  return found
}

function readLists(about: FilesToCheck, { faults }: SignedFiles): Map<string, Signed> {
  const signed = new Map<string, Signed>()
  const done = new Set<string>()
  for (const list of about.lists) {
    const { run, by, digest } = list
    const name = nameOf(about, by)
    const wrong = (what: string) => faults.push({ where: FILE_LISTS_FILE, what: `a list of ${name} ${what}` })
    if (done.has(`${by} ${digest}`)) continue
    done.add(`${by} ${digest}`)
    if (run !== about.run) wrong(`is of run ${run}`)
    else if (!about.answered.has(digest) && !isSignedList(list)) wrong('is not as it was signed')
    else {
      const own = signed.get(by) ?? { files: new Map(), folders: new Set() }
      signed.set(by, own)
      try {
        for (const { path, file } of linesOfList(list)) {
          if (ownerOf(about, path) !== by) wrong(`names ${path}, which is in no folder of its own`)
          else if (file == null) own.folders.add(path)
          else own.files.set(path, [...(own.files.get(path) ?? []), file])
        }
      } catch (cause) {
        wrong(asBakError(cause).message)
      }
    }
  }
  return signed
}

function checkFile(
  about: FilesToCheck,
  path: string,
  digest: FileDigest,
  { signed, renamed }: { signed: Map<string, Signed>; renamed: Renamed },
  { faults, unproven }: SignedFiles
): void {
  const parsed = parseResultPath(path)
  // what is in no folder of a member is the controller's own: its seal says what it is
  if (parsed == null || !('member' in parsed)) return
  const peer = about.members.get(parsed.member)
  if (peer == null)
    faults.push({ where: path, what: `is in a folder of ${parsed.member}, who is no member of the run` })
  else if (about.older.has(peer)) noteOlder(parsed.member, unproven)
  else {
    const files = signed.get(peer)?.files
    const known = [path, ...(renamed.to.get(path) ?? [])].flatMap(each => files?.get(each) ?? [])
    if (known.some(each => isSame(each, digest))) return
    const what = known.length === 0 ? `${parsed.member} did not sign it` : `is not as ${parsed.member} signed it`
    faults.push({ where: path, what })
  }
}

function renamedOf({ renamed }: FilesToCheck): Renamed {
  const both: Renamed = { from: new Map(), to: new Map() }
  for (const { path, as } of renamed) {
    if (dirname(path) !== dirname(as) || !isNameLike(basename(path), basename(as))) continue
    both.from.set(path, [...(both.from.get(path) ?? []), as])
    both.to.set(as, [...(both.to.get(as) ?? []), path])
  }
  return both
}

/** A file whose name another file of its member got has to be there under another one. What else is false is said of the file that is there. */
function isThere({ files }: FilesToCheck, path: string, digests: FileDigest[], { from, to }: Renamed): boolean {
  if (Object.hasOwn(files, path) && !to.has(path)) return true
  return [path, ...(from.get(path) ?? [])].some(
    place => Object.hasOwn(files, place) && digests.some(each => isSame(each, files[place] as FileDigest))
  )
}

const isSame = (a: FileDigest, b: FileDigest) => a.sha256 === b.sha256 && a.bytes === b.bytes

function checkOther(
  about: FilesToCheck,
  path: string,
  what: string,
  signed: Map<string, Signed>,
  { faults }: SignedFiles
): void {
  const peer = ownerOf(about, path)
  if (peer == null || about.older.has(peer)) return
  const { folders, files } = signed.get(peer) ?? { folders: new Set(), files: new Map() }
  // of a folder whose files were not taken only the paths are known
  const isSigned = folders.has(path) || [...files.keys()].some(each => isAtOrBelow(each, path))
  if (what === EMPTY_FOLDER && isSigned) return
  faults.push({ where: path, what: `is ${what}, which ${nameOf(about, peer)} did not sign` })
}

function ownerOf({ members }: FilesToCheck, path: string): string | undefined {
  const parsed = parseResultPath(path)
  return parsed != null && 'member' in parsed ? members.get(parsed.member) : undefined
}

function nameOf({ members }: FilesToCheck, peer: string): string {
  return [...members].find(([, each]) => each === peer)?.[0] ?? peer
}

function noteOlder(name: string, unproven: Unreadable[]): void {
  const reason = 'it signs no lists of its files: nothing shows that they are as it sent them'
  if (!unproven.some(each => each.path === name)) unproven.push({ path: name, reason })
}
