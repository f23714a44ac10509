/** Which chunk is asked for next, and which a source shows next. Pure. */

interface Wanted {
  /** Chunks that are not here. */
  missing: Iterable<number>
  /** How many peers have each. */
  copies: ArrayLike<number>
  /** Whether the peer that is to be asked has it, and was not asked for it. */
  isOffered(chunk: number): boolean
  /** When another peer was asked for it; undefined if none was. */
  askedAt(chunk: number): number | undefined
  /** What was asked for before this may be asked of a second peer. */
  late: number
  random?: () => number
}

/**
 * The rarest first, and any of those that are as rare; what another peer was asked for only when nothing else is left.
 * @returns undefined if there is nothing to ask this peer for
 */
export function pickChunk({
  missing,
  copies,
  isOffered,
  askedAt,
  late,
  random = Math.random
}: Wanted): number | undefined {
  let best: number | undefined
  let least = Number.POSITIVE_INFINITY
  for (const chunk of missing) {
    if (!isOffered(chunk)) continue
    const at = askedAt(chunk)
    if (at != null && at >= late) continue
    const rank = (copies[chunk] as number) + random() / 2 + (at == null ? 0 : SECOND)
    if (rank < least) [least, best] = [rank, chunk]
  }
  return best
}

/** More than any number of copies. */
const SECOND = 1e9

interface Showing {
  total: number
  /** Chunks that the peer has, or was shown. */
  isKnown(chunk: number): boolean
  /** How many peers have each, and to how many that lack it each was shown. */
  copies: ArrayLike<number>
  shown: ArrayLike<number>
  /** Only what no peer has is shown. */
  onlyNew: boolean
  /** How many at most. */
  most: number
  random?: () => number
}

/** @returns the chunks that a source shows a peer next: those that are the rarest, when what was shown has arrived */
export function showChunks({ total, isKnown, copies, shown, onlyNew, most, random = Math.random }: Showing): number[] {
  const fresh: number[] = []
  if (most >= total) return range(total).filter(chunk => !isKnown(chunk) && !(onlyNew && (copies[chunk] as number) > 0))
  while (fresh.length < most) {
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let chunk = 0; chunk < total; chunk++) {
      const had = copies[chunk] as number
      if (isKnown(chunk) || fresh.includes(chunk) || (onlyNew && had > 0)) continue
      const rank = had + (shown[chunk] as number) + random() / 2
      if (rank < least) [least, best] = [rank, chunk]
    }
    if (best < 0) break
    fresh.push(best)
  }
  return fresh
}

const range = (length: number) => Array.from({ length }, (_, index) => index)
