/** Blocks of zeros, which a sparse file does not have on the disk. */

/** Of most file systems. */
const BLOCK_BYTES = 4096
const ZEROS = Buffer.alloc(BLOCK_BYTES)

/** @returns the parts of a chunk that are no blocks of zeros, as pairs of start and end. @param offset of the chunk in its file */
export function dataOf(chunk: Uint8Array, offset: number): [number, number][] {
  const runs: [number, number][] = []
  for (let from = 0; from < chunk.length; ) {
    const to = Math.min(chunk.length, from + BLOCK_BYTES - ((offset + from) % BLOCK_BYTES))
    const last = runs.at(-1)
    if (!isZero(chunk, from, to)) {
      if (last?.[1] === from) last[1] = to
      else runs.push([from, to])
    }
    from = to
  }
  return runs
}

export const bytesIn = (runs: [number, number][]) => runs.reduce((sum, [from, to]) => sum + to - from, 0)

/** The ends are looked at first: almost all other blocks are told by them. */
function isZero(chunk: Uint8Array, from: number, to: number): boolean {
  if (chunk[from] !== 0 || chunk[to - 1] !== 0) return false
  return Buffer.compare(chunk.subarray(from, to), ZEROS.subarray(0, to - from)) === 0
}
