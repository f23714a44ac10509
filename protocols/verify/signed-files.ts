/** Whether each file in a folder of a member is one that this member signed, and each that it signed is there. */
import { basename, dirname } from 'node:path/posix'
import { asBakError } from '../errors.ts'
import { type FileList, isSignedList, linesOfList } from '../file-list.ts'
import { MAX_NAMES_OF_FILE, namesLike } from '../file-names.ts'
import { EMPTY_FOLDER, type FileDigest, type Unreadable } from '../folder-digests.ts'
import { FILE_LISTS_FILE, isOfLayout, parseResultPath } from '../layout.ts'
import { type Fault, isAtOrBelow } from './report.ts'

export interface FilesToCheck {
  run: string
  files: Record<string, FileDigest>
  others: Record<string, string>
  lists: FileList[]
  /** Whose folders are whose: peer ids by names. */
  members: Map<string, string>
  /** Lists that an answer of their member names, each as `answerOf` has it: they need no signature of their own. */
  answered: ReadonlySet<string>
  /** Members whose answers show that they sign no lists. */
  older: ReadonlySet<string>
  /** What was not taken, or could not be read. */
  absent: Unreadable[]
  /** Files that arrived under another name in the same folder. */
  renamed: Array<{ path: string; as: string }>
}

/** @returns a list of a member as it is in `answered`: what one member says of a list is no word of another */
export const answerOf = (by: string, digest: string) => `${by} ${digest}`

/** What the answers of members say of their lists. */
export interface Announced {
  /** Lists that answers name, each as `answerOf` has it. */
  answered: ReadonlySet<string>
  /** Members whose answers name a list, and those with an answer that announces a tarball without one. */
  listing: ReadonlySet<string>
  unlisted: ReadonlySet<string>
}

/** @returns members that sign no lists: they announced a tarball without one, or one came and no answer of theirs names a list */
export function olderMembers(
  sent: Array<{ peer: string; files?: string | undefined }>,
  { listing, unlisted }: Pick<Announced, 'listing' | 'unlisted'>
): Set<string> {
  const older = new Set(unlisted)
  for (const { peer, files } of sent) if (files == null && !listing.has(peer)) older.add(peer)
  return older
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

export function checkSignedFiles(about: FilesToCheck): SignedFiles {
  const found: SignedFiles = { faults: [], unproven: [] }
  const signed = readLists(about, found)
  for (const [path, digest] of Object.entries(about.files)) checkFile(about, path, digest, signed, found)
  for (const [path, what] of Object.entries(about.others)) checkOther(about, path, what, signed, found)
  checkMissing(about, signed, found)
  return found
}

/** What a member signed is there, under its own name or under that which it got where its own was taken. */
function checkMissing(about: FilesToCheck, signed: Map<string, Signed>, { faults }: SignedFiles): void {
  const renamed = Map.groupBy(about.renamed.filter(isRenaming), ({ path }) => path)
  // of a file that is not as it was signed nothing more is said
  const wrong = new Set(faults.map(({ where }) => where))
  for (const [peer, { files }] of signed) {
    const name = nameOf(about, peer)
    for (const [path, digests] of files) {
      if (wrong.has(path) || about.absent.some(each => isAtOrBelow(path, each.path))) continue
      const places = [path, ...(renamed.get(path) ?? []).map(({ as }) => as)]
      const there = places.flatMap(place => (Object.hasOwn(about.files, place) ? [about.files[place]] : []))
      const missing = digests.filter(each => !there.some(found => isSame(each, found)))
      if (missing.length === digests.length) faults.push({ where: path, what: `is missing: ${name} signed it` })
      else if (missing.length > 0)
        faults.push({ where: path, what: `is not all that ${name} signed of it: it sent this file more than once` })
    }
  }
}

const isSame = (one: FileDigest, other: FileDigest | undefined) =>
  one.sha256 === other?.sha256 && one.bytes === other.bytes

function readLists(about: FilesToCheck, { faults }: SignedFiles): Map<string, Signed> {
  const signed = new Map<string, Signed>()
  const done = new Set<string>()
  for (const list of about.lists) {
    const { run, by, digest } = list
    const name = nameOf(about, by)
    const wrong = (what: string) => faults.push({ where: FILE_LISTS_FILE, what: `a list of ${name} ${what}` })
    if (done.has(answerOf(by, digest))) continue
    done.add(answerOf(by, digest))
    if (run !== about.run) wrong(`is of run ${run}`)
    else if (!about.answered.has(answerOf(by, digest)) && !isSignedList(list)) wrong('is not as it was signed')
    else {
      const own = signed.get(by) ?? { files: new Map(), folders: new Set() }
      signed.set(by, own)
      try {
        for (const { path, file } of linesOfList(list)) {
          if (ownerOf(about, path) !== by) wrong(`names ${path}, which is in no folder of its own`)
          else if (file == null) own.folders.add(path)
          else addDigest(own.files, path, file)
        }
      } catch (cause) {
        wrong(asBakError(cause).message)
      }
    }
  }
  return signed
}

function addDigest(files: Signed['files'], path: string, digest: FileDigest): void {
  const known = files.get(path) ?? []
  if (!known.some(each => isSame(each, digest))) files.set(path, [...known, digest])
}

function checkFile(
  about: FilesToCheck,
  path: string,
  digest: FileDigest,
  signed: Map<string, Signed>,
  { faults, unproven }: SignedFiles
): void {
  const parsed = parseResultPath(path)
  if (parsed == null && isOfLayout(path)) faults.push({ where: path, what: 'is in no folder that a result has' })
  // what is in no folder of a member is the controller's own: its seal says what it is
  if (parsed == null || !('member' in parsed)) return
  const peer = about.members.get(parsed.member)
  if (peer == null)
    faults.push({ where: path, what: `is in a folder of ${parsed.member}, who is no member of the run` })
  else if (about.older.has(peer)) noteOlder(parsed.member, unproven)
  else {
    const known = signed.get(peer)?.files.get(signedPathOf(about, path))
    if (known?.some(each => isSame(each, digest))) return
    const what = known == null ? `${parsed.member} did not sign it` : `is not as ${parsed.member} signed it`
    faults.push({ where: path, what })
  }
}

/** @returns the path that the member signed for a file */
function signedPathOf({ renamed }: FilesToCheck, path: string): string {
  return renamed.find(each => each.as === path && isRenaming(each))?.path ?? path
}

/** Whether a receiver gives a file this other name: with any other the files of a member could change their places. */
function isRenaming({ path, as }: FilesToCheck['renamed'][number]): boolean {
  if (dirname(path) !== dirname(as) || path === as) return false
  return namesLike(basename(path))
    .take(MAX_NAMES_OF_FILE)
    .some(each => each === basename(as))
}

function checkOther(
  about: FilesToCheck,
  path: string,
  what: string,
  signed: Map<string, Signed>,
  { faults }: SignedFiles
): void {
  const parsed = parseResultPath(path)
  if (parsed == null && what !== EMPTY_FOLDER && isOfLayout(path))
    faults.push({ where: path, what: `is ${what}, in no folder that a result has` })
  if (parsed == null || !('member' in parsed)) return
  const peer = about.members.get(parsed.member)
  if (peer == null) faults.push({ where: path, what: `is ${what}, of ${parsed.member}, who is no member of the run` })
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
