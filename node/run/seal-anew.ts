/**
 * Seals a result again to which its members' data came since: after a collection, and after one that a killed daemon did not end. What had a
 * digest is as it was; of what came only that of members gets one.
 */
import { digestOf } from '../../protocols/digest.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { EMPTY_FOLDER, type FileDigest, type FolderDigests } from '../../protocols/folder-digests.ts'
import { FILE_LISTS_FILE, isMemberPath, JOURNAL_FILE } from '../../protocols/layout.ts'
import { checkSeal, type RunRecord } from '../../protocols/record.ts'
import { isAtOrBelow } from '../../protocols/verify/report.ts'
import { removeTemporaries } from '../store/atomic.ts'
import { loadJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { RunEvents } from './events.ts'
import { isReceived, noteTarballs } from './rebuild-record.ts'
import { noteUnsigned } from './sealing.ts'
import { announcedIn, leaveUnsigned } from './unsigned-files.ts'

const NEWLINE = 0x0a
/** They grow with a collection. */
const GROWING = [JOURNAL_FILE, FILE_LISTS_FILE]

interface Grown {
  folder: RunFolder
  record: RunRecord
  events: RunEvents
  signer: Signer
}

/** Ends the journal. What members did not sign so stays out of the seal, by name. */
export async function sealAnew({ folder, record, events, signer }: Grown): Promise<void> {
  try {
    const { proof, left } = await leaveUnsigned(
      folder,
      record,
      await folder.digestsAnew(record),
      await announcedIn(folder)
    )
    const known = new Set((record.unreadable ?? []).map(({ path }) => path))
    noteUnsigned(
      { record, events },
      left.filter(({ path }) => !known.has(path))
    )
    await events.close()
    await folder.seal(record, signer, proof)
  } finally {
    await events.close()
  }
}

/**
 * Ends a collection that a killed daemon began: all that had a digest must be as it was, the journal and the lists begin as they were, and
 * what is new is in folders of members. What had no receipt is still on its member.
 * @throws {BakError} `damaged` with what is not as it was sealed; nothing is sealed then
 */
export async function endCollection(folder: RunFolder, signer: Signer): Promise<void> {
  await removeTemporaries(folder.root)
  const record = checkSeal(await folder.readRecordText())
  await folder.cutFileLists()
  const journal = await folder.startOf(record, JOURNAL_FILE)
  const found = await folder.digests()
  const start = { [JOURNAL_FILE]: journal, [FILE_LISTS_FILE]: await folder.startOf(record, FILE_LISTS_FILE) }
  const faults = changesIn(record, { ...found, files: { ...found.files, ...mapped(start) } })
  if (faults.length > 0) throw new BakError('damaged', faults.join('; ').slice(0, 900))
  const { values } = await loadJournal<StoredEvent>(folder.journal, storedEvent as never)
  const sealed = journal.filter(byte => byte === NEWLINE).length
  noteTarballs(record, values.slice(sealed).filter(isReceived))
  await sealAnew({ folder, record, events: await RunEvents.open(folder.journal, values, () => {}), signer })
}

const mapped = (all: Record<string, Buffer>): FolderDigests['files'] =>
  Object.fromEntries(
    Object.entries(all).map(([path, bytes]) => [path, { sha256: digestOf(bytes), bytes: bytes.length }])
  )

/** @returns what of a sealed result is not as it was, and what is new elsewhere than in folders of members */
function changesIn({ files = {}, others = {}, unreadable = [] }: RunRecord, found: FolderDigests): string[] {
  const isChanged = ([path, { sha256, bytes }]: [string, FileDigest]) =>
    found.files[path]?.sha256 !== sha256 || found.files[path]?.bytes !== bytes
  const isGone = ([path, what]: [string, string]) =>
    found.others[path] !== what && !(what === EMPTY_FOLDER && isMemberPath(path))
  const isKnown = (path: string) =>
    GROWING.includes(path) || isMemberPath(path) || unreadable.some(each => isAtOrBelow(path, each.path))
  const isNew = (path: string) => !Object.hasOwn(files, path) && !Object.hasOwn(others, path) && !isKnown(path)
  const changed = [...Object.entries(files).filter(isChanged), ...Object.entries(others).filter(isGone)]
  return [
    ...changed.map(([path]) => `${path}: is not as it was sealed`),
    ...[...Object.keys(found.files), ...Object.keys(found.others)]
      .filter(isNew)
      .map(path => `${path}: was not there when the run was sealed`)
  ]
}
