/**
 * Who may do what in the mesh, as this peer knows it: judges whoever connects, checks the proofs in members' records, and takes
 * what admins have decided. Whatever obeys somebody asks `roleOf` first. Knows nothing of connections.
 */
import { TypedEventEmitter } from 'main-event'
import type { Refusal, Shown } from '../../../protocols/admission.ts'
import { showInstant } from '../../../protocols/duration.ts'
import { type Envelope, peek, type Signer } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Invitation, type Issuer, invitationSubject, type Role } from '../../../protocols/membership.ts'
import { checkProof, endOfProof, OtherMesh, type Proof } from '../../../protocols/proof.ts'
import type { Fact } from '../../../protocols/trust.ts'
import type { Log } from '../../log.ts'
import { Ignored } from '../ignored.ts'
import { endOf, type MeshSecret } from './mesh-secret.ts'
import type { Admission } from './proof-exchange.ts'
import { ProofRegistry, refuse } from './proof-registry.ts'
import type { TrustFile } from './trust-file.ts'
import { type Checked, checkFact, TrustLog } from './trust-log.ts'

/** Invitations of this peer's own that are kept after they ran out, ms. */
const KEEP_ISSUED = 30 * 86_400_000

export interface AuthorityInit {
  mesh: string
  signer: Signer
  log: Log
  /** This peer's own; none for the founder. */
  proof?: Uint8Array
  /** Of the founding, or of tickets. */
  secrets: MeshSecret[]
  known?: TrustFile
  /** Keeps what is known for the next start. */
  save?(file: TrustFile): void
}

export interface AuthorityEvents {
  /** Somebody showed another proof, or an admin decided something: who was let in may not be any more. */
  change: CustomEvent
  /** A peer is not let in any more, though it was. */
  refused: CustomEvent<{ peer: string; refusal: Refusal }>
  /** This peer has another proof. */
  renewed: CustomEvent<Proof>
  /** The secrets of the mesh are others. */
  rotated: CustomEvent
}

export class Authority extends TypedEventEmitter<AuthorityEvents> implements Admission {
  readonly mesh: string
  readonly roll: ProofRegistry
  readonly facts = new TrustLog()
  readonly #init: AuthorityInit
  readonly #log: Log
  readonly #issued: Map<string, Envelope>
  #own: Proof | undefined
  #secrets: MeshSecret[]

  constructor(init: AuthorityInit) {
    super()
    this.mesh = init.mesh
    this.#init = init
    this.#log = init.log.with({}, 'authority')
    this.roll = new ProofRegistry(init.mesh)
    const { facts, issued } = init.known ?? { facts: [], issued: [] }
    this.#issued = new Map(issued.map(sealed => [peek(invitationSubject, sealed).id, sealed]))
    for (const each of facts) this.#apply(checkFact(init.mesh, each))
    this.#secrets = this.facts.secrets(init.secrets, this.roll.revoked)
    if (init.proof != null) this.#takeOwn(checkProof(init.mesh, init.proof))
  }

