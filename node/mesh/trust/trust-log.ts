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

export class TrustLog {
  readonly #known = new Map<string, CheckedEntry>()

  has(id: string): boolean {
    return this.#known.has(id)
  }

  /** @returns whether it was unknown; @throws {BakError} `busy` when there are too many of its type */
  add(checked: CheckedEntry, now: number): boolean {
    if (this.#known.has(checked.id)) return false
    if (checked.type === 'use' && endOfProof(checked.proof) <= now) return false
    this.#makeRoom(checked, now)
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

  #makeRoom({ type }: CheckedEntry, now: number): void {
    if (type === 'rotation') return
    const most = type === 'use' ? MAX_USES_KNOWN : MAX_REVOCATIONS
    const sameType = [...this.#known.values()].filter(each => each.type === type)
    if (sameType.length < most) return
    for (const each of sameType) {
      if (each.type === 'use' && endOfProof(each.proof) <= now) this.#known.delete(each.id)
    }
    if (sameType.every(({ id }) => this.#known.has(id)))
      throw new BakError('busy', `there are ${most} entries of type ${type}`)
  }

  /** @returns whether it is one of the newest; older ones are dropped */
  #keepNewest({ id }: CheckedEntry): boolean {
    const rotations = this.#rotations().sort((a, b) => b.decision.value.generation - a.decision.value.generation)
    for (const each of rotations.slice(MAX_ROTATIONS)) this.#known.delete(each.id)
    return this.#known.has(id)
  }
}
