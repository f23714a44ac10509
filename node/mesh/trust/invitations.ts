/** The invitations of a mesh, as far as one peer knows them: those that it issued, and those by which members came. */
import type { InvitationView } from '../../../protocols/control.ts'
import { type Envelope, peek } from '../../../protocols/envelope.ts'
import { type Invitation, invitationSubject } from '../../../protocols/membership.ts'
import { skewOf } from '../../../protocols/proof.ts'
import type { ProofRegistry } from './proof-registry.ts'

/** With peer ids only. */
export type KnownInvitation = Omit<InvitationView, 'by' | 'peers'> & { by?: string; peers: string[] }

/** @param issued by this peer, whose id is `self`; @param now ms since 1970 */
export function listInvitations(
  registry: ProofRegistry,
  issued: Invitation[],
  self: string,
  now: number
): KnownInvitation[] {
  const all = [...issued.map(each => ({ ...each, by: self })), ...registry.invitations]
  const known = new Map<string, Partial<Invitation> & { by?: string }>(all.map(each => [each.id, each]))
  const came = new Map<string, Set<string>>()
  for (const { peer, invitation, name } of registry.proofs()) {
    if (invitation == null) continue
    if (!known.has(invitation)) known.set(invitation, { name })
    came.set(invitation, (came.get(invitation) ?? new Set(registry.usersOf(invitation))).add(peer))
  }
  const views = [...known].map(([id, { name, role, by, issued, expires, uses }]): KnownInvitation => {
    const peers = [...(came.get(id) ?? registry.usersOf(id))]
    const state = stateOf({ id, issued, expires, uses, peers }, registry, now)
    return { id, name, role, by, issued, expires, uses, peers, state }
  })
  return views.sort((a, b) => (a.issued ?? 0) - (b.issued ?? 0) || (a.id < b.id ? -1 : 1))
}

function stateOf(
  { id, issued, expires, uses, peers }: Omit<KnownInvitation, 'state'>,
  registry: ProofRegistry,
  now: number
): KnownInvitation['state'] {
  if (registry.revoked.has(id)) return 'revoked'
  if (issued == null || expires == null) return 'unknown'
  if (expires + skewOf({ issued, expires }) <= now) return 'expired'
  return uses != null && peers.length >= uses ? 'used-up' : 'open'
}

/** Expired invitations are still listed for this long: `bak-node invites` shows who came by them. */
const KEEP_EXPIRED_MS = 30 * 86_400_000

/** The invitations that this peer issued, as they are stored in `trust.json`. */
export class IssuedInvitations {
  readonly #sealed: Map<string, Envelope>

  constructor(issued: Envelope[]) {
    this.#sealed = new Map(issued.map(sealed => [peek(invitationSubject, sealed).id, sealed]))
  }

  list(): Invitation[] {
    return this.sealed().map(sealed => peek(invitationSubject, sealed))
  }

  sealed(): Envelope[] {
    return [...this.#sealed.values()]
  }

  /** @param now ms since 1970 */
  add(sealed: Envelope, now: number): void {
    for (const { id, expires } of this.list()) if (expires + KEEP_EXPIRED_MS < now) this.#sealed.delete(id)
    this.#sealed.set(peek(invitationSubject, sealed).id, sealed)
  }
}
