/** The invitations that this peer issued, as they are stored in `trust.json`. */
import { type Envelope, peek } from '../../../protocols/envelope.ts'
import { type Invitation, invitationSubject } from '../../../protocols/membership.ts'

/** Expired invitations are still listed for this long: `bak-node invites` shows who came by them. */
const KEEP_EXPIRED_MS = 30 * 86_400_000

export class IssuedInvitations {
  readonly #sealed: Map<string, Envelope>

  constructor(issued: Envelope[]) {
    this.#sealed = new Map(issued.map(sealed => [peek(invitationSubject, sealed).id, sealed]))
  }

  list(): Invitation[] {
    return this.sealed().map(sealed => peek(invitationSubject, sealed))
  }

  sealed(): Envelope[] {
    return [...this.#sealed.values()]
  }

  /** @param now ms since 1970 */
  add(sealed: Envelope, now: number): void {
    for (const { id, expires } of this.list()) if (expires + KEEP_EXPIRED_MS < now) this.#sealed.delete(id)
    this.#sealed.set(peek(invitationSubject, sealed).id, sealed)
  }
}
