/**
 * The proofs that peers have shown, what is revoked, and the uses of each invitation; from these follow the role of a peer and
 * the reason to refuse one. Knows nothing of networks.
 */
import type { Refusal } from '../../../protocols/admission.ts'
import { showInstant as time } from '../../../protocols/duration.ts'
import type { Invitation, Role } from '../../../protocols/membership.ts'
import { endOfProof, type Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust-entries.ts'
import { BoundedMap } from '../../bounded-map.ts'
import { refusalOf } from './refusal.ts'
import { type Decision, effectiveRevocations, type Revoked, revocationOf } from './revoked.ts'

/** Proofs and invitations that are kept; the oldest is dropped first. */
const MAX_PEERS = 10_000
const MAX_INVITATIONS = 10_000

/** With the admin who signed it. */
type SignedInvitation = Invitation & { by: string }

/** A peer that came by an invitation. */
interface Use {
  /** Place in the order in which this peer learned of the uses. */
  order: number
  /** An admin has issued a membership for it: it counts before all unconfirmed uses. */
  confirmed: boolean
}

export class ProofRegistry {
  readonly mesh: string
  readonly #proofs = new BoundedMap<string, Proof>(MAX_PEERS)
  readonly #uses = new Map<string, Map<string, Use>>()
  /** Those that peers have shown: a peer with a membership no longer shows its invitation. */
  readonly #invitations = new BoundedMap<string, SignedInvitation>(MAX_INVITATIONS)
  #revocations: Decision<Revocation>[] = []
  #revoked: Revoked = new Map()
  #order = 0

  constructor(mesh: string) {
    this.mesh = mesh
  }

  /** @param proof the one that its peer shows now */
  learn(proof: Proof): void {
    this.#proofs.set(proof.peer, proof)
    this.countUse(proof)
  }

  /** Counts a use of an invitation with limited uses, whether or not its peer is still in the mesh. */
  countUse({ peer, invitation, invited }: Proof): void {
    if (invited != null) this.#invitations.set(invited.id, invited)
    if (invitation == null || (invited != null && invited.uses == null)) return
    const uses = this.#uses.get(invitation) ?? new Map<string, Use>()
    const known = uses.get(peer)
    const confirmed = invited == null
    if (known != null && (known.confirmed || !confirmed)) return
    uses.set(peer, { order: known?.order ?? this.#order++, confirmed })
    this.#uses.set(invitation, uses)
  }

  /** Every invitation that a peer has shown. */
  get invitations(): SignedInvitation[] {
    return [...this.#invitations.values()]
  }

  /** Drops the proof of a peer; the use of its invitation still counts. */
  remove(peer: string): void {
    this.#proofs.delete(peer)
  }

  revoke(revocation: Decision<Revocation>): void {
    this.#revocations.push(revocation)
    this.#revoked = effectiveRevocations(this.mesh, this.#revocations)
  }

  get revoked(): Revoked {
    return this.#revoked
  }

  proof(peer: string): Proof | undefined {
    return this.#proofs.get(peer)
  }

  proofs(): Proof[] {
    return [...this.#proofs.values()]
  }

  /** @returns the peers that came by an invitation, in the order in which their uses count */
  usersOf(invitation: string): string[] {
    const uses = [...(this.#uses.get(invitation) ?? [])]
    return uses
      .sort(([, a], [, b]) => Number(b.confirmed) - Number(a.confirmed) || a.order - b.order)
      .map(([peer]) => peer)
  }

  /** @returns the role of a peer whose proof is valid now; undefined for one that is unknown or not admitted */
  roleOf(peer: string, now: number): Role | undefined {
    if (peer === this.mesh) return 'admin'
    const proof = this.#proofs.get(peer)
    return proof == null || this.refusalOf(proof, now) != null ? undefined : proof.role
  }

  /**
   * @param now ms since 1970
   * @param theirClock of the peer that shows the proof, where it sent it
   * @returns why that peer is not admitted; undefined if it is
   */
  refusalOf(proof: Proof, now: number, theirClock?: number): Refusal | undefined {
    const revocation = revocationOf(this.#revoked, proof)
    if (revocation != null) return refusalOf('revoked', this.#whyRevoked(proof, revocation))
    if (endOfProof(proof) <= now) return refusalOf('expired', whyExpired(proof, now, theirClock))
    const { invitation, invited, peer } = proof
    if (invitation == null || invited?.uses == null) return undefined
    const users = this.usersOf(invitation)
    const place = users.indexOf(peer)
    if ((place < 0 ? users.length : place) < invited.uses) return undefined
    const uses = invited.uses === 1 ? 'once, and was' : `${invited.uses} times, and was that often`
    return refusalOf('used-up', `its invitation${named(invited.name)} may be used ${uses}`)
  }

  #whyRevoked({ peer, issuers }: Proof, { by, value: { target, at, reason } }: Decision<Revocation>): string {
    const whose = target === peer ? 'it' : issuers.includes(target) ? `${target}, who admitted it,` : 'its invitation'
    const who = by === this.mesh ? 'the founder' : by
    return `${whose} was revoked by ${who} at ${time(at)}${reason == null ? '' : `: ${reason}`}`
  }
}

function whyExpired({ expires, invited }: Proof, now: number, theirClock?: number): string {
  const there = theirClock == null ? '' : `, there ${time(theirClock)}`
  return `its ${invited == null ? 'membership' : `invitation${named(invited.name)}`} ran out at ${time(expires)}: here it is ${time(now)}${there}`
}

const named = (name: string | undefined) => (name == null ? '' : ` "${name}"`)
