/** What several peers say of their connections, as one picture. Pure. */
import type { Link } from '../../protocols/adjacency.ts'
import type { PathClass } from '../../protocols/path.ts'

/** One peer's word on one of its connections. */
export interface Said extends Omit<Link, 'peer'> {
  by: string
}

/** Two peers that are connected, as at least one of them says. */
export interface Edge extends Omit<Link, 'peer'> {
  /** The smaller id. */
  a: string
  b: string
  /** The word of `a`, of `b`, or of both, in this order. */
  said: Said[]
}

/**
 * Where two differ the later one is true: a direct connection takes the place of a relayed one, and that there is more to it
 * than a dial is known on one side only.
 */
const ORDER: PathClass[] = ['relayed', 'direct', 'reversed', 'mapped', 'punched']

/** @param words by peer; who speaks of itself, or of one peer again, is not heard */
export function mergeLinks(words: ReadonlyMap<string, Link[]>): Edge[] {
  const pairs = new Map<string, Said[]>()
  for (const [by, links] of words) {
    for (const { peer, ...word } of links) {
      const key = by < peer ? `${by} ${peer}` : `${peer} ${by}`
      const said = pairs.get(key) ?? []
      if (by === peer || said.some(each => each.by === by)) continue
      pairs.set(key, [...said, { by, ...word }])
    }
  }
  return [...pairs].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, said]) => edgeOf(key, said))
}

function edgeOf(key: string, words: Said[]): Edge {
  const [a, b] = key.split(' ') as [string, string]
  const said = words.toSorted((one, other) => (one.by < other.by ? -1 : 1))
  const best = said.reduce((one, other) => (ORDER.indexOf(other.class) > ORDER.indexOf(one.class) ? other : one))
  const via = said.find(each => each.class === best.class && each.via != null)?.via
  const gossip = said.some(each => each.gossip)
  return { a, b, class: best.class, ...(via == null ? {} : { via }), gossip, said }
}
