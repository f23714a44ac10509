/** Packs files and folders into a compressed tar in one pass; only a small one is ever whole in memory. */
import type { FileHandle } from 'node:fs/promises'
import { pipe } from 'it-pipe'
import { digestOf, newDigest } from '../../protocols/digest.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { sealFileList } from '../../protocols/file-list.ts'
import { fillAtomic } from './atomic.ts'
import { onDisk } from './disk.ts'
import { PackReport } from './pack-report.ts'
import { tarStream } from './tar-stream.ts'
import { type Bytes, compress, compressWhole, ZSTD_LEVEL } from './zstd.ts'

interface Listing {
  run: string
  signer: Signer
}

interface PackOptions {
  signal?: AbortSignal
  /** zstd's level, `ZSTD_LEVEL` by default. */
  level?: number
  /** Leaves out what is beyond the bounds of another peer that receives it. */
  isBounded?: boolean
  /** Signs the list of the files that are packed: the archive ends with it, under this run. */
  list?: Listing
}

export interface Packed extends Counted {
  report: PackReport
  /** Digest of that list. */
  files?: string
}

interface InMemoryTarball extends Packed {
  content: Uint8Array
}

/** A tar up to this size is compressed in memory to see whether the result is small. */
const MAX_IN_MEMORY_BYTES = 256 * 1024

/**
 * @param paths files and folders relative to `root`, which become the names in the archive
 * @throws {BakError} `no-space` or `io`; `target` is then unchanged
 */
export function pack(root: string, paths: string[], target: string, options: PackOptions = {}): Promise<Packed> {
  return within(options, (report, sign) => fill(target, tarStream(root, paths, report, sign), options))
}

/** As `pack`, but an archive of at most `maxBytes` stays in memory and is not written to `target`. */
export function packSmall(
  root: string,
  paths: string[],
  target: string,
  { maxBytes, ...options }: PackOptions & { maxBytes: number }
): Promise<Packed | InMemoryTarball> {
  return within(options, async (report, sign) => {
    const source = tarStream(root, paths, report, sign)
    const { chunks, isWhole } = await onDisk(root, () => readStart(source))
    options.signal?.throwIfAborted()
    const content = isWhole ? compressWhole(Buffer.concat(chunks), options.level ?? ZSTD_LEVEL) : undefined
    if (content == null || content.length > maxBytes) return fill(target, chain(chunks, source), options)
    return { digest: digestOf(content), bytes: content.length, content }
  })
}

/** What a tarball may unpack to depends on its size, which is known once it is packed: then it is packed again without the largest files. */
async function within<T extends Counted>(
  { isBounded, list }: PackOptions,
  packOnce: (report: PackReport, sign?: (text: Uint8Array) => Uint8Array) => Promise<T>
): Promise<T & Packed> {
  let files: string | undefined
  const signAs =
    ({ run, signer }: Listing) =>
    (text: Uint8Array) => {
      const { digest, sealed } = sealFileList(run, text, signer)
      files = digest
      return sealed
    }
  const pack = (report: PackReport) => packOnce(report, list && signAs(list))
  const report = new PackReport({ isBounded })
  const packed = await pack(report)
  const without = report.tooMuch(packed.bytes)
  if (without.size === 0) return { ...packed, ...(files && { files }), report }
  const smaller = new PackReport({ isBounded, without })
  return { ...(await pack(smaller)), ...(files && { files }), report: smaller }
}

function fill(target: string, source: Bytes, { signal, level = ZSTD_LEVEL }: PackOptions): Promise<Counted> {
  return fillAtomic(
    target,
    handle => {
      const write = (compressed: Bytes) => writeCounted(handle, compressed, signal)
      return pipe(source, compress(level, signal), write)
    },
    { mode: 0o600 }
  )
}

/** Reads as much of the source as may stay in memory. */
async function readStart(source: AsyncGenerator<Uint8Array>): Promise<{ chunks: Uint8Array[]; isWhole: boolean }> {
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= MAX_IN_MEMORY_BYTES; ) {
    const { done, value } = await source.next()
    if (done) return { chunks, isWhole: true }
    chunks.push(value)
    size += value.length
  }
  return { chunks, isWhole: false }
}

async function* chain(chunks: Uint8Array[], source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
  yield* source
}

/** Bytes between two fsyncs that run beside the writing; one fsync at the end would have to wait for all bytes. */
const SYNC_INTERVAL_BYTES = 64 * 1024 * 1024

interface Counted {
  /** SHA-256 */
  digest: string
  bytes: number
}

/** Hashes each chunk while the one before it is written. @throws the error of the disk, or the signal's reason */
async function writeCounted(handle: FileHandle, source: Bytes, signal?: AbortSignal): Promise<Counted> {
  const hash = newDigest()
  let bytes = 0
  let unsynced = 0
  let [writing, syncing]: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted()
      hash.update(chunk)
      await writing
      writing = handle.writeFile(chunk)
      writing.catch(() => {})
      bytes += chunk.length
      unsynced += chunk.length
      if (unsynced < SYNC_INTERVAL_BYTES) continue
      await syncing
      syncing = handle.datasync()
      syncing.catch(() => {})
      unsynced = 0
    }
    await Promise.all([writing, syncing])
  } finally {
    // the caller closes the file: no write may be pending then
    await Promise.allSettled([writing, syncing])
  }
  return { digest: hash.digest('hex'), bytes }
}
