/** The control call `topology`: asks every member for its connections, and merges the answers into one graph. */

import { adjacencyProtocol, type Link } from '../../protocols/adjacency.ts'
import type { CallResponse, MemberView } from '../../protocols/control.ts'
import { asBakError } from '../../protocols/errors.ts'
import { askOne } from '../../protocols/stream.ts'
import { inParallel } from '../in-parallel.ts'
import type { Parts } from '../parts.ts'
import { type Edge, mergeLinks } from './merge-links.ts'
import { isHere } from './mesh.ts'

/** Time for one member: one without a connection is dialled first, perhaps through a relay. */
const MEMBER_TIMEOUT_MS = 10_000
/** Members that are asked at the same time. */
const CONCURRENCY = 32

type Topology = CallResponse<'topology'>

export async function* topology(
  parts: Parts,
  _: object,
  { signal }: { signal: AbortSignal }
): AsyncGenerator<Topology> {
  const { members, adjacency, identity } = parts
  const before = new Set(adjacency.list().map(({ peer }) => peer))
  const others = members.list().filter(each => isHere(each) && each.path !== 'self')
  const { reports, errors } = await askAll(parts, others, signal)
  if (signal.aborted) return
  // last, so that it includes the connections that asking opened, as the reports of the others do
  reports.set(identity.peer, adjacency.list())
  yield draw(members.list(), reports, errors, { peer: identity.peer, before })
}

interface Answers {
  /** The connections of each peer, as it reported them. */
  reports: Map<string, Link[]>
  /** Why a peer reported none. */
  errors: Map<string, string>
}

async function askAll({ streams }: Parts, members: MemberView[], callSignal: AbortSignal): Promise<Answers> {
  const answers: Answers = { reports: new Map(), errors: new Map() }
  await inParallel(members, CONCURRENCY, async ({ peer }) => {
    const timeout = AbortSignal.timeout(MEMBER_TIMEOUT_MS)
    try {
      const options = { signal: AbortSignal.any([callSignal, timeout]) }
      answers.reports.set(peer, (await askOne(streams.to(peer), adjacencyProtocol, {}, options)).links)
    } catch (cause) {
      const why = timeout.aborted ? `no answer within ${MEMBER_TIMEOUT_MS / 1000} s` : asBakError(cause).message
      answers.errors.set(peer, why)
    }
  })
  return answers
}

/**
 * Pure.
 * @param known members of this peer's table; an absent one is shown if a report has a connection with it
 * @param self this peer, and the peers that it was connected with before it asked
 */
export function draw(
  known: MemberView[],
  reports: Map<string, Link[]>,
  errors: Map<string, string>,
  self: { peer: string; before: Set<string> }
): Topology {
  const edges = mergeLinks(reports)
  const views = new Map(known.map(each => [each.peer, each]))
  const named = (peer: string) => ({ peer, name: views.get(peer)?.shown ?? peer })
  const present = known.filter(isHere).map(({ peer }) => peer)
  // a member that was present when it was asked may be lost by now
  const peers = new Set([...present, ...errors.keys(), ...edges.flatMap(({ a, b }) => [a, b])])
  const isOpened = ({ a, b }: Edge) =>
    (a === self.peer && !self.before.has(b)) || (b === self.peer && !self.before.has(a))
  return {
    self: self.peer,
    members: [...peers].map(peer => ({ ...named(peer), state: views.get(peer)?.state, error: errors.get(peer) })),
    links: edges.map(edge => ({
      ...edge,
      ...{ a: named(edge.a), b: named(edge.b), via: edge.via == null ? undefined : named(edge.via) },
      opened: isOpened(edge)
    }))
  }
}
