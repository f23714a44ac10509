/** How much a tarball of a run may bring. Its receiver refuses more; its sender knows that, and leaves out what would be refused. */

/** Files and folders. */
export const MAX_ENTRIES = 100_000
/** All files together, with their holes: what a receiver must look at, though it does not write it. */
export const MAX_UNPACKED_BYTES = 64 * 1024 ** 3
const MAX_EXPANSION_RATIO = 200
/** What a tarball of any size may unpack to. */
export const MAX_DATA_OF_SMALL_BYTES = 1024 ** 3

/** @returns the largest number of bytes, without blocks of zeros, that a tarball of this size may unpack to */
export const maxDataOf = (packedBytes: number, ratio = MAX_EXPANSION_RATIO) =>
  MAX_DATA_OF_SMALL_BYTES + ratio * packedBytes
