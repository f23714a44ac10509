/**
 * The trust entries that this peer knows: revocations, rotations of the secret, and uses of invitations with limited uses. All
 * are checked before they are added. Knows nothing of networks or disks.
 */
import { type Envelope, open, type Subject } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { checkProof, endOfProof, type Proof } from '../../../protocols/proof.ts'
import {
  MAX_REVOCATIONS,
  MAX_ROTATIONS,
  MAX_SURPLUS_USES,
  MAX_USES_KNOWN,
  type Revocation,
  type Rotation,
  revocationSubject,
  rotationSubject,
  type TrustEntry,
  trustEntryId
} from '../../../protocols/trust-entries.ts'
import type { MeshSecret } from './mesh-secret.ts'
import { type Decision, type Revoked, revocationOf } from './revoked.ts'

/** An entry whose signatures are checked. */
export type CheckedEntry = { entry: TrustEntry; id: string } & (
  | { type: 'revocation'; decision: Decision<Revocation> }
  | { type: 'rotation'; decision: Decision<Rotation> }
  | { type: 'use'; proof: Proof }
)

/** @throws {BakError} `not-allowed`, `bad-signature`, `bad-message`; the result does not depend on the time */
export function checkTrustEntry(mesh: string, entry: TrustEntry): CheckedEntry {
  const id = trustEntryId(entry)
  if (entry.type === 'use') {
    const proof = checkProof(mesh, entry.proof)
    if (proof.invited?.uses == null) throw new BakError('not-allowed', 'a use of an invitation without a limit of uses')
    return { entry, id, type: 'use', proof }
  }
  if (entry.type === 'rotation') {
    return { entry, id, type: 'rotation', decision: openDecision(mesh, rotationSubject, entry, ({ issued }) => issued) }
  }
  const decision = openDecision(mesh, revocationSubject, entry, ({ at }) => at)
  if (decision.value.target === mesh) throw new BakError('not-allowed', `${decision.by} revoked the founder`)
  return { entry, id, type: 'revocation', decision }
}

function openDecision<T extends { mesh: string }>(
  mesh: string,
  subject: Subject<T>,
  { sealed, proof: bytes }: { sealed: Envelope; proof?: Uint8Array },
  timeOf: (value: T) => number
): Decision<T> {
  const { by, value } = open(subject, sealed)
  if (value.mesh !== mesh) throw new BakError('not-allowed', `a ${subject.name} of mesh ${value.mesh}`)
  if (by === mesh) return { by, value }
  const proof = bytes == null ? undefined : checkProof(mesh, bytes)
  if (proof?.peer !== by || proof.role !== 'admin') {
    throw new BakError('not-allowed', `a ${subject.name} signed by ${by}, which is not proven to be an admin`)
  }
  // a decision stays valid after the proof has run out, but must have been signed before
  if (timeOf(value) > proof.expires) throw new BakError('not-allowed', `${by} was no longer an admin when it signed`)
  return { by, value, proof }
}

type CheckedUse = Extract<CheckedEntry, { type: 'use' }>

export class TrustLog {
  readonly #known = new Map<string, CheckedEntry>()
  /** The ids of the uses of each invitation, the earliest first. */
  readonly #uses = new Map<string, Set<string>>()

  has(id: string): boolean {
    return this.#known.has(id)
  }

  /** @returns whether it was unknown, and is known now; @throws {BakError} `busy` when there are too many of its type */
  add(checked: CheckedEntry, now: number): boolean {
    if (this.#known.has(checked.id)) return false
    if (checked.type === 'use') return this.#addUse(checked, now)
    if (checked.type === 'revocation' && this.#count('revocation') >= MAX_REVOCATIONS)
      throw new BakError('busy', `there are ${MAX_REVOCATIONS} revocations`)
    this.#known.set(checked.id, checked)
    return checked.type !== 'rotation' || this.#keepNewest(checked)
  }

  ids(): string[] {
    return [...this.#known.keys()]
  }

  get(id: string): TrustEntry | undefined {
    return this.#known.get(id)?.entry
  }

  all(): TrustEntry[] {
    return [...this.#known.values()].map(({ entry }) => entry)
  }

  /** @returns `base`, and the secrets of rotations whose admin had not been revoked before; newest first */
  secrets(base: MeshSecret[], revoked: Revoked): MeshSecret[] {
    const isVoid = ({ proof, value }: Decision<Rotation>) =>
      (revocationOf(revoked, proof)?.value.at ?? Number.POSITIVE_INFINITY) <= value.issued
    // of two rotations to the same generation all peers must take the same one
    const rotated = this.#rotations()
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .filter(({ decision }) => !isVoid(decision))
      .map(({ decision: { value } }) => ({ generation: value.generation, value: value.secret, ends: value.until }))
    const all = new Map([...base, ...rotated].map(each => [each.generation, each]))
    return [...all.values()].sort((a, b) => b.generation - a.generation).slice(0, MAX_ROTATIONS)
  }

  #rotations(): Extract<CheckedEntry, { type: 'rotation' }>[] {
    return [...this.#known.values()].filter(each => each.type === 'rotation')
  }

  /** Uses beyond what an invitation allows are dropped without an error: the peers that synced them need not know. */
  #addUse(checked: CheckedUse, now: number): boolean {
    const { invitation = '', invited } = checked.proof
    if (endOfProof(checked.proof) <= now) return false
    const uses = this.#uses.get(invitation) ?? new Set()
    if (uses.size >= (invited?.uses ?? 0) + MAX_SURPLUS_USES) return false
    if (this.#isFull() && !this.#makeRoom(uses.size, now)) return false
    this.#uses.set(invitation, uses.add(checked.id))
    this.#known.set(checked.id, checked)
    return true
  }

  /**
   * Drops the uses that have expired, or else the last one of the invitation with the most.
   * @param size of the invitation that needs room @returns whether there is room
   */
  #makeRoom(size: number, now: number): boolean {
    const before = this.#known.size
    for (const each of this.#known.values()) if (each.type === 'use' && endOfProof(each.proof) <= now) this.#drop(each)
    if (this.#known.size < before) return true
    const most = [...this.#uses.values()].reduce((a, b) => (b.size > a.size ? b : a))
    if (most.size <= size + 1) return false
    this.#drop(this.#known.get([...most].at(-1) ?? '') as CheckedUse)
    return true
  }

  #drop({ id, proof: { invitation = '' } }: CheckedUse): void {
    this.#known.delete(id)
    const uses = this.#uses.get(invitation)
    uses?.delete(id)
    if (uses?.size === 0) this.#uses.delete(invitation)
  }

  #isFull(): boolean {
    return this.#known.size >= MAX_USES_KNOWN && this.#count('use') >= MAX_USES_KNOWN
  }

  #count(type: CheckedEntry['type']): number {
    return [...this.#known.values()].filter(each => each.type === type).length
  }

  /** @returns whether it is one of the newest; older ones are dropped */
  #keepNewest({ id }: CheckedEntry): boolean {
    const rotations = this.#rotations().sort((a, b) => b.decision.value.generation - a.decision.value.generation)
    for (const each of rotations.slice(MAX_ROTATIONS)) this.#known.delete(each.id)
    return this.#known.has(id)
  }
}
