/**
 * An artifact: a file or a folder that peers hand to each other, known by the digest of its listing. The listing names each entry with its
 * mode bits, and the digest of each chunk of its body, which is the content of all files in the order of the listing. So a folder is one
 * content as a file is, with one exchange for all of it, and whoever has the listing can check any chunk from anybody.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { digestOf } from './digest.ts'
import { BakError } from './errors.ts'
import { bytes, count, digest, list } from './fields.ts'
import { CONTROL } from './file-names.ts'

export const MAX_ENTRIES = 20_000
/** Largest body: its chunk digests take 2 MiB. */
export const MAX_ARTIFACT_BYTES = 64 * 1024 ** 3
export const MAX_LISTING_BYTES = 8 * 1024 * 1024
/** Of names on common file systems, and of paths so that they fit below any working folder; bytes. */
const MAX_NAME_BYTES = 255
const MAX_PATH_BYTES = 1024

/** A content of fewer chunks is not held up by one that nobody passes on, and one of more costs more messages. */
const CHUNKS = 128
const MIN_CHUNK_BYTES = 64 * 1024
export const MAX_CHUNK_BYTES = 1024 * 1024
const DIGEST_BYTES = 32

const path = v.pipe(v.string(), v.maxLength(MAX_PATH_BYTES))
/** Read, write and execute of owner, group and others. */
const mode = v.pipe(count, v.maxValue(0o777))

const file = v.strictObject({ type: v.literal('file'), path, mode, bytes: count, digest })
const folder = v.strictObject({ type: v.literal('folder'), path, mode })
const link = v.strictObject({ type: v.literal('link'), path, target: path })
export const artifactEntry = v.variant('type', [file, folder, link])
export type ArtifactEntry = v.InferOutput<typeof artifactEntry>
export type FileEntry = v.InferOutput<typeof file>

export const listing = v.strictObject({
  format: v.literal(1),
  /** The first is the artifact itself, with an empty path; each folder comes before what is in it. */
  entries: v.pipe(list(artifactEntry, MAX_ENTRIES), v.minLength(1)),
  /** Of all files together. */
  bytes: v.pipe(count, v.maxValue(MAX_ARTIFACT_BYTES)),
  /** SHA-256 of each chunk, one behind the other. */
  chunks: bytes((MAX_ARTIFACT_BYTES / MAX_CHUNK_BYTES) * DIGEST_BYTES)
})
export type Listing = v.InferOutput<typeof listing>

/** A listing whose entries and sizes fit together. */
export interface Artifact {
  digest: string
  /** As it is encoded. */
  encoded: Uint8Array
  entries: ArtifactEntry[]
  files: FileEntry[]
  bytes: number
  /** Bytes of each chunk but the last. */
  chunkBytes: number
  /** Number of chunks. */
  chunks: number
  /** SHA-256 of each chunk, one behind the other. */
  digests: Uint8Array
}

/** @returns bytes of a chunk of a body of this size: a power of two */
export function chunkBytesFor(bodyBytes: number): number {
  let size = MIN_CHUNK_BYTES
  while (size < MAX_CHUNK_BYTES && 2 * size * CHUNKS <= bodyBytes) size *= 2
  return size
}

/** @returns bytes of one chunk */
export const lengthOfChunk = ({ bytes, chunkBytes }: Artifact, chunk: number): number =>
  Math.min(chunkBytes, bytes - chunk * chunkBytes)

/** @returns whether these bytes are that chunk */
export function isChunk({ digests }: Artifact, chunk: number, content: Uint8Array): boolean {
  const wanted = Buffer.from(digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES)).toString('hex')
  return digestOf(content) === wanted
}

/** @throws {BakError} `usage` naming what no artifact may have */
export function makeArtifact(entries: ArtifactEntry[], chunks: Uint8Array): Artifact {
  const files = entries.filter(each => each.type === 'file')
  const whole: Listing = { format: 1, entries, bytes: files.reduce((sum, each) => sum + each.bytes, 0), chunks }
  const encoded = encode(whole)
  try {
    return readArtifact(encoded, digestOf(encoded))
  } catch (cause) {
    throw new BakError('usage', (cause as Error).message, { cause })
  }
}

