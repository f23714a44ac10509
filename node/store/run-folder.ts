/** The result folder of one run: its fixed files, and how each is written. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOfFile } from '../../protocols/digest.ts'
import { type Envelope, envelope, type Signer } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { type FileList, splitFileLists } from '../../protocols/file-list.ts'
import { type FolderDigests, folderDigests } from '../../protocols/folder-digests.ts'
import type { JobsFile } from '../../protocols/jobs/jobs-file.ts'
import {
  CERTIFICATES_FOLDER,
  FILE_LISTS_FILE,
  isBesideSeal,
  isMemberPath,
  JOBS_FILE,
  JOURNAL_FILE,
  METADATA_FILE,
  parseResultPath,
  partOf,
  RECORD_FILE,
  SPEC_FILE,
  TAGS_FILE,
  tasksFileOf
} from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { endsWithSeal, type RunRecord, readRecord, writeRecord } from '../../protocols/record.ts'
import { writeRunFile } from '../../protocols/run-file.ts'
import type { Spec } from '../../protocols/spec.ts'
import { type Tags, writeTags } from '../../protocols/tags.ts'
import { tagsBeside } from '../../protocols/tags-beside.ts'
import type { TasksFile } from '../../protocols/tasks/tasks-file.ts'
import { isAtOrBelow } from '../../protocols/verify/report.ts'
import { writeAtomic } from './atomic.ts'
import { onDisk, syncPath, unlessMissing } from './disk.ts'
import { removeTree } from './remove-tree.ts'

/** Upper bound of a seal, which ends a record. */
const MAX_SEAL_BYTES = 512
/** Two changes of a folder within it may have the same time: a tick of the kernel is 10 ms at most, and some file systems count seconds. */
const TICK_MS = 1_500

export class RunFolder {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  get journal(): string {
    return join(this.root, JOURNAL_FILE)
  }

  get certificates(): string {
    return join(this.root, CERTIFICATES_FOLDER)
  }

  path(...names: string[]): string {
    return join(this.root, ...names)
  }

  async create(spec: Spec): Promise<void> {
    await mkdir(this.certificates, { recursive: true })
    await writeAtomic(this.path(SPEC_FILE), writeRunFile(spec))
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await writeAtomic(this.path(path), bytes)
  }

  writeEnvelope(path: string, sealed: Envelope): Promise<void> {
    return this.write(path, encode(sealed))
  }

  /** @returns undefined if it is missing */
  async readEnvelope(path: string): Promise<Envelope | undefined> {
    const bytes = await readFile(this.path(path)).catch(() => undefined)
    return bytes == null ? undefined : decode(envelope, new Uint8Array(bytes))
  }

  /** @returns all certificates, in the order of their phases */
  async readCertificates(): Promise<Envelope[]> {
    const names = (await readdir(this.certificates).catch(() => [])).sort()
    const paths = names.map(each => `${CERTIFICATES_FOLDER}/${each}`)
    const certificates = paths.filter(path => parseResultPath(path)?.kind === 'certificate')
    const read = await Promise.all(certificates.map(path => this.readEnvelope(path)))
    return read.filter(each => each != null)
  }

  /** What the tasks of a sample came to. */
  async writeTasks(step: Step, file: TasksFile): Promise<void> {
    const path = this.path(tasksFileOf(step))
    await mkdir(dirname(path), { recursive: true })
    await writeAtomic(path, `${JSON.stringify(file)}\n`)
  }

  /** What became of the jobs of the run, of all its graphs. */
  async writeJobs(file: JobsFile): Promise<void> {
    await writeAtomic(this.path(JOBS_FILE), `${JSON.stringify(file)}\n`)
  }

  async writeMetadata(text: string): Promise<void> {
    await writeAtomic(this.path(METADATA_FILE), text)
  }

  /** @param signer seals it, under the digests that it has */
  async writeRecord(record: RunRecord, signer?: Signer): Promise<void> {
    await writeAtomic(this.path(RECORD_FILE), writeRecord(record, signer))
  }

  /**
   * Adds the list of files that a member signed. Written at once, since that is faster for what is mostly small; on the disk when the
   * result is sealed, as the journal is.
   */
  addFileList(sealed: Uint8Array): void {
    const file = openSync(this.path(FILE_LISTS_FILE), 'a', 0o644)
    const { size } = fstatSync(file)
    try {
      writeFileSync(file, sealed)
    } catch (cause) {
      // half a list must not stay before the next one
      ftruncateSync(file, size)
      throw asBakError(cause)
    } finally {
      closeSync(file)
    }
  }

  /** Cuts off the part of a list that a daemon had written when it was killed. */
  async cutFileLists(): Promise<void> {
    const path = this.path(FILE_LISTS_FILE)
    const content = await unlessMissing(readFile(path))
    const { rest } = splitFileLists(content ?? Buffer.alloc(0))
    if (content != null && rest > 0) await onDisk(path, () => truncate(path, content.length - rest))
  }

  /** @returns as much of a file that grows as a record has sealed, or as much of that as there is */
  async startOf({ files = {} }: RunRecord, path: string): Promise<Buffer> {
    const content = (await unlessMissing(readFile(this.path(path)))) ?? Buffer.alloc(0)
    return content.subarray(0, files[path]?.bytes ?? 0)
  }

