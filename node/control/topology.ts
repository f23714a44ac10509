/** How the mesh hangs together: every member is asked for its connections, and what they say is made one picture. */

import { adjacencyProtocol, type Link } from '../../protocols/adjacency.ts'
import type { CallResponse, MemberView } from '../../protocols/control.ts'
import { asBakError } from '../../protocols/errors.ts'
import { askOne } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import type { Parts } from '../parts.ts'
import { type Edge, mergeLinks } from './merge-links.ts'
import { isHere } from './mesh.ts'

/** Longest time for one member, ms: who is reached through others only is dialled first. */
const PATIENCE = 10_000
/** Members that are asked at the same time. */
const AT_ONCE = 32

type Topology = CallResponse<'topology'>

export async function* topology(
  parts: Parts,
  _: object,
  { signal }: { signal: AbortSignal }
): AsyncGenerator<Topology> {
  const { members, adjacency, identity } = parts
  const before = new Set(adjacency.list().map(({ peer }) => peer))
  const others = members.list().filter(each => isHere(each) && each.path !== 'self')
  const { words, silent } = await askAll(parts, others, signal)
  if (signal.aborted) return
  // last, so that it knows of the connections that asking opened, as the others do
  words.set(identity.peer, adjacency.list())
  yield draw(members.list(), words, silent, { peer: identity.peer, before })
}

interface Heard {
  words: Map<string, Link[]>
  /** Why who has not answered has not. */
  silent: Map<string, string>
}

async function askAll({ streams }: Parts, members: MemberView[], signal: AbortSignal): Promise<Heard> {
  const heard: Heard = { words: new Map(), silent: new Map() }
  const limit = new Limit({ total: AT_ONCE })
  const asked = members.map(({ peer }) =>
    limit.run(peer, async () => {
      const late = AbortSignal.timeout(PATIENCE)
      try {
        const until = { signal: AbortSignal.any([signal, late]) }
        heard.words.set(peer, (await askOne(streams.to(peer), adjacencyProtocol, {}, until)).links)
      } catch (cause) {
        const why = late.aborted ? `no answer within ${PATIENCE / 1000} s` : asBakError(cause).message
        heard.silent.set(peer, why)
      }
    })
  )
  await Promise.all(asked)
  return heard
}

/**
 * Pure.
 * @param known whom this peer knows; who is gone is shown where somebody is connected with it all the same
 * @param self this peer, and whom it was connected with before it asked
 */
export function draw(
  known: MemberView[],
  words: Map<string, Link[]>,
  silent: Map<string, string>,
  self: { peer: string; before: Set<string> }
): Topology {
  const edges = mergeLinks(words)
  const views = new Map(known.map(each => [each.peer, each]))
  const named = (peer: string) => ({ peer, name: views.get(peer)?.shown ?? peer })
  const here = known.filter(isHere).map(({ peer }) => peer)
  // who was here when it was asked may be lost by now
  const peers = new Set([...here, ...silent.keys(), ...edges.flatMap(({ a, b }) => [a, b])])
  const isOpened = ({ a, b }: Edge) =>
    (a === self.peer && !self.before.has(b)) || (b === self.peer && !self.before.has(a))
  return {
    self: self.peer,
    members: [...peers].map(peer => ({ ...named(peer), state: views.get(peer)?.state, error: silent.get(peer) })),
    links: edges.map(edge => ({
      ...edge,
      ...{ a: named(edge.a), b: named(edge.b), via: edge.via == null ? undefined : named(edge.via) },
      opened: isOpened(edge)
    }))
  }
}
