/** Whom a name means: peers choose their names, so it may be several. Pure. */
import * as v from 'valibot'
import type { MemberView } from '../../../protocols/control.ts'
import { peerId } from '../../../protocols/fields.ts'
import type { Members } from '../membership/members.ts'

/** @returns the members that are here and call themselves by this name, or are shown by it; none by a name that is a peer id: it means that peer */
export function hereNamed(members: Pick<Members, 'list' | 'isHere'>, asked: string): MemberView[] {
  if (v.is(peerId, asked)) return []
  return members.list().filter(({ peer, name, shown }) => (name === asked || shown === asked) && members.isHere(peer))
}

/** @returns those of them that may drive runs and store results: an agent may take any name, and must not keep a controller out by it */
export const controllersNamed = (members: Pick<Members, 'list' | 'isHere'>, asked: string): string[] =>
  hereNamed(members, asked)
    .filter(({ role }) => role !== 'agent')
    .map(({ peer }) => peer)
