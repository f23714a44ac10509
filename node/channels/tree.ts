/**
 * How a run with many members is divided, so that nobody has to tell, or to hear, more than `fanout` of them: some members are
 * heads of branches, which may have branches themselves. All peers compute the same from the roster. Pure.
 */

/** A head has no more below it: several levels are sooner done than few wide ones. */
const WIDEST = 16

export interface Branch {
  head: string
  /** Whom the head tells itself; nobody in a branch of one. */
  below: Branch[]
}

/** Where one member stands. */
export interface Place {
  /** The head that it answers; the controller where there is none. */
  head?: string
  below: Branch[]
}

/**
 * @param peers in the order of their ranks, without the controller
 * @param fanout 2 or more: so many need no branches
 * @returns a branch for each whom the controller tells itself, of nearly the same size: neighbours in rank stay together
 */
export function branchesOf(peers: string[], fanout: number): Branch[] {
  if (peers.length <= fanout) return divide(peers, fanout, 1)
  let depth = 1
  while (Math.min(fanout, WIDEST) ** depth < peers.length) depth++
  return divide(peers, Math.ceil(peers.length ** (1 / depth)), depth)
}

function divide(peers: string[], width: number, depth: number): Branch[] {
  const count = depth === 1 ? peers.length : Math.min(width, peers.length)
  return Array.from({ length: count }, (_, i) => {
    const [head, ...rest] = peers.slice(bound(i, count, peers.length), bound(i + 1, count, peers.length))
    return { head: head as string, below: divide(rest, width, depth - 1) }
  })
}

const bound = (i: number, count: number, length: number) => Math.floor((i * length) / count)

/** @returns the head and all below it */
export function peersIn({ head, below }: Branch): string[] {
  return [head, ...below.flatMap(peersIn)]
}

/** @returns undefined for who is in none of the branches, as the controller is */
export function placeOf(peer: string, branches: Branch[], head?: string): Place | undefined {
  for (const branch of branches) {
    if (branch.head === peer) return { head, below: branch.below }
    const place = placeOf(peer, branch.below, branch.head)
    if (place != null) return place
  }
  return undefined
}
