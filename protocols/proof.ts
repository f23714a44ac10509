/**
 * Whether a proof proves what it says. Nothing in it is ever good for longer than the proof of who signed it, so a chain
 * is valid exactly as long as its first link. Everything here but the time is decided once for the same bytes.
 */
import { decode } from './codec.ts'
import { digestOf } from './digest.ts'
import { open } from './envelope.ts'
import { BakError } from './errors.ts'
import {
  acceptanceSubject,
  type Invitation,
  invitationSubject,
  type Link,
  links,
  MAX_PROOF,
  membershipSubject,
  type Role
} from './membership.ts'

/** What a proof says, its signatures found good. */
export interface Proof {
  peer: string
  role: Role
  /** Ms since 1970. */
  issued: number
  expires: number
  /** The invitation by which the peer came. */
  invitation?: string
  /** What it is called. */
  name?: string
  /** The invitation itself, where the peer still shows it. */
  invited?: Invitation & { by: string }
  /** The admins that the chain hangs on, nearest first; the founder is the last. */
  issuers: string[]
  /** Every invitation by which the peer or one of the issuers came. */
  invitations: string[]
  /** The chain, to hang further links on. */
  links: Link[]
  bytes: Uint8Array
}

const checked = new Map<string, Proof>()
const MAX_CHECKED = 4096

/**
 * Checks everything but the time; proofs that were found good are remembered, as many peers show the same one again and
 * again.
 *
 * @throws {BakError} `not-allowed`, `bad-signature` or `bad-message`, saying what is wrong
 */
export function checkProof(mesh: string, bytes: Uint8Array): Proof {
  const digest = `${mesh} ${digestOf(bytes)}`
  const known = checked.get(digest)
  if (known != null) return known
  const proof = readProof(mesh, bytes)
  if (checked.size >= MAX_CHECKED) checked.delete(checked.keys().next().value as string)
  checked.set(digest, proof)
  return proof
}

interface Step {
  by: string
  peer: string
  role: Role
  issued: number
  expires: number
  invitation?: string
  name?: string
  invited?: Proof['invited']
}

function readProof(mesh: string, bytes: Uint8Array): Proof {
  if (bytes.length > MAX_PROOF) throw new BakError('bad-message', `a proof of ${bytes.length} bytes is too large`)
  const chain = decode(links, bytes)
  const steps = chain.map(each => readLink(mesh, each))
  for (const [i, step] of steps.entries()) {
    const issuer = steps[i + 1]
    if (issuer == null) {
      if (step.by !== mesh) throw new BakError('not-allowed', `${step.by} signed it, and does not prove to be an admin`)
      break
    }
    if (issuer.peer !== step.by) throw new BakError('not-allowed', `${step.by} signed what ${issuer.peer} vouches for`)
    if (issuer.role !== 'admin')
      throw new BakError('not-allowed', `${step.by} signed it, who is no admin but ${issuer.role}`)
    if (step.expires > issuer.expires) throw new BakError('not-allowed', `${step.by} signed it for longer than it may`)
  }
  const [{ by: _, ...leaf }] = steps as [Step]
  return {
    ...leaf,
    issuers: steps.map(({ by }) => by),
    invitations: steps.map(({ invitation }) => invitation).filter(id => id != null),
    links: chain,
    bytes
  }
}

function readLink(mesh: string, each: Link): Step {
  if ('membership' in each) {
    const { by, value } = open(membershipSubject, each.membership)
    refuseOther(mesh, value.mesh)
    const { peer, role, issued, expires, invitation, name } = value
    return { by, peer, role, issued, expires, invitation, name }
  }
  const { by, value } = open(invitationSubject, each.invitation)
  refuseOther(mesh, value.mesh)
  const taken = open(acceptanceSubject, each.acceptance)
  if (taken.by !== value.id) throw new BakError('not-allowed', 'the invitation was not accepted with its own key')
  const { role, issued, expires, id, name } = value
  return { by, peer: taken.value.peer, role, issued, expires, invitation: id, name, invited: { ...value, by } }
}

function refuseOther(mesh: string, named: string): void {
  if (named !== mesh) throw new OtherMesh(named)
}

/** A proof that may be good, of another mesh. */
export class OtherMesh extends BakError {
  constructor(mesh: string) {
    super('not-allowed', `it is a proof of mesh ${mesh}`)
  }
}

/** How far the clocks of two peers may be apart without harm: a tenth of a proof's life, at most a minute. */
export const skewOf = ({ issued, expires }: { issued: number; expires: number }): number =>
  Math.min(60_000, Math.max(0, expires - issued) / 10)

/** @returns when a proof is good for nobody any more, ms since 1970, with allowance for a clock that is a little ahead */
export const endOfProof = (proof: { issued: number; expires: number }): number => proof.expires + skewOf(proof)
