import type { Envelope } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Endpoint, openProof } from '../../../protocols/observe.ts'
import type { Members } from '../membership/members.ts'

/**
 * @returns what a peer's port looks like from outside
 * @throws {BakError} `not-allowed` for what somebody saw who does not relay, `bad-signature`, `bad-message`
 */
export function seenOf(proofs: Envelope[], peer: string, self: string, members: Pick<Members, 'get'>): Endpoint[] {
  return proofs.map(proof => {
    const { by, endpoint } = openProof(proof, peer)
    if (by === self || members.get(by)?.relay === true) return endpoint
    throw new BakError('not-allowed', `${by} does not relay, and can have seen nobody`)
  })
}
