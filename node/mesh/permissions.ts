/**
 * What only a controller or an admin may do. Every other member, an agent too, may answer for itself, take part in the mesh's own
 * protocols, serve content by digest, and see the members, the topology, the runs and their proofs.
 */
import { BakError } from '../../protocols/errors.ts'
import type { Role } from '../../protocols/membership.ts'

/** Each with the words for "it may not ...". */
const permissions = {
  drive: 'drive runs',
  cancel: 'cancel runs',
  attach: 'change the tools of runs',
  register: 'register tools on other peers',
  forget: 'let the mesh forget peers that are gone',
  collect: 'collect what a run left',
  move: 'move results to other peers',
  stage: 'store files on other peers',
  sysinfo: 'read the sysinfo of other peers',
  forward: 'reach ports of other peers',
  follow: 'follow a run that it takes no part in'
} as const
export type Permission = keyof typeof permissions

export interface Roles {
  roleOf(peer: string): Role | undefined
}

const REMEDY =
  'ask an admin of the mesh for a ticket: bak-node invite --role controller there, then bak-node daemon join - here'

export const isController = (role: Role | undefined) => role === 'controller' || role === 'admin'

/** @throws {BakError} `not-allowed` if another peer's role does not permit what it asks of this one */
export function checkPermission(roles: Roles, peer: string, permission: Permission): void {
  const role = roles.roleOf(peer)
  if (isController(role)) return
  throw new BakError('not-allowed', `${peer} is ${inWords(role)}: it may not ${permissions[permission]}`)
}

/** @throws {BakError} `not-allowed`, with the remedy, if this peer's own role does not permit it: other peers would refuse it too */
export function checkOwnPermission(roles: Roles, self: string, permission: Permission): void {
  const role = roles.roleOf(self)
  if (isController(role)) return
  throw new BakError('not-allowed', `this peer is ${inWords(role)}: it may not ${permissions[permission]}; ${REMEDY}`)
}

const inWords = (role: Role | undefined) => (role == null ? 'no member of the mesh' : `an ${role}`)
