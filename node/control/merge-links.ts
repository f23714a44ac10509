/** Merges what several peers report of their connections into one graph. Pure. */
import type { Link } from '../../protocols/adjacency.ts'
import type { PathClass } from '../../protocols/path.ts'

/** One peer's report of one of its connections. */
export interface Report extends Omit<Link, 'peer'> {
  by: string
}

/** Two peers that are connected, as at least one of them reports. */
export interface Edge extends Omit<Link, 'peer'> {
  /** The smaller id. */
  a: string
  b: string
  /** The report of `a`, of `b`, or of both, in this order. */
  said: Report[]
}

/**
 * Where two reports differ, the class that comes later here is right: a direct connection replaces a relayed one, and only the
 * side that made a connection may know that it was not just dialled.
 */
const PRECEDENCE: PathClass[] = ['relayed', 'direct', 'reversed', 'mapped', 'punched']

/** @param reports by peer; a link of a peer with itself, and a second one with the same peer, is ignored */
export function mergeLinks(reports: ReadonlyMap<string, Link[]>): Edge[] {
  const pairs = new Map<string, Report[]>()
  for (const [by, links] of reports) {
    for (const { peer, ...link } of links) {
      const key = by < peer ? `${by} ${peer}` : `${peer} ${by}`
      const said = pairs.get(key) ?? []
      if (by === peer || said.some(each => each.by === by)) continue
      pairs.set(key, [...said, { by, ...link }])
    }
  }
  return [...pairs].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, said]) => edgeOf(key, said))
}

function edgeOf(key: string, reports: Report[]): Edge {
  const [a, b] = key.split(' ') as [string, string]
  const said = reports.toSorted((one, other) => (one.by < other.by ? -1 : 1))
  const rank = (each: Report) => PRECEDENCE.indexOf(each.class)
  const best = said.reduce((one, other) => (rank(other) > rank(one) ? other : one))
  const via = said.find(each => each.class === best.class && each.via != null)?.via
  const gossip = said.some(each => each.gossip)
  return { a, b, class: best.class, ...(via == null ? {} : { via }), gossip, said }
}
