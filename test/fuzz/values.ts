/** Values that the daemon under test knows: its runs, digests and peers, and signed messages. */
import * as fc from 'fast-check'
import type { Schema } from '../../protocols/codec.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope, type Signer, type Subject, seal } from '../../protocols/envelope.ts'
import * as fields from '../../protocols/fields.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import { proofBytes } from '../../protocols/membership.ts'
import { type Known, valuesOf } from './messages.ts'
import type { World } from './world.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** Half of the values are known to the daemon, the others only fit the schema. */
export function knownOf(world: World, subjects: Subject<any>[], runs = [world.live, world.ended]): Known {
  const { target, member, stranger } = world
  const peers = [target.parts.identity.peer, member.parts.identity.peer, stranger.peer]
  const record = target.parts.coordinator.driver(world.live)?.run.record
  const known: Known = new Map()
  const mixed = (schema: unknown, values: unknown[]) =>
    known.set(schema, fc.oneof(fc.constantFrom(...values), valuesOf(schema as Schema)))
  mixed(fields.runId, runs)
  known.set(fields.peerId, fc.oneof(fc.constantFrom(...peers), key.map(peerIdOf)))
  mixed(fields.digest, [record?.manifest, digestOf(new Uint8Array()), world.staged.digest])
  mixed(proofBytes, [member.parts.authority.ownProofBytes])
  if (subjects.length > 0) known.set(envelope, sealedOf(world, subjects, new Map(known)))
  return known
}

/** Messages signed by the member or a stranger; some are changed afterwards. */
function sealedOf(world: World, subjects: Subject<any>[], known: Known): fc.Arbitrary<Envelope> {
  const signers: Signer[] = [world.member.parts.identity, world.stranger]
  const bySubject = subjects.map(subject =>
    fc
      .tuple(valuesOf(subject.schema, known), fc.constantFrom(...signers), fc.constantFrom(...signers), fc.nat(9))
      .map(([value, signer, other, luck]) => {
        const sealed = seal(subject, value, signer)
        if (luck === 0) return { ...sealed, by: other.peer }
        return luck === 1 ? { ...sealed, body: encode([value]) } : sealed
      })
  )
  return fc.oneof(...bySubject)
}
