/** Checks the observations that another peer offers of its port. Pure. */
import type { Envelope } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Endpoint, openProof } from '../../../protocols/observe.ts'
import type { Members } from '../membership/members.ts'

/**
 * @returns the public endpoints of a peer's port, as relays observed them
 * @throws {BakError} `not-allowed` for an observer that is no relay, `bad-signature`, `bad-message`
 */
export function verifyEndpoints(
  proofs: Envelope[],
  peer: string,
  self: string,
  members: Pick<Members, 'get'>
): Endpoint[] {
  return proofs.map(proof => {
    const { by, endpoint } = openProof(proof, peer)
    if (by === self || members.get(by)?.relay === true) return endpoint
    throw new BakError('not-allowed', `${by} is no relay, so it cannot have observed a port`)
  })
}
