/** A list of peers in `[allow]`, asked with what this peer knows of the mesh: a name that lets a peer in is bound to it from then on. */
import type { Members } from '../membership/members.ts'
import type { BoundNames } from './bound-names.ts'
import { controllersNamed } from './here-named.ts'
import { type Asking, namesOf, type PeerList, refusalOfPeer } from './listed-peers.ts'

export type Names = Pick<BoundNames, 'peerOf' | 'bind'>

/** @returns a peer as the rules ask of it */
export const askingOf = (peer: string, members: Pick<Members, 'list' | 'isHere'>, names: Names): Asking => ({
  peer,
  named: name => controllersNamed(members, name),
  boundTo: name => names.peerOf(name)
})

/** Binds the names that let a peer in. @returns why it is not let in */
export async function refuseOrBind(rule: PeerList, asking: Asking, names: Names): Promise<string | undefined> {
  const why = refusalOfPeer(rule, asking)
  if (why == null) await names.bind(namesOf(rule, asking), asking.peer)
  return why
}
