/** The folder of one artifact: its listing, and what is known about it. The time of the last use is that of the file `about.json`. */
import { readFile, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { type Artifact, readArtifact } from '../../protocols/artifact.ts'
import { count, digest, instant, list, name, peerId, text } from '../../protocols/fields.ts'
import { writeAtomic } from '../store/atomic.ts'
import { onDisk, unlessMissing } from '../store/disk.ts'

const LISTING_FILE = 'listing.cbor'
const ABOUT_FILE = 'about.json'

const about = v.object({
  digest,
  /** By which people know it; the last that got the name has it. */
  name: v.optional(name),
  /** Where it was found when it was stored first, or among the inputs of which path: `src/main.c`. */
  path: v.optional(text),
  pinned: v.boolean(),
  /** Names under which a person keeps it here (releases.ts). */
  releases: v.optional(list(name, 16)),
  /** The peer whose word it was to store it. */
  by: peerId,
  stored: instant,
  kind: v.picklist(['file', 'folder']),
  bytes: count,
  entries: count,
  /** On the disk. */
  size: count
})
/** What is known of an artifact that is here. */
export type Stored = v.InferOutput<typeof about> & { used: number }

/** Who stores something, and as what. */
export interface Storing {
  by: string
  name?: string
  /** Of one that is new here. */
  path?: string
  pinned?: boolean
}

/** @throws {BakError} `io`, `mismatch`, `bad-message` */
export async function readListing(folder: string, digest: string): Promise<Artifact> {
  const encoded = await onDisk(folder, () => readFile(join(folder, LISTING_FILE)))
  return readArtifact(new Uint8Array(encoded), digest)
}

export const writeListing = (folder: string, { encoded }: Artifact) =>
  writeAtomic(join(folder, LISTING_FILE), encoded, { mode: 0o600 })

/** @returns undefined if the folder has none that can be read */
export async function readAbout(folder: string): Promise<Stored | undefined> {
  const path = join(folder, ABOUT_FILE)
  const text = await unlessMissing(readFile(path, 'utf8'))
  const known = text == null ? undefined : v.safeParse(about, fromJson(text))
  return known?.success === true ? { ...known.output, used: (await stat(path)).mtimeMs } : undefined
}

export function writeAbout(folder: string, stored: v.InferOutput<typeof about>): Promise<void> {
  const { used: _, ...kept } = stored as Stored
  return writeAtomic(join(folder, ABOUT_FILE), `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 })
}

/** Never fails: at worst the artifact counts as used before. */
export function noteUse(folder: string, at: number): void {
  utimes(join(folder, ABOUT_FILE), at / 1000, at / 1000).catch(() => {})
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
