/**
 * The body of an artifact on disk: the files of one folder, named by their numbers in the listing. A chunk may begin in one file and end in
 * another.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, isChunk, lengthOfChunk } from '../../protocols/artifact.ts'
import { BakError } from '../../protocols/errors.ts'
import { inParallel } from '../in-parallel.ts'
import { isCode, onDisk, openInPlace, writeAll } from '../store/disk.ts'

/** Files of one body that are open at once; of those that were used longest ago the next takes the place. */
const MAX_OPEN = 16
/** Files that are written through at once: a disk does several in little more than the time of one, and many small files take long. */
export const SYNCS = 8

/** A part of one file. */
export interface Span {
  /** Number of the file. */
  file: number
  offset: number
  length: number
}

/** @returns where in a folder the file of this number is */
export const fileIn = (folder: string, file: number) => join(folder, `${file}`)

/** @returns where each file begins in the body */
export function beginnings(files: ReadonlyArray<{ bytes: number }>): number[] {
  let at = 0
  return files.map(({ bytes }) => {
    at += bytes
    return at - bytes
  })
}

/** @param begins as `beginnings` returns it @returns the parts of files that a range of the body consists of. Pure. */
export function spansOf(
  files: ReadonlyArray<{ bytes: number }>,
  begins: readonly number[],
  offset: number,
  length: number
): Span[] {
  const spans: Span[] = []
  let file = lastAtOrBefore(begins, offset)
  for (let at = offset; at < offset + length; file++) {
    const [begin, bytes] = [begins[file] as number, (files[file] as { bytes: number }).bytes]
    const part = Math.min(begin + bytes, offset + length) - at
    if (part > 0) spans.push({ file, offset: at - begin, length: part })
    at += Math.max(0, part)
  }
  return spans
}

/** Of several files that begin at one place, all but the last are empty. */
function lastAtOrBefore(begins: readonly number[], offset: number): number {
  let [low, high] = [0, begins.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((begins[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return low
}

export class Body {
  readonly #folder: string
  readonly #artifact: Artifact
  readonly #begins: number[]
  readonly #isWritten: boolean
  /** The least recently used first. */
  readonly #open = new Map<number, Promise<FileHandle>>()
  /** Uses of the open files; one that is in use is not closed. */
  readonly #uses = new Map<number, number>()
  /** Nothing is opened any more: nobody would close it. */
  #isClosed = false

  /** @param isWritten files that are missing are made */
  constructor(folder: string, artifact: Artifact, { isWritten = false }: { isWritten?: boolean } = {}) {
    this.#folder = folder
    this.#artifact = artifact
    this.#begins = beginnings(artifact.files)
    this.#isWritten = isWritten
  }

  /** @returns the bytes of a chunk, whatever they are; undefined if they are not all there */
  async read(chunk: number): Promise<Uint8Array | undefined> {
    const content = new Uint8Array(lengthOfChunk(this.#artifact, chunk))
    let at = 0
    for (const { file, offset, length } of this.#spans(chunk)) {
      const isRead = await this.#use(file, handle => readAll(handle, content.subarray(at, at + length), offset))
      if (!isRead) return undefined
      at += length
    }
    return content
  }

  async write(chunk: number, content: Uint8Array): Promise<void> {
    let at = 0
    for (const { file, offset, length } of this.#spans(chunk)) {
      const part = content.subarray(at, at + length)
      await this.#use(file, handle => writeAll(handle, part, offset).then(() => true))
      at += length
    }
  }

  /** @returns whether the chunk is here, as its digest says */
  async has(chunk: number): Promise<boolean> {
    const content = await this.read(chunk)
    return content != null && isChunk(this.#artifact, chunk, content)
  }

  /** All that was written is on the disk, in files that are as long as the listing says. */
  async sync(): Promise<void> {
    await inParallel(this.#artifact.files.entries(), SYNCS, async ([file, { bytes }]) => {
      await this.#use(file, async handle => {
        await handle.truncate(bytes)
        await handle.datasync()
        return true
      })
    })
  }

  /** What is still being read or written ends first. */
  async close(): Promise<void> {
    this.#isClosed = true
    const handles = [...this.#open.values()]
    this.#open.clear()
    for (const each of handles) await each.then(handle => handle.close()).catch(() => {})
  }

  #spans(chunk: number): Span[] {
    const { files, chunkBytes } = this.#artifact
    return spansOf(files, this.#begins, chunk * chunkBytes, lengthOfChunk(this.#artifact, chunk))
  }

  /** @returns false if the file is missing */
  async #use(file: number, work: (handle: FileHandle) => Promise<boolean>): Promise<boolean> {
    const path = fileIn(this.#folder, file)
    if (this.#isClosed) throw new BakError('io', `${path} is closed`)
    this.#uses.set(file, (this.#uses.get(file) ?? 0) + 1)
    const opened = this.#open.get(file) ?? (this.#isWritten ? openInPlace(path, 0o600) : open(path, 'r'))
    this.#open.delete(file)
    this.#open.set(file, opened)
    try {
      return await onDisk(path, async () => work(await opened))
    } catch (cause) {
      if (this.#open.get(file) === opened) this.#open.delete(file)
      void opened.then(handle => handle.close()).catch(() => {})
      if (cause instanceof BakError && isCode(cause.cause, 'ENOENT') && !this.#isWritten) return false
      throw cause
    } finally {
      const left = (this.#uses.get(file) ?? 1) - 1
      if (left > 0) this.#uses.set(file, left)
      else this.#uses.delete(file)
      this.#closeOldest()
    }
  }

  #closeOldest(): void {
    for (const [file, opened] of this.#open) {
      if (this.#open.size <= MAX_OPEN) return
      if (this.#uses.has(file)) continue
      this.#open.delete(file)
      void opened.then(handle => handle.close()).catch(() => {})
    }
  }
}

/** @returns false if the file ends before */
async function readAll(handle: FileHandle, into: Uint8Array, offset: number): Promise<boolean> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle.read(into, done, into.length - done, offset + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}
