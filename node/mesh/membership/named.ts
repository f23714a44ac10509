/** Whom a name means: peers choose their names, so it may be several. Pure. */
import type { MemberView } from '../../../protocols/control.ts'
import type { Members } from './members.ts'

/** @returns the members that are here and call themselves by this name, or are shown by it */
export function hereNamed(members: Pick<Members, 'list' | 'isHere'>, asked: string): MemberView[] {
  return members.list().filter(({ peer, name, shown }) => (name === asked || shown === asked) && members.isHere(peer))
}
