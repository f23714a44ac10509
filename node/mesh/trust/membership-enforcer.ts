/** Closes the connections of peers that are no longer admitted, as soon as that is known or their proof has run out. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Refusal } from '../../../protocols/admission.ts'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { BakError } from '../../../protocols/errors.ts'
import { listen } from '../../listen.ts'
import { Part } from '../../part.ts'
import { hangUp, hangUpOn } from '../libp2p/hang-up.ts'
import type { Authority, AuthorityEvents } from './authority.ts'

/** Changes within this time are checked together: many come at once in a sync. */
const CHECK_DELAY_MS = 50
/** A revoked peer stays connected this long, so that the revocation reaches it. */
const REVOKED_CLOSE_DELAY_MS = 200

export class MembershipEnforcer extends Part<
  { authority: Authority; connectionManager: ConnectionManager; events: TypedEventTarget<Libp2pEvents> },
  { onAdmitted(): void }
> {
  #timer: NodeJS.Timeout | undefined
  /** When the proofs are checked next, ms since 1970. */
  #nextCheck = Number.POSITIVE_INFINITY

  start(): void {
    const { authority, events } = this.components
    listen<Libp2pEvents>(events, this.stopped, { 'connection:open': this.#onConnection })
    listen<AuthorityEvents>(authority, this.stopped, { change: this.#onChange, refused: this.#onRefused })
    this.#check()
  }

  override stop(): void {
    super.stop()
    clearTimeout(this.#timer)
  }

  readonly #onChange = (): void => this.#checkAt(Date.now() + CHECK_DELAY_MS)

  /** An earlier check that is planned stays. */
  #checkAt(time: number): void {
    if (time >= this.#nextCheck) return
    clearTimeout(this.#timer)
    this.#nextCheck = time
    this.#timer = setTimeout(() => this.#check(), Math.min(MAX_TIMER_MS, Math.max(0, time - Date.now()))).unref()
  }

  #check(): void {
    this.#nextCheck = Number.POSITIVE_INFINITY
    this.#checkAt(this.components.authority.removeRefused(Date.now()) + 1)
  }

  readonly #onRefused = ({ detail: { peer, refusal } }: CustomEvent<{ peer: string; refusal: Refusal }>): void => {
    const close = () => hangUp(this.components.connectionManager, peer, new BakError('not-allowed', refusal.reason))
    if (refusal.code === 'revoked') setTimeout(close, REVOKED_CLOSE_DELAY_MS).unref()
    else close()
  }

  /** A peer may have been revoked between its proof and its connection. */
  readonly #onConnection = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (this.components.authority.roleOf(peer) == null)
      hangUpOn(detail, new BakError('not-allowed', `${peer} is not admitted`))
    else this.init.onAdmitted()
  }
}
