/** Whom and what a destination means on this peer, now. */
import type { Caller } from '../../../protocols/control/runs.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { type Destination, readDestination } from '../../../protocols/destination.ts'
import { BakError } from '../../../protocols/errors.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { Members } from '../../mesh/membership/members.ts'
import type { Home } from '../../store/home.ts'
import { checkFolder } from '../../store/kept-results.ts'
import { noXz } from '../../store/xz-tarball.ts'
import { findProgram } from '../../tools/find-program.ts'
import { parseSelector } from '../selector.ts'
import { checkToken, TOKEN_VARIABLE } from './to-server.ts'

/** Where a result can be brought. */
export type Target =
  | { kind: 'peer'; peer: string; name: string; note?: string }
  | Exclude<Destination, { kind: 'archive' | 'peer' }>

/** This peer archives itself: the result is there. */
interface Here {
  kind: 'here'
  name: string
}

interface Mesh {
  /** Who is here. */
  members: MemberView[]
  /** This peer. */
  self: string
}

const MAX_NAMED = 5

/** @throws {BakError} `usage`, `no-such-peer` */
export function resolveDestination(text: string, mesh: Mesh): Target | Here {
  const to = readDestination(text)
  if (to.kind === 'archive') return archiveIn(mesh)
  if (to.kind !== 'peer') return to
  const fitting = mesh.members.filter(parseSelector(to.selector))
  const [target] = fitting
  if (target == null || fitting.length > 1)
    throw new BakError('no-such-peer', `"${text}" selects ${fitting.length} peers; expected one`)
  if (target.peer === mesh.self) throw new BakError('usage', 'the result is on this peer already')
  return { kind: 'peer', peer: target.peer, name: target.shown }
}

/** This peer before any other; else of several the one that is called so, else the first by name, so that results are not scattered. */
function archiveIn({ members, self }: Mesh): Target | Here {
  const labelled = members.filter(({ labels }) => labels.archive === 'true')
  const own = labelled.find(({ peer }) => peer === self)
  if (own != null) return { kind: 'here', name: own.shown }
  const sorted = labelled.sort((a, b) => (a.shown < b.shown ? -1 : 1))
  const target = sorted.find(({ name }) => name === 'archive') ?? sorted[0]
  if (target == null) {
    const how = 'start one with bak-node daemon --label archive=true'
    throw new BakError('no-such-peer', `no peer that is here has the label archive=true: ${how}`)
  }
  const names = sorted.map(({ shown }) => shown)
  const note = sorted.length < 2 ? {} : { note: `${target.shown} was taken of ${listInWords(names, MAX_NAMED)}` }
  return { kind: 'peer', peer: target.peer, name: target.shown, ...note }
}

/** What can be known before a run begins of where its result is to go. @throws {BakError} why it could not go there now */
export async function checkMoveTo(
  { move_to: to }: Pick<Spec, 'move_to'>,
  { env, token }: Pick<Caller, 'env' | 'token'>,
  { members, home }: { members: Pick<Members, 'list' | 'isHere' | 'self'>; home: Home }
): Promise<void> {
  if (to == null) return
  const here = members.list().filter(({ peer }) => members.isHere(peer))
  const target = resolveDestination(to, { members: here, self: members.self.peer })
  if (target.kind === 'folder') await checkFolder(target.path, home)
  if (target.kind !== 'server') return
  checkToken(token ?? env[TOKEN_VARIABLE])
  if ((await findProgram('xz')) == null) throw noXz()
}
