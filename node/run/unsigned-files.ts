/**
 * Files of members that are not as their members signed them: they stay where they are, and the seal names them as not in it. So one member
 * that lies, or a tarball that was being unpacked when the daemon was killed, costs what it brought, and the rest is proven.
 */
import { peek } from '../../protocols/envelope.ts'
import { cutText } from '../../protocols/fields.ts'
import type { FolderDigests, Unreadable } from '../../protocols/folder-digests.ts'
import { isMemberPath, OFFER_FILE, parseResultPath } from '../../protocols/layout.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { type Announced, checkSignedFiles, olderMembers } from '../../protocols/verify/signed-files.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { Announcements } from './announcements.ts'
import { evidenceIn } from './evidence.ts'

/** Paths of one folder of a member that are named; of more the folder is. */
const MAX_NAMED_IN_FOLDER = 100

export interface Unsigned {
  proof: FolderDigests
  /** What was taken out of the proof, by name. */
  left: Unreadable[]
}

/** @returns the digests without what `bak verify` would call false */
export async function leaveUnsigned(
  folder: RunFolder,
  record: RunRecord,
  proof: FolderDigests,
  announced: Announced
): Promise<Unsigned> {
  const offer = await folder.readEnvelope(OFFER_FILE).then(sealed => sealed && peek(offerSubject, sealed))
  // without signed lists nothing can be compared
  if (offer?.signedFiles !== true) return { proof, left: [] }
  const { run, refused = [], renamed = [] } = record
  const members = new Map(offer.candidates.map(({ peer, name }) => [name, peer]))
  const older = olderMembers(record.sent, announced)
  const absent = [...refused, ...proof.unreadable]
  const lists = await folder.fileLists()
  const { answered } = announced
  const { faults } = checkSignedFiles({ ...proof, run, lists, members, answered, older, absent, renamed })
  const left = faults.flatMap(({ where, what }) =>
    isMemberPath(where) ? [{ path: where, reason: cutText(what) }] : []
  )
  if (left.length === 0) return { proof, left }
  const named = byFolder(left)
  const out = new Set(left.map(({ path }) => path))
  const without = <T>(all: Record<string, T>) =>
    Object.fromEntries(Object.entries(all).filter(([path]) => !out.has(path)))
  const rest = { files: without(proof.files), others: without(proof.others) }
  return { proof: { ...rest, unreadable: [...proof.unreadable, ...named] }, left: named }
}

/** @returns what the answers in the certificates on the disk say of the lists of files */
export async function announcedIn(folder: RunFolder): Promise<Announced> {
  const announced = new Announcements()
  const { certificates } = await evidenceIn(folder)
  for (const { by, value } of certificates.flatMap(({ acks }) => acks)) announced.note(by, value)
  return announced
}

/** A record can name so many: of a folder with more it names the folder, with the first of them. */
function byFolder(left: Unreadable[]): Unreadable[] {
  const folders = Map.groupBy(left, ({ path }) => folderOf(path))
  return [...folders].flatMap(([folder, all]) => {
    const [first] = all
    if (all.length <= MAX_NAMED_IN_FOLDER || first == null) return all
    return [{ path: folder, reason: cutText(`${all.length} paths in it, as ${first.path}, which ${first.reason}`) }]
  })
}

/** @returns the folder of the member that a path is in */
function folderOf(path: string): string {
  const parsed = parseResultPath(path)
  const below = parsed != null && 'rest' in parsed && parsed.rest !== '' ? parsed.rest.length + 1 : 0
  return below === 0 ? path : path.slice(0, -below)
}
