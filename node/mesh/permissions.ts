/**
 * What takes a controller or an admin. Every member, an agent too, may answer for itself, keep the books of the mesh, give
 * content by digest, tell its clock, and see who is here, how the mesh hangs together, what runs there are and what proves them.
 */
import { BakError } from '../../protocols/errors.ts'
import type { Role } from '../../protocols/membership.ts'

const deeds = {
  drive: 'drive runs',
  cancel: 'cancel runs',
  register: 'register tools on other peers',
  collect: 'collect what a run left',
  move: 'move results to other peers',
  follow: 'follow a run that it takes no part in'
} as const
export type Permission = keyof typeof deeds

export interface Roles {
  roleOf(peer: string): Role | undefined
}

const MEND =
  'ask an admin of the mesh for a ticket: bak-node invite --role controller there, then bak-node daemon join TICKET here'

export const isController = (role: Role | undefined) => role === 'controller' || role === 'admin'

/** @throws {BakError} `not-allowed` if the role of another peer is not enough for what it asks of this one */
export function checkPermission(roles: Roles, peer: string, deed: Permission): void {
  const role = roles.roleOf(peer)
  if (!isController(role)) throw new BakError('not-allowed', `${peer} is ${inWords(role)}: it may not ${deeds[deed]}`)
}

/** @throws {BakError} `not-allowed` with what mends it if this peer's own role is not enough: others would refuse it, too */
export function checkOwnPermission(roles: Roles, self: string, deed: Permission): void {
  const role = roles.roleOf(self)
  if (isController(role)) return
  throw new BakError('not-allowed', `this peer is ${inWords(role)}: it may not ${deeds[deed]}; ${MEND}`)
}

const inWords = (role: Role | undefined) => (role == null ? 'no member of the mesh' : `an ${role}`)
