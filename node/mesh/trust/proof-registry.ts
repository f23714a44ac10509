/**
 * The roll of a mesh as a value: who has shown which proof, who is revoked, how often each invitation was used; and from that,
 * who is what and who is to be refused. Knows nothing of networks.
 */
import type { Refusal, RefusalCode } from '../../../protocols/admission.ts'
import { showInstant as time } from '../../../protocols/duration.ts'
import type { Invitation, Role } from '../../../protocols/membership.ts'
import { endOfProof, type Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust.ts'
import { countRevocations, type Decision, hitBy, type Revoked } from './revoked.ts'

/** Peers whose proof is kept, and invitations that are remembered; what was heard of longest ago goes first. */
const MAX_PEERS = 10_000
const MAX_INVITATIONS = 10_000
const MEND = 'ask an admin of the mesh for a new ticket: bak-node invite there, then bak-node daemon join TICKET here'

type Seen = Invitation & { by: string }

/** A peer that came by an invitation. */
interface Use {
  /** In which order this peer heard of it. */
  order: number
  /** An admin has given it a membership: it counts before all that have not. */
  confirmed: boolean
}

export class ProofRegistry {
  readonly mesh: string
  readonly #proofs = new Map<string, Proof>()
  readonly #uses = new Map<string, Map<string, Use>>()
  /** Those that peers have shown: who has a membership shows its invitation no more. */
  readonly #invitations = new Map<string, Seen>()
  #revocations: Decision<Revocation>[] = []
  #revoked: Revoked = new Map()
  #order = 0

  constructor(mesh: string) {
    this.mesh = mesh
  }

  /** The proof that a peer shows now. */
  learn(proof: Proof): void {
    this.#proofs.delete(proof.peer)
    this.#proofs.set(proof.peer, proof)
    if (this.#proofs.size > MAX_PEERS) this.#proofs.delete(this.#proofs.keys().next().value as string)
    this.count(proof)
  }

  /** A peer came by an invitation that can be used so many times only, whether or not it is still here. */
  count({ peer, invitation, invited }: Proof): void {
    if (invited != null) this.#remember(invited)
    if (invitation == null || (invited != null && invited.uses == null)) return
    const uses = this.#uses.get(invitation) ?? new Map<string, Use>()
    const known = uses.get(peer)
    const confirmed = invited == null
    if (known != null && (known.confirmed || !confirmed)) return
    uses.set(peer, { order: known?.order ?? this.#order++, confirmed })
    this.#uses.set(invitation, uses)
  }

  #remember(invited: Seen): void {
    this.#invitations.set(invited.id, invited)
    if (this.#invitations.size > MAX_INVITATIONS) {
      this.#invitations.delete(this.#invitations.keys().next().value as string)
    }
  }

  /** Every invitation that a peer has shown. */
  get invitations(): Seen[] {
    return [...this.#invitations.values()]
  }

  /** A peer is not let in any more; that it used its invitation stays. */
  forget(peer: string): void {
    this.#proofs.delete(peer)
  }

  revoke(revocation: Decision<Revocation>): void {
    this.#revocations.push(revocation)
    this.#revoked = countRevocations(this.mesh, this.#revocations)
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

  /** @returns the peers that came by an invitation, in the order in which they count */
  users(invitation: string): string[] {
    const uses = [...(this.#uses.get(invitation) ?? [])]
    return uses
      .sort(([, a], [, b]) => Number(b.confirmed) - Number(a.confirmed) || a.order - b.order)
      .map(([peer]) => peer)
  }

  /** @returns the role of a peer whose proof is good now; undefined for one that is not known or not let in */
  role(peer: string, now: number): Role | undefined {
    if (peer === this.mesh) return 'admin'
    const proof = this.#proofs.get(peer)
    return proof == null || this.refusal(proof, now) != null ? undefined : proof.role
  }

  /** @returns why who shows this proof is not let in; @param there the other side's clock, where it told */
  refusal(proof: Proof, now: number, there?: number): Refusal | undefined {
    const by = hitBy(this.#revoked, proof)
    if (by != null) return refuse('revoked', this.#whyRevoked(proof, by))
    if (endOfProof(proof) <= now) return refuse('expired', whyExpired(proof, now, there))
    const { invitation, invited, peer } = proof
    if (invitation == null || invited?.uses == null) return undefined
    const users = this.users(invitation)
    const place = users.indexOf(peer)
    if ((place < 0 ? users.length : place) < invited.uses) return undefined
    const uses = invited.uses === 1 ? 'once, and was' : `${invited.uses} times, and was that often`
    return refuse('used-up', `its invitation${named(invited.name)} may be used ${uses}`)
  }

  #whyRevoked({ peer, issuers }: Proof, { by, value: { target, at, reason } }: Decision<Revocation>): string {
    const whose = target === peer ? 'it' : issuers.includes(target) ? `${target}, who let it in,` : 'its invitation'
    const who = by === this.mesh ? 'the founder' : by
    return `${whose} was revoked by ${who} at ${time(at)}${reason == null ? '' : `: ${reason}`}`
  }
}

export const refuse = (code: RefusalCode, what: string): Refusal => ({ code, reason: `${what}; ${MEND}` })

function whyExpired({ expires, invited }: Proof, now: number, there?: number): string {
  const clocks = there == null ? `here it is ${time(now)}` : `here it is ${time(now)}, there ${time(there)}`
  return `its ${invited == null ? 'membership' : `invitation${named(invited.name)}`} ran out at ${time(expires)}: ${clocks}`
}

const named = (name: string | undefined) => (name == null ? '' : ` ${name}`)
