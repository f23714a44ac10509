/**
 * Who may do what in the mesh, as this peer knows it: judges the proofs of peers that connect, checks the proofs in members'
 * records, and applies what admins decided. Code that obeys a peer asks `roleOf` first. Knows nothing of connections.
 */
import { TypedEventEmitter } from 'main-event'
import type { ProofFrame, Refusal } from '../../../protocols/admission.ts'
import { showInstant } from '../../../protocols/duration.ts'
import type { Envelope, Signer } from '../../../protocols/envelope.ts'
import { BakError, Ignored } from '../../../protocols/errors.ts'
import type { Invitation, Issuer, Role } from '../../../protocols/membership.ts'
import { checkProof, endOfProof, type Proof } from '../../../protocols/proof.ts'
import type { TrustEntry } from '../../../protocols/trust-entries.ts'
import type { Log } from '../../log.ts'
import { IssuedInvitations } from './invitations.ts'
import { endOf, type MeshSecret } from './mesh-secret.ts'
import type { Admission } from './proof-exchange.ts'
import { ProofRegistry } from './proof-registry.ts'
import { proofOrRefusal, refusalOf } from './refusal.ts'
import type { TrustFile } from './trust-file.ts'
import { type CheckedEntry, checkTrustEntry, TrustLog } from './trust-log.ts'

export interface AuthorityInit {
  mesh: string
  signer: Signer
  log: Log
  /** This peer's own; absent for the founder. */
  proof?: Uint8Array
  /** Of the founding, or of tickets. */
  secrets: MeshSecret[]
  known?: TrustFile
  /** Stores what is known for the next start. */
  save?(file: TrustFile): void
}

export interface AuthorityEvents {
  /** A peer showed another proof, or an admin decided something: an admitted peer may have lost its admission. */
  change: CustomEvent
  /** A peer that was admitted no longer is. */
  refused: CustomEvent<{ peer: string; refusal: Refusal }>
  /** This peer has another proof. */
  renewed: CustomEvent<Proof>
  /** The secrets of the mesh changed. */
  rotated: CustomEvent
}

export class Authority extends TypedEventEmitter<AuthorityEvents> implements Admission {
  readonly mesh: string
  readonly proofRegistry: ProofRegistry
  readonly trustLog = new TrustLog()
  readonly #init: AuthorityInit
  readonly #log: Log
  readonly #issued: IssuedInvitations
  #ownProof: Proof | undefined
  #secrets: MeshSecret[]

  constructor(init: AuthorityInit) {
    super()
    this.mesh = init.mesh
    this.#init = init
    this.#log = init.log.with({}, 'authority')
    this.proofRegistry = new ProofRegistry(init.mesh)
    const { entries, issued } = init.known ?? { entries: [], issued: [] }
    this.#issued = new IssuedInvitations(issued)
    for (const each of entries) this.#apply(checkTrustEntry(init.mesh, each))
    this.#secrets = this.trustLog.secrets(init.secrets, this.proofRegistry.revoked)
    if (init.proof != null) this.#setOwnProof(checkProof(init.mesh, init.proof))
  }

