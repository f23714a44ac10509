/** A peer as the lists of peers in `[allow]` ask of it, by what this one knows of the mesh. */
import type { Members } from '../membership/members.ts'
import type { BoundNames } from './bound-names.ts'
import { controllersNamed } from './here-named.ts'
import type { Asking } from './listed-peers.ts'

export type Names = Pick<BoundNames, 'peerOf' | 'bind'>

export const askingOf = (peer: string, members: Pick<Members, 'list' | 'isHere'>, names: Names): Asking => ({
  peer,
  named: name => controllersNamed(members, name),
  boundTo: name => names.peerOf(name)
})