/** @throws {BakError} `mismatch` for the listing of another digest, `bad-message` for one that cannot be */
export function readArtifact(encoded: Uint8Array, name: string): Artifact {
  if (digestOf(encoded) !== name) throw new BakError('mismatch', `the listing does not have the digest ${name}`)
  if (encoded.length > MAX_LISTING_BYTES) {
    throw new BakError('bad-message', `its listing has ${encoded.length} bytes, more than ${MAX_LISTING_BYTES}`)
  }
  const { entries, bytes, chunks: digests } = decode(listing, encoded)
  const fault = faultIn(entries)
  if (fault != null) throw new BakError('bad-message', fault)
  const files = entries.filter(each => each.type === 'file')
  if (files.reduce((sum, each) => sum + each.bytes, 0) !== bytes) {
    throw new BakError('bad-message', `its files do not have ${bytes} bytes together`)
  }
  const chunkBytes = chunkBytesFor(bytes)
  const chunks = Math.ceil(bytes / chunkBytes)
  if (digests.length !== chunks * DIGEST_BYTES) {
    throw new BakError(
      'bad-message',
      `${bytes} bytes are ${chunks} chunks, and it has ${digests.length / DIGEST_BYTES}`
    )
  }
  return { digest: name, encoded, entries, files, bytes, chunkBytes, chunks, digests }
}

/** @returns what is wrong with the entries, with the path; undefined if nothing is. Pure. */
export function faultIn(entries: ArtifactEntry[]): string | undefined {
  const folders = new Set<string>()
  const seen = new Set<string>()
  for (const [at, entry] of entries.entries()) {
    const { path, type } = entry
    if ((at === 0) !== (path === '')) return 'its first entry is not itself'
    if (at === 0 && type === 'link') return 'it is a link'
    const fault = at === 0 ? undefined : faultInPath(path)
    if (fault != null) return `${JSON.stringify(path)} ${fault}`
    if (at > 0 && !folders.has(parentOf(path))) return `${JSON.stringify(path)} is in no folder of it`
    if (seen.has(path)) return `${JSON.stringify(path)} is there twice`
    seen.add(path)
    if (type === 'folder') folders.add(path)
    const leads = type === 'link' ? faultInLink(path, entry.target) : undefined
    if (leads != null) return `${JSON.stringify(path)} ${leads}`
  }
  return undefined
}

/** @returns why a path below the top of an artifact, or of a working folder, is not taken. Pure. */
export function faultInPath(path: string): string | undefined {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `is a path of more than ${MAX_PATH_BYTES} bytes`
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'is not a plain relative path'
    if (Buffer.byteLength(part) > MAX_NAME_BYTES) return `has a name of more than ${MAX_NAME_BYTES} bytes`
    if (CONTROL.test(part) || !part.isWellFormed()) return 'has a character that a terminal would obey'
  }
  return undefined
}

/**
 * A link may go up first, within the artifact, and then down only: names on the way down may be links themselves, and to go up
 * from behind one would lead to where nobody has looked.
 * @returns why a link is not kept. Pure.
 */
export function faultInLink(path: string, target: string): string | undefined {
  if (target === '' || target.startsWith('/')) return `is a link to ${target}, which is outside`
  if (CONTROL.test(target)) return 'is a link with a character that a terminal would obey'
  const parts = target.split('/').filter(part => part !== '' && part !== '.')
  const ups = parts.findIndex(part => part !== '..')
  const up = ups < 0 ? parts.length : ups
  if (up > path.split('/').length - 1) return `is a link to ${target}, which is outside`
  return parts.slice(up).includes('..') ? `is a link to ${target}, which goes up again after it went down` : undefined
}

const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')))