  /** @returns undefined for an unknown peer, and for one whose proof is not valid now */
  roleOf(peer: string): Role | undefined {
    if (peer !== this.#ownProof?.peer) return this.proofRegistry.roleOf(peer, Date.now())
    return this.ownRefusal == null ? this.#ownProof.role : undefined
  }

  /** @returns the proof that a peer showed last; none of the founder */
  proofOf(peer: string): Uint8Array | undefined {
    return peer === this.#ownProof?.peer ? this.#ownProof.bytes : this.proofRegistry.proof(peer)?.bytes
  }

  /** Undefined for the founder. */
  get ownProof(): Proof | undefined {
    return this.#ownProof
  }

  get ownProofBytes(): Uint8Array | undefined {
    return this.#ownProof?.bytes
  }

  /** Why this peer is no longer admitted, as far as it knows itself. */
  get ownRefusal(): string | undefined {
    return this.#ownProof && this.proofRegistry.refusalOf(this.#ownProof, Date.now())?.reason
  }

  /** Newest first. */
  get secrets(): MeshSecret[] {
    return this.#secrets
  }

  /** What this peer signs as for the mesh; undefined if it is no admin. */
  get issuer(): Issuer | undefined {
    const { mesh, signer } = this.#init
    if (this.roleOf(signer.peer) !== 'admin') return undefined
    const { links = [], expires = Number.POSITIVE_INFINITY } = this.#ownProof ?? {}
    return { mesh, ...signer, links, expires }
  }

  judge(peer: string, { proof, at }: ProofFrame, generation: number): Refusal | undefined {
    const end = endOf(this.#secrets, generation)
    if (end != null && end <= Date.now()) {
      return refusalOf('old-secret', 'it knows only a secret of the mesh that was replaced')
    }
    const found = proofOrRefusal(this.mesh, peer, proof)
    if (found == null || 'code' in found) return found
    const refusal = this.proofRegistry.refusalOf(found, Date.now(), at)
    if (refusal == null) this.learn(found)
    return refusal
  }

  /**
   * Checks the proof in a record of a peer, which may have come by way of other peers.
   * @throws {BakError} `not-allowed` with the reason; an `Ignored` where others may judge differently
   */
  check(peer: string, bytes: Uint8Array | undefined): Proof | undefined {
    const found = proofOrRefusal(this.mesh, peer, bytes)
    if (found == null) return undefined
    if ('code' in found) throw new BakError('not-allowed', found.reason)
    const refusal = this.proofRegistry.refusalOf(found, Date.now())
    if (refusal != null) throw new Ignored('not-allowed', refusal.reason)
    return found
  }

  /** @param proof a valid one, that its peer shows now */
  learn(proof: Proof | undefined): void {
    if (proof == null || this.proofRegistry.proof(proof.peer) === proof) return
    this.proofRegistry.learn(proof)
    if (proof.invited?.uses != null) this.#storeUse(proof)
    this.#dispatchChange()
  }

  /**
   * Takes another proof of this peer itself.
   * @returns whether it is better than the present one: lasts longer, or as long where the present one is an invitation
   * @throws {BakError} if it is not valid
   */
  replaceOwnProof(bytes: Uint8Array): boolean {
    const proof = checkProof(this.mesh, bytes)
    if (proof.peer !== this.#init.signer.peer) throw new BakError('not-allowed', 'it is a proof of another peer')
    const refusal = this.proofRegistry.refusalOf(proof, Date.now())
    if (refusal != null) throw new BakError('not-allowed', refusal.reason)
    const gained = this.#ownProof == null ? 1 : proof.expires - this.#ownProof.expires
    if (gained < 0 || (gained === 0 && this.#ownProof?.invited == null)) return false
    this.#setOwnProof(proof)
    this.dispatchEvent(new CustomEvent('renewed', { detail: proof }))
    this.#dispatchChange()
    return true
  }

  /**
   * Applies a decision of an admin, or a use of an invitation, whichever peer sent it.
   * @returns it, if it was unknown
   * @throws {BakError} what is wrong with it
   */
  addEntry(entry: TrustEntry): CheckedEntry | undefined {
    const checked = checkTrustEntry(this.mesh, entry)
    if (!this.#apply(checked)) return undefined
    this.#logEntry(checked)
    this.#save()
    this.#updateSecrets()
    this.#dispatchChange()
    return checked
  }

  /** The invitations that this peer issued. */
  get issuedInvitations(): Invitation[] {
    return this.#issued.list()
  }

  /** @param sealed an invitation that this peer just issued */
  addInvitation(sealed: Envelope): void {
    this.#issued.add(sealed, Date.now())
    this.#save()
  }

  /**
   * Removes peers that are no longer admitted from the registry, and dispatches `refused` for each.
   * @returns when the next proof runs out, ms since 1970
   */
  removeRefused(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const proof of this.proofRegistry.proofs()) {
      const refusal = this.proofRegistry.refusalOf(proof, now)
      if (refusal == null) next = Math.min(next, endOfProof(proof))
      else if (proof !== this.#ownProof) this.#remove(proof.peer, refusal)
    }
    return next
  }

  #remove(peer: string, refusal: Refusal): void {
    this.proofRegistry.remove(peer)
    this.#log.warn('peer no longer admitted', { peer, code: refusal.code, why: refusal.reason })
    this.dispatchEvent(new CustomEvent('refused', { detail: { peer, refusal } }))
  }

  #storeUse({ bytes }: Proof): void {
    try {
      this.addEntry({ type: 'use', proof: bytes })
    } catch (cause) {
      // it counts all the same for as long as this peer runs
      this.#log.warn('the use of an invitation was not stored', { why: (cause as Error).message })
    }
  }

  #setOwnProof(proof: Proof): void {
    this.#ownProof = proof
    this.proofRegistry.learn(proof)
  }

  #apply(checked: CheckedEntry): boolean {
    if (!this.trustLog.add(checked, Date.now())) return false
    if (checked.type === 'use') this.proofRegistry.countUse(checked.proof)
    if (checked.type === 'revocation') this.proofRegistry.revoke(checked.decision)
    return true
  }

  #logEntry(checked: CheckedEntry): void {
    if (checked.type === 'use') return
    const { by, value } = checked.decision
    if ('generation' in value) {
      const { generation, until } = value
      return this.#log.info('the mesh has a new secret', { generation, by, ends_older: showInstant(until) })
    }
    this.#log.info('revoked', { target: value.target, by, why: value.reason })
    if (this.ownRefusal != null) this.#log.error('this peer is no longer admitted', { why: this.ownRefusal })
  }

  /** A rotation brings a secret; a revocation may void one that came with a rotation. */
  #updateSecrets(): void {
    const secrets = this.trustLog.secrets(this.#init.secrets, this.proofRegistry.revoked)
    if (String(secrets.map(keyOf)) === String(this.#secrets.map(keyOf))) return
    this.#secrets = secrets
    this.dispatchEvent(new CustomEvent('rotated'))
  }

  #save(): void {
    this.#init.save?.({ entries: this.trustLog.all(), issued: this.#issued.sealed() })
  }

  #dispatchChange(): void {
    this.dispatchEvent(new CustomEvent('change'))
  }
}

/** @returns equal texts for equal secrets */
const keyOf = ({ generation, value, ends }: MeshSecret) => `${generation} ${Buffer.from(value).toString('hex')} ${ends}`
