/**
 * Who may do what in the mesh, as this peer knows it: judges whoever connects, checks the proofs in members' records, and cuts
 * off who is not to be here any more. Whatever obeys somebody asks `roleOf` first.
 */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { TypedEventEmitter } from 'main-event'
import type { Refusal, Shown } from '../../../protocols/admission.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Issuer, Role } from '../../../protocols/membership.ts'
import { checkProof, endOfProof, OtherMesh, type Proof } from '../../../protocols/proof.ts'
import type { Log } from '../../log.ts'
import type { Admission } from './exchange.ts'
import { Roll, refuse } from './roll.ts'
import { endOf, type MeshSecret } from './secret.ts'

/** Longest wait that a timer of Node takes, ms. */
const MAX_WAIT = 2 ** 31 - 1
/** After a change the whole roll is looked through once, with what else changes by then, ms. */
const SETTLE = 50

export interface AuthorityComponents {
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
}

export interface AuthorityInit {
  mesh: string
  signer: Signer
  log: Log
  /** This peer's own; none for the founder. */
  proof?: Uint8Array
  /** Newest first. */
  secrets: MeshSecret[]
  /** Another peer has let this one in. */
  onAdmitted?(): void
}

export interface AuthorityEvents {
  /** A peer is not let in any more, though it was. */
  refused: CustomEvent<{ peer: string; refusal: Refusal }>
  /** This peer has a new proof. */
  renewed: CustomEvent<Proof>
}

export class Authority extends TypedEventEmitter<AuthorityEvents> implements Admission {
  readonly roll: Roll
  readonly #init: AuthorityInit
  readonly #log: Log
  #own: Proof | undefined
  #components: AuthorityComponents | undefined
  #timer: NodeJS.Timeout | undefined
  /** When the roll is looked through next, ms since 1970. */
  #next = Number.POSITIVE_INFINITY

  constructor(init: AuthorityInit) {
    super()
    this.#init = init
    this.#log = init.log.with({}, 'authority')
    this.roll = new Roll(init.mesh)
    if (init.proof != null) this.#takeOwn(checkProof(init.mesh, init.proof))
  }

  /** Made before libp2p, whose encrypters ask it; becomes one of its services here. */
  serve(components: AuthorityComponents): this {
    this.#components = components
    return this
  }

  start(): void {
    this.#components?.events.addEventListener('connection:open', this.#onConnection)
    this.#lookAgain(0)
  }

  stop(): void {
    this.#components?.events.removeEventListener('connection:open', this.#onConnection)
    this.#components = undefined
    clearTimeout(this.#timer)
  }

  /** @returns undefined for a peer that is not known, or whose proof is not good now */
  roleOf(peer: string): Role | undefined {
    return this.roll.role(peer, Date.now())
  }

  /** What this peer shows to others; none for the founder. */
  get own(): Proof | undefined {
    return this.#own
  }

  get shows(): Uint8Array | undefined {
    return this.#own?.bytes
  }

  /** Newest first. */
  get secrets(): MeshSecret[] {
    return this.#init.secrets
  }

  judge(peer: string, { proof, at }: Shown, generation: number): Refusal | undefined {
    const end = endOf(this.secrets, generation)
    if (end != null && end <= Date.now()) {
      return refuse('old-secret', 'it knows only a secret of the mesh that was replaced')
    }
    const found = this.#read(peer, proof)
    if (found == null || 'code' in found) return found
    const refusal = this.roll.refusal(found, Date.now(), at)
    if (refusal == null) this.#learn(found)
    return refusal
  }

  /**
   * Checks the proof in a record of a peer, which may have come by way of others.
   * @throws {BakError} `not-allowed` with the reason
   */
  check(peer: string, bytes: Uint8Array | undefined): Proof | undefined {
    const found = this.#read(peer, bytes)
    if (found == null) return undefined
    const refusal = 'code' in found ? found : this.roll.refusal(found, Date.now())
    if (refusal != null) throw new BakError('not-allowed', refusal.reason)
    return found as Proof
  }

  /** A newer record of a peer brought this proof, which `check` let pass. */
  learn(proof: Proof | undefined): void {
    if (proof != null) this.#learn(proof)
  }

  /** @returns this peer as it signs for the mesh; undefined if it is no admin */
  get issuer(): Issuer | undefined {
    const { mesh, signer } = this.#init
    if (this.roleOf(signer.peer) !== 'admin') return undefined
    return { mesh, ...signer, links: this.#own?.links ?? [], expires: this.#own?.expires ?? Number.POSITIVE_INFINITY }
  }

  /** Takes another proof of this peer itself. @throws {BakError} if it is no good one */
  renew(bytes: Uint8Array): void {
    const proof = checkProof(this.#init.mesh, bytes)
    if (proof.peer !== this.#init.signer.peer) throw new BakError('not-allowed', 'it is a proof of another peer')
    this.#takeOwn(proof)
    this.dispatchEvent(new CustomEvent('renewed', { detail: proof }))
  }

  /** @returns the proof, or why it is none; nothing for the founder */
  #read(peer: string, bytes: Uint8Array | undefined): Proof | Refusal | undefined {
    if (peer === this.#init.mesh) return undefined
    if (bytes == null) return refuse('no-proof', 'it showed no proof that it was invited')
    try {
      const proof = checkProof(this.#init.mesh, bytes)
      if (proof.peer === peer) return proof
      return refuse('bad-proof', `it showed the proof of another peer, ${proof.peer}`)
    } catch (cause) {
      const { message } = cause as Error
      return refuse(cause instanceof OtherMesh ? 'other-mesh' : 'bad-proof', `its proof is not good: ${message}`)
    }
  }

  #takeOwn(proof: Proof): void {
    this.#own = proof
    this.roll.learn(proof)
  }

  #learn(proof: Proof): void {
    if (this.roll.proof(proof.peer) === proof) return
    this.roll.learn(proof)
    this.#lookAgain(SETTLE)
  }

  /** @param wait ms; an earlier look that is planned already stays */
  #lookAgain(wait: number): void {
    const at = Date.now() + wait
    if (this.#components == null || at >= this.#next) return
    clearTimeout(this.#timer)
    this.#next = at
    this.#timer = setTimeout(() => this.#look(), Math.min(MAX_WAIT, wait)).unref()
  }

  /** Cuts off who is not let in any more; looks again when the next proof runs out. */
  #look(): void {
    this.#next = Number.POSITIVE_INFINITY
    const now = Date.now()
    let next = Number.POSITIVE_INFINITY
    for (const proof of this.roll.proofs()) {
      const refusal = this.roll.refusal(proof, now)
      if (refusal == null) next = Math.min(next, endOfProof(proof))
      else this.#cutOff(proof.peer, refusal)
    }
    if (next !== Number.POSITIVE_INFINITY) this.#lookAgain(next - now + 1)
  }

  #cutOff(peer: string, refusal: Refusal): void {
    if (peer === this.#init.signer.peer) return
    this.roll.forget(peer)
    this.#log.warn('no longer let in', { peer, code: refusal.code, why: refusal.reason })
    this.dispatchEvent(new CustomEvent('refused', { detail: { peer, refusal } }))
    for (const connection of this.#components?.connectionManager.getConnections(peerIdFromString(peer)) ?? []) {
      connection.abort(new BakError('not-allowed', refusal.reason))
    }
  }

  /** Between its proof and its connection a peer may have been revoked. */
  readonly #onConnection = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (this.roleOf(peer) == null) detail.abort(new BakError('not-allowed', `${peer} is not let in`))
    else this.#init.onAdmitted?.()
  }
}