  /** @returns undefined for a peer that is not known, or whose proof is not good now */
  roleOf(peer: string): Role | undefined {
    if (peer !== this.#own?.peer) return this.roll.role(peer, Date.now())
    return this.shutOut == null ? this.#own.role : undefined
  }

  /** This peer's proof; none for the founder. */
  get own(): Proof | undefined {
    return this.#own
  }

  /** Why this peer is not let in any more, as far as it knows itself. */
  get shutOut(): string | undefined {
    return this.#own && this.roll.refusal(this.#own, Date.now())?.reason
  }

  get shows(): Uint8Array | undefined {
    return this.#own?.bytes
  }

  /** Newest first. */
  get secrets(): MeshSecret[] {
    return this.#secrets
  }

  /** This peer as it signs for the mesh; undefined if it is no admin. */
  get issuer(): Issuer | undefined {
    const { mesh, signer } = this.#init
    if (this.roleOf(signer.peer) !== 'admin') return undefined
    return { mesh, ...signer, links: this.#own?.links ?? [], expires: this.#own?.expires ?? Number.POSITIVE_INFINITY }
  }

  judge(peer: string, { proof, at }: Shown, generation: number): Refusal | undefined {
    const end = endOf(this.#secrets, generation)
    if (end != null && end <= Date.now()) {
      return refuse('old-secret', 'it knows only a secret of the mesh that was replaced')
    }
    const found = this.#read(peer, proof)
    if (found == null || 'code' in found) return found
    const refusal = this.roll.refusal(found, Date.now(), at)
    if (refusal == null) this.learn(found)
    return refusal
  }

  /**
   * Checks the proof in a record of a peer, which may have come by way of others.
   * @throws {BakError} `not-allowed` with the reason; an `Ignored` where others may see it differently
   */
  check(peer: string, bytes: Uint8Array | undefined): Proof | undefined {
    const found = this.#read(peer, bytes)
    if (found == null) return undefined
    if ('code' in found) throw new BakError('not-allowed', found.reason)
    const refusal = this.roll.refusal(found, Date.now())
    if (refusal != null) throw new Ignored('not-allowed', refusal.reason)
    return found
  }

  /** A peer shows this proof now, and it is good. */
  learn(proof: Proof | undefined): void {
    if (proof == null || this.roll.proof(proof.peer) === proof) return
    this.roll.learn(proof)
    if (proof.invited?.uses != null) this.#count(proof)
    this.#changed()
  }

  /**
   * Takes another proof of this peer itself.
   * @returns whether it is better than the one it has: lasts longer, or as long where that is an invitation still
   * @throws {BakError} if it is no good one
   */
  renew(bytes: Uint8Array): boolean {
    const proof = checkProof(this.mesh, bytes)
    if (proof.peer !== this.#init.signer.peer) throw new BakError('not-allowed', 'it is a proof of another peer')
    const refusal = this.roll.refusal(proof, Date.now())
    if (refusal != null) throw new BakError('not-allowed', refusal.reason)
    const more = this.#own == null ? 1 : proof.expires - this.#own.expires
    if (more < 0 || (more === 0 && this.#own?.invited == null)) return false
    this.#takeOwn(proof)
    this.dispatchEvent(new CustomEvent('renewed', { detail: proof }))
    this.#changed()
    return true
  }

  /**
   * Takes what an admin decided, from whomever it came.
   * @returns it, if it was news
   * @throws {BakError} what is wrong with it
   */
  take(fact: Fact): Checked | undefined {
    const checked = checkFact(this.mesh, fact)
    if (!this.#apply(checked)) return undefined
    this.#say(checked)
    this.#save()
    this.#turn()
    this.#changed()
    return checked
  }

  /** The invitations that this peer issued. */
  get issued(): Invitation[] {
    return [...this.#issued.values()].map(sealed => peek(invitationSubject, sealed))
  }

  /** This peer issued an invitation. */
  keep(sealed: Envelope): void {
    for (const { id, expires } of this.issued) if (expires + KEEP_ISSUED < Date.now()) this.#issued.delete(id)
    this.#issued.set(peek(invitationSubject, sealed).id, sealed)
    this.#save()
  }

  /**
   * Drops from the roll who is not let in any more, and tells of it.
   * @returns when to look again, ms since 1970
   */
  sweep(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const proof of this.roll.proofs()) {
      const refusal = this.roll.refusal(proof, now)
      if (refusal == null) next = Math.min(next, endOfProof(proof))
      else if (proof !== this.#own) this.#drop(proof.peer, refusal)
    }
    return next
  }

  #drop(peer: string, refusal: Refusal): void {
    this.roll.forget(peer)
    this.#log.warn('no longer let in', { peer, code: refusal.code, why: refusal.reason })
    this.dispatchEvent(new CustomEvent('refused', { detail: { peer, refusal } }))
  }

  /** @returns the proof, or why it is none; nothing for the founder */
  #read(peer: string, bytes: Uint8Array | undefined): Proof | Refusal | undefined {
    if (peer === this.mesh) return undefined
    if (bytes == null) return refuse('no-proof', 'it showed no proof that it was invited')
    try {
      const proof = checkProof(this.mesh, bytes)
      if (proof.peer === peer) return proof
      return refuse('bad-proof', `it showed the proof of another peer, ${proof.peer}`)
    } catch (cause) {
      const { message } = cause as Error
      return refuse(cause instanceof OtherMesh ? 'other-mesh' : 'bad-proof', `its proof is not good: ${message}`)
    }
  }

  #count({ bytes }: Proof): void {
    try {
      this.take({ type: 'use', proof: bytes })
    } catch (cause) {
      // it counts all the same for as long as this peer runs
      this.#log.warn('the use of an invitation is not kept', { why: (cause as Error).message })
    }
  }

  #takeOwn(proof: Proof): void {
    this.#own = proof
    this.roll.learn(proof)
  }

  #apply(checked: Checked): boolean {
    if (!this.facts.add(checked, Date.now())) return false
    if (checked.type === 'use') this.roll.count(checked.proof)
    if (checked.type === 'revocation') this.roll.revoke(checked.decision)
    return true
  }

  #say(checked: Checked): void {
    if (checked.type === 'use') return
    const { by, value } = checked.decision
    if ('generation' in value) {
      const { generation, until } = value
      return this.#log.info('the mesh has a new secret', { generation, by, ends_older: showInstant(until) })
    }
    this.#log.info('revoked', { target: value.target, by, why: value.reason })
    if (this.shutOut != null) this.#log.error('this peer is not let in any more', { why: this.shutOut })
  }

  /** A rotation brings a secret; a revocation may make one void that came with a rotation. */
  #turn(): void {
    const secrets = this.facts.secrets(this.#init.secrets, this.roll.revoked)
    if (String(secrets.map(nameOf)) === String(this.#secrets.map(nameOf))) return
    this.#secrets = secrets
    this.dispatchEvent(new CustomEvent('rotated'))
  }

  #save(): void {
    this.#init.save?.({ facts: this.facts.all(), issued: [...this.#issued.values()] })
  }

  #changed(): void {
    this.dispatchEvent(new CustomEvent('change'))
  }
}

const nameOf = ({ generation, value, ends }: MeshSecret) =>
  `${generation} ${Buffer.from(value).toString('hex')} ${ends}`
