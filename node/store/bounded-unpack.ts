/** Unpacks an archive of another peer within bounds and within the room on the disk, and says which of them it would have exceeded. */
import { BakError } from '../../protocols/errors.ts'
import { freeBytes, RESERVED_BYTES } from './disk.ts'
import { type Counted, Exceeded } from './extraction.ts'
import { type Unpacked, type UnpackOptions, unpack } from './unpack.ts'

export interface Bounds {
  /** With holes and headers, of data without holes, of entries: as in `UnpackOptions`. */
  maxBytes?: number
  maxData: number
  maxEntries?: number
  /** @returns what the peer is told where a bound is exceeded */
  explain(bound: Exceeded['bound']): string
}

/** @throws {BakError} `not-allowed` for an archive that is beyond the bounds, `no-space` before the disk is full; nothing of it is then in `root` */
export async function unpackBounded(
  archive: string | Uint8Array,
  root: string,
  { what, ...place }: Pick<UnpackOptions, 'allow' | 'list'> & { what: string },
  { maxBytes, maxData, maxEntries, explain }: Bounds
): Promise<Unpacked & Counted> {
  const room = (await freeBytes(root)) - RESERVED_BYTES
  try {
    let counted: Counted = { entries: 0, data: 0 }
    const onCounted = (all: Counted) => {
      counted = all
    }
    const within = { maxBytes, maxEntries, maxData: Math.min(maxData, room) }
    return { ...(await unpack(archive, root, { ...place, onCounted, ...within })), ...counted }
  } catch (cause) {
    if (!(cause instanceof Exceeded)) throw cause
    if (cause.bound === 'data' && room < maxData)
      throw new BakError('no-space', `no space left on the disk of ${root} for what is in ${what}`, { cause })
    throw new BakError('not-allowed', explain(cause.bound), { cause })
  }
}
