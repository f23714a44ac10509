/**
 * What the mesh has decided, as far as this peer has heard: revocations, rotations of the secret, and uses of invitations that
 * can be used so many times only. Everything in here was checked. Knows nothing of networks or disks.
 */
import { type Envelope, open, type Subject } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { checkProof, endOfProof, type Proof } from '../../../protocols/proof.ts'
import {
  type Fact,
  factId,
  MAX_REVOCATIONS,
  MAX_ROTATIONS,
  MAX_USES_KNOWN,
  type Revocation,
  type Rotation,
  revocationSubject,
  rotationSubject
} from '../../../protocols/trust.ts'
import type { MeshSecret } from './mesh-secret.ts'
import { type Decision, hitBy, type Revoked } from './revoked.ts'

/** A fact whose signatures were found good. */
export type Checked = { fact: Fact; id: string } & (
  | { type: 'revocation'; decision: Decision<Revocation> }
  | { type: 'rotation'; decision: Decision<Rotation> }
  | { type: 'use'; proof: Proof }
)

/** @throws {BakError} `not-allowed`, `bad-signature`, `bad-message`; the time plays no part */
export function checkFact(mesh: string, fact: Fact): Checked {
  const id = factId(fact)
  if (fact.type === 'use') {
    const proof = checkProof(mesh, fact.proof)
    if (proof.invited?.uses == null) throw new BakError('not-allowed', 'a use of what can be used at any number')
    return { fact, id, type: 'use', proof }
  }
  if (fact.type === 'rotation') {
    return { fact, id, type: 'rotation', decision: openDecision(mesh, rotationSubject, fact, ({ issued }) => issued) }
  }
  const decision = openDecision(mesh, revocationSubject, fact, ({ at }) => at)
  if (decision.value.target === mesh) throw new BakError('not-allowed', `${decision.by} revoked the founder`)
  return { fact, id, type: 'revocation', decision }
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
    throw new BakError('not-allowed', `a ${subject.name} signed by ${by}, who does not prove to be an admin`)
  }
  // it stays good after the proof has run out, but nobody decides with one that has
  if (timeOf(value) > proof.expires) throw new BakError('not-allowed', `${by} was no admin any more when it signed`)
  return { by, value, proof }
}

export class TrustLog {
  readonly #known = new Map<string, Checked>()

  has(id: string): boolean {
    return this.#known.has(id)
  }

  /** @returns whether it was news; @throws {BakError} `busy` when there are too many of its kind */
  add(checked: Checked, now: number): boolean {
    if (this.#known.has(checked.id)) return false
    if (checked.type === 'use' && endOfProof(checked.proof) <= now) return false
    this.#makeRoom(checked, now)
    this.#known.set(checked.id, checked)
    return !(checked.type === 'rotation') || this.#keepNewest(checked)
  }

  ids(): string[] {
    return [...this.#known.keys()]
  }

  get(id: string): Fact | undefined {
    return this.#known.get(id)?.fact
  }

  all(): Fact[] {
    return [...this.#known.values()].map(({ fact }) => fact)
  }

  /** @returns the secrets of tickets, and of rotations but those whose admin had been revoked by then; newest first */
  secrets(base: MeshSecret[], revoked: Revoked): MeshSecret[] {
    const turned = this.#rotations()
      .filter(({ proof, value }) => !((hitBy(revoked, proof)?.value.at ?? Number.POSITIVE_INFINITY) <= value.issued))
      .map(({ value }) => ({ generation: value.generation, value: value.secret, ends: value.until }))
    const all = new Map([...base, ...turned].map(each => [each.generation, each]))
    return [...all.values()].sort((a, b) => b.generation - a.generation).slice(0, MAX_ROTATIONS)
  }

  #rotations(): Decision<Rotation>[] {
    // the same order everywhere: of two that took the same number the same one counts
    const all = [...this.#known.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    return all.flatMap(each => (each.type === 'rotation' ? [each.decision] : []))
  }

  #makeRoom({ type }: Checked, now: number): void {
    if (type === 'rotation') return
    const most = type === 'use' ? MAX_USES_KNOWN : MAX_REVOCATIONS
    const alike = [...this.#known.values()].filter(each => each.type === type)
    if (alike.length < most) return
    for (const each of alike) {
      if (each.type === 'use' && endOfProof(each.proof) <= now) this.#known.delete(each.id)
    }
    if (alike.every(({ id }) => this.#known.has(id)))
      throw new BakError('busy', `there are ${most} facts of type ${type}`)
  }

  /** @returns whether it is among the newest */
  #keepNewest({ id }: Checked): boolean {
    const rotations = [...this.#known.values()].flatMap(each => (each.type === 'rotation' ? [each] : []))
    rotations.sort((a, b) => b.decision.value.generation - a.decision.value.generation)
    for (const each of rotations.slice(MAX_ROTATIONS)) this.#known.delete(each.id)
    return this.#known.has(id)
  }
}
