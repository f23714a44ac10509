/**
 * Checks proofs of membership. No link may last longer than the proof of its signer, so a chain is valid exactly as long as its
 * first link. All but the time is checked once for the same bytes.
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
  MAX_PROOF_BYTES,
  membershipSubject,
  type Role
} from './membership.ts'

/** The contents of a proof whose signatures are checked. */
export interface Proof {
  peer: string
  role: Role
  /** Ms since 1970. */
  issued: number
  expires: number
  /** The invitation by which the peer came. */
  invitation?: string
  /** The invitation's name. */
  name?: string
  /** The invitation itself, where the peer still shows it. */
  invited?: Invitation & { by: string }
  /** The admins of the chain, the nearest first, the founder last. */
  issuers: string[]
  /** The invitations by which the peer and its issuers came. */
  invitations: string[]
  /** The chain, to append to further proofs. */
  links: Link[]
  bytes: Uint8Array
}

const cache = new Map<string, Proof>()
const MAX_CACHED = 4096

/**
 * Checks everything but the time. Valid proofs are cached, as peers show the same ones repeatedly.
 *
 * @throws {BakError} `not-allowed`, `bad-signature` or `bad-message`, saying what is wrong
 */
export function checkProof(mesh: string, bytes: Uint8Array): Proof {
  const digest = `${mesh} ${digestOf(bytes)}`
  const known = cache.get(digest)
  if (known != null) return known
  const proof = readProof(mesh, bytes)
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
  cache.set(digest, proof)
  return proof
}

type Step = Omit<Proof, 'issuers' | 'invitations' | 'links' | 'bytes'> & { by: string }

function readProof(mesh: string, bytes: Uint8Array): Proof {
  if (bytes.length > MAX_PROOF_BYTES) throw new BakError('bad-message', `a proof of ${bytes.length} bytes is too large`)
  const chain = decode(links, bytes)
  const steps = chain.map(each => readLink(mesh, each))
  for (const [i, step] of steps.entries()) {
    const issuer = steps[i + 1]
    if (issuer == null) {
      if (step.by !== mesh) throw new BakError('not-allowed', `${step.by} signed it, and is not proven to be an admin`)
      break
    }
    if (issuer.peer !== step.by)
      throw new BakError('not-allowed', `${step.by} signed it, but the next link is of ${issuer.peer}`)
    if (issuer.role !== 'admin')
      throw new BakError('not-allowed', `${step.by} signed it, which is no admin but ${issuer.role}`)
    if (step.expires > issuer.expires)
      throw new BakError('not-allowed', `${step.by} signed it for longer than its own proof lasts`)
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
  const accepted = open(acceptanceSubject, each.acceptance)
  if (accepted.by !== value.id) throw new BakError('not-allowed', 'the invitation was not accepted with its own key')
  const { role, issued, expires, id, name } = value
  return { by, peer: accepted.value.peer, role, issued, expires, invitation: id, name, invited: { ...value, by } }
}

function refuseOther(mesh: string, named: string): void {
  if (named !== mesh) throw new OtherMesh(named)
}

/** The proof is of another mesh, where it may be valid. */
export class OtherMesh extends BakError {
  constructor(mesh: string) {
    super('not-allowed', `it is a proof of mesh ${mesh}`)
  }
}

/** Clock difference of two peers that is tolerated, ms: a tenth of the proof's lifetime, at most a minute. */
export const skewOf = ({ issued, expires }: { issued: number; expires: number }): number =>
  Math.min(60_000, Math.max(0, expires - issued) / 10)

/** @returns when a proof ends for all peers, ms since 1970: clock differences are allowed for */
export const endOfProof = (proof: { issued: number; expires: number }): number => proof.expires + skewOf(proof)
