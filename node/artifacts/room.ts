/** What goes when artifacts need room: what was used longest ago, and neither what is pinned nor what is needed now. Pure. */
import { BakError } from '../../protocols/errors.ts'
import type { Stored } from './stored-artifact.ts'

/** Of a file system: a small file takes one. */
const BLOCK_BYTES = 4096

export interface Held {
  digest: string
  /** On the disk. */
  size: number
  pinned: boolean
  /** Somebody needs it now. */
  isNeeded: boolean
  /** ms since 1970 */
  used: number
}

/** What is being filled, or was cut short. */
export interface Part {
  size: number
  used: number
  isFilled: boolean
}

/** @param parts by digest, or by their folder */
export function heldOf(stored: Stored[], parts: Map<string, Part>, isNeeded: (digest: string) => boolean): Held[] {
  const whole = stored.map(({ digest, size, pinned, releases, used }) => ({
    ...{ digest, size, used, pinned: pinned || releases != null, isNeeded: isNeeded(digest) }
  }))
  // what was cut short goes first
  const begun = [...parts].map(([digest, { size, used, isFilled }]) => ({
    ...{ digest, size, pinned: false, isNeeded: isFilled, used: isFilled ? used : used - Number.MAX_SAFE_INTEGER }
  }))
  return [...whole, ...begun]
}

/** @returns what an artifact takes of the disk */
export const sizeOnDisk = (files: ReadonlyArray<{ bytes: number }>, listingBytes: number): number =>
  files.reduce((sum, { bytes }) => sum + blocks(bytes), blocks(listingBytes) + BLOCK_BYTES)

const blocks = (bytes: number) => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES

/** @returns what may go, what was used longest ago first */
export const inTurnToGo = (held: Held[]): Held[] =>
  held.filter(({ pinned, isNeeded }) => !pinned && !isNeeded).sort((a, b) => a.used - b.used)

/**
 * @param wanted bytes on the disk
 * @returns the digests of what has to go, in their order
 * @throws {BakError} `no-space` if that would not be enough
 */
export function evictedFor(wanted: number, held: Held[], cap: number): string[] {
  let used = held.reduce((sum, { size }) => sum + size, 0)
  const evicted: string[] = []
  for (const { digest, size } of inTurnToGo(held)) {
    if (used + wanted <= cap) break
    evicted.push(digest)
    used -= size
  }
  if (used + wanted <= cap) return evicted
  const kept = held.filter(({ pinned, isNeeded }) => pinned || isNeeded)
  const [pinned, needed] = [kept.filter(each => each.pinned), kept.filter(each => !each.pinned)].map(bytesOf)
  throw new BakError(
    'no-space',
    `no room among the artifacts for ${wanted} bytes: artifacts.bytes is ${cap}, ${pinned} are pinned and ${needed} are needed now: bak stage ls, bak stage rm`
  )
}

/** @throws {BakError} `not-allowed` where one more would be more than other peers may pin here */
export function checkPinned(another: Stored, stored: Stored[], self: string, most: number): void {
  const sum = bytesOf([another, ...stored.filter(each => each.pinned && each.by !== self)])
  if (sum <= most) return
  throw new BakError('not-allowed', `artifacts.pinned here is ${most}, and ${sum} bytes would be pinned by other peers`)
}

const bytesOf = (held: Array<{ size: number }>) => held.reduce((sum, { size }) => sum + size, 0)