  /** @returns the lists of files that members signed */
  async fileLists(): Promise<FileList[]> {
    return splitFileLists((await unlessMissing(readFile(this.path(FILE_LISTS_FILE)))) ?? Buffer.alloc(0)).lists
  }

  /** Digests of all that is to be sealed, except the record and the journal, whose last line is not written yet. */
  digests(): Promise<FolderDigests> {
    return onDisk(this.root, async () => {
      await unlessMissing(syncPath(this.path(FILE_LISTS_FILE)))
      const { files, ...rest } = await folderDigests(this.root, { except: [RECORD_FILE, JOURNAL_FILE] })
      return { ...rest, files: Object.fromEntries(Object.entries(files).filter(([path]) => !isBesideSeal(path))) }
    })
  }

  /**
   * Of a sealed result to which something came: a file that has a digest keeps it, so that a change of it is not sealed with the rest, and
   * of what had none only that of a member, which its list proves, gets one.
   */
  async digestsAnew({ files: before = {}, unreadable: known = [] }: RunRecord): Promise<FolderDigests> {
    // these two grow
    const { [JOURNAL_FILE]: _, [FILE_LISTS_FILE]: __, ...sealed } = before
    const { files, others, unreadable } = await this.digests()
    const reasonOf = (path: string) => known.find(each => isAtOrBelow(path, each.path))?.reason
    const isOther = (path: string) => path !== FILE_LISTS_FILE && !Object.hasOwn(sealed, path) && !isMemberPath(path)
    const unknown = Object.keys(files).filter(isOther)
    const proven = Object.fromEntries(Object.entries(files).filter(([path]) => !isOther(path)))
    const left = unknown.map(path => ({ path, reason: reasonOf(path) ?? 'it was not there when the run was sealed' }))
    return { files: { ...proven, ...sealed }, others, unreadable: [...unreadable, ...left] }
  }

  /** Adds the digest of every file to the record, and signs it. @param proof what `digests` returned, if it was called before */
  async seal(record: RunRecord, signer: Signer, proof?: FolderDigests): Promise<void> {
    const { files, unreadable, others } = proof ?? (await this.digests())
    const journal = await onDisk(this.journal, () => unlessMissing(digestOfFile(this.journal)))
    const all = journal == null ? files : { ...files, [JOURNAL_FILE]: journal }
    const lost = (record.unreadable ?? []).filter(
      ({ path }) => path.startsWith(`${CERTIFICATES_FOLDER}/`) && !Object.hasOwn(all, path)
    )
    const unproven = [...unreadable, ...lost]
    await this.writeRecord(
      { ...record, files: all, others, unreadable: unproven.length === 0 ? undefined : unproven },
      signer
    )
  }

  /**
   * Reads synchronously, which is faster for a few bytes: a daemon calls this for each of its runs when it starts.
   * @returns whether the record ends with a seal; false if it is missing
   */
  isSealed(): boolean {
    let file: number | undefined
    try {
      file = openSync(this.path(RECORD_FILE), 'r')
      const { size } = fstatSync(file)
      const end = Buffer.alloc(Math.min(size, MAX_SEAL_BYTES))
      return endsWithSeal(end.toString('utf8', 0, readSync(file, end, 0, end.length, size - end.length)))
    } catch {
      return false
    } finally {
      if (file != null) closeSync(file)
    }
  }

  hasRecord(): boolean {
    return existsSync(this.path(RECORD_FILE))
  }

  /**
   * Synchronous, since it is asked of all results for a list.
   * @returns what changes whenever a file in the folder gets its name, as the record and the tags do; undefined while that may still happen
   * in the same tick of the file system's clock
   */
  stamp(): string | undefined {
    const { ino, mtimeMs } = statSync(this.root, { throwIfNoEntry: false }) ?? { ino: 0, mtimeMs: Date.now() }
    return Math.abs(Date.now() - mtimeMs) < TICK_MS ? undefined : `${ino} ${mtimeMs}`
  }

  /** @returns whether a path is this folder, under whatever name */
  isAt(path: string): boolean {
    const [there, here] = [path, this.root].map(each => statSync(each, { throwIfNoEntry: false }))
    return there != null && here != null && there.dev === here.dev && there.ino === here.ino
  }

  /** @returns the tags that it got beside its seal; undefined where there are none that can be read */
  laterTags(): Promise<Tags | undefined> {
    return tagsBeside(this.root)
  }

  async writeTags(later: Tags): Promise<void> {
    const temporary = this.path(partOf(TAGS_FILE))
    if (Object.keys(later).length > 0) return writeAtomic(this.path(TAGS_FILE), writeTags(later), { temporary })
    await onDisk(this.path(TAGS_FILE), () => rm(this.path(TAGS_FILE), { force: true }))
  }

  async remove(): Promise<void> {
    await removeTree(this.root)
  }

  async readRecord(): Promise<RunRecord> {
    return readRecord(await this.readRecordText())
  }

  readRecordText(): Promise<string> {
    return readFile(this.path(RECORD_FILE), 'utf8')
  }
}
