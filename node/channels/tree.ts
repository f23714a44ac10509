/**
 * The tree over a roster by which acknowledgements of a large run are aggregated: nobody receives from more than `fanout` peers. All
 * peers compute the same tree from the manifest. Pure.
 */

/** Children of one member: several levels take less time than few wide ones. */
const MAX_CHILDREN = 16

export interface Subtree {
  root: string
  /** Empty for a leaf. */
  children: Subtree[]
}

/** Where one member stands. */
export interface Position {
  /** The member that aggregates its acknowledgements; the controller where it is left out. */
  parent?: string
  children: Subtree[]
}

/**
 * @param peers in the order of their ranks, without the controller
 * @param fanout 2 or more; up to so many peers all answer the controller themselves
 * @returns the subtrees directly below the controller, of nearly the same size: neighbours in rank stay together
 */
export function subtreesOf(peers: string[], fanout: number): Subtree[] {
  if (peers.length <= fanout) return divide(peers, fanout, 1)
  let depth = 1
  while (Math.min(fanout, MAX_CHILDREN) ** depth < peers.length) depth++
  return divide(peers, Math.ceil(peers.length ** (1 / depth)), depth)
}

function divide(peers: string[], width: number, depth: number): Subtree[] {
  const count = depth === 1 ? peers.length : Math.min(width, peers.length)
  return Array.from({ length: count }, (_, i) => {
    const [root, ...rest] = peers.slice(bound(i, count, peers.length), bound(i + 1, count, peers.length))
    return { root: root as string, children: divide(rest, width, depth - 1) }
  })
}

const bound = (i: number, count: number, length: number) => Math.floor((i * length) / count)

/** @returns the root and all peers below it */
export function peersIn({ root, children }: Subtree): string[] {
  return [root, ...children.flatMap(peersIn)]
}

/** @returns undefined for a peer in none of the subtrees, such as the controller */
export function positionOf(peer: string, subtrees: Subtree[], parent?: string): Position | undefined {
  for (const { root, children } of subtrees) {
    if (root === peer) return { parent, children }
    const position = positionOf(peer, children, root)
    if (position != null) return position
  }
  return undefined
}
