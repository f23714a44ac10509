/** The invitations of a mesh as one of its peers knows them: those it issued, and those by which members came. */
import type { Invitation, Role } from '../../../protocols/membership.ts'
import { skewOf } from '../../../protocols/proof.ts'
import type { ProofRegistry } from './proof-registry.ts'

export interface KnownInvitation {
  id: string
  name?: string
  /** What follows is not known of one whose peers show a membership by now. */
  role?: Role
  /** Peer id of the admin. */
  by?: string
  issued?: number
  expires?: number
  /** How many peers may come by it; any number where it is not said. */
  uses?: number
  /** Peer ids of those who came by it. */
  peers: string[]
  state: 'open' | 'used-up' | 'expired' | 'revoked' | 'unknown'
}

/** @param issued those of this peer, which is `self` */
export function listInvitations(
  roll: ProofRegistry,
  issued: Invitation[],
  self: string,
  now: number
): KnownInvitation[] {
  const all = [...issued.map(each => ({ ...each, by: self })), ...roll.invitations]
  const known = new Map<string, Partial<Invitation> & { by?: string }>(all.map(each => [each.id, each]))
  const came = new Map<string, Set<string>>()
  for (const { peer, invitation, name } of roll.proofs()) {
    if (invitation == null) continue
    if (!known.has(invitation)) known.set(invitation, { name })
    came.set(invitation, (came.get(invitation) ?? new Set(roll.users(invitation))).add(peer))
  }
  const views = [...known].map(([id, { name, role, by, issued, expires, uses }]): KnownInvitation => {
    const peers = [...(came.get(id) ?? roll.users(id))]
    const state = stateOf({ id, issued, expires, uses, peers }, roll, now)
    return { id, name, role, by, issued, expires, uses, peers, state }
  })
  return views.sort((a, b) => (a.issued ?? 0) - (b.issued ?? 0) || (a.id < b.id ? -1 : 1))
}

type TrustLog = Pick<KnownInvitation, 'id' | 'issued' | 'expires' | 'uses' | 'peers'>

function stateOf(
  { id, issued, expires, uses, peers }: TrustLog,
  roll: ProofRegistry,
  now: number
): KnownInvitation['state'] {
  if (roll.revoked.has(id)) return 'revoked'
  if (issued == null || expires == null) return 'unknown'
  if (expires + skewOf({ issued, expires }) <= now) return 'expired'
  return uses != null && peers.length >= uses ? 'used-up' : 'open'
}
