/** Closes the connections of peers that are no longer admitted, as soon as that is known or their proof has run out. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Refusal } from '../../../protocols/admission.ts'
import { BakError } from '../../../protocols/errors.ts'
import { hangUp, hangUpOn } from '../libp2p/hang-up.ts'
import type { Authority } from './authority.ts'

/** Longest delay that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** Changes within this time are checked together: many come at once in a sync. */
const CHECK_DELAY_MS = 50
/** A revoked peer stays connected this long, so that the revocation reaches it. */
const REVOKED_CLOSE_DELAY_MS = 200

export interface MembershipEnforcerComponents {
  authority: Authority
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
}

export class MembershipEnforcer {
  readonly #components: MembershipEnforcerComponents
  readonly #onAdmitted: () => void
  #timer: NodeJS.Timeout | undefined
  /** When the proofs are checked next, ms since 1970. */
  #nextCheck = Number.POSITIVE_INFINITY

  /** @param init.onAdmitted called when another peer admitted this one */
  constructor(components: MembershipEnforcerComponents, init: { onAdmitted(): void }) {
    this.#components = components
    this.#onAdmitted = init.onAdmitted
  }

  start(): void {
    const { authority, events } = this.#components
    events.addEventListener('connection:open', this.#onConnection)
    authority.addEventListener('change', this.#onChange)
    authority.addEventListener('refused', this.#onRefused)
    this.#check()
  }

  stop(): void {
    const { authority, events } = this.#components
    events.removeEventListener('connection:open', this.#onConnection)
    authority.removeEventListener('change', this.#onChange)
    authority.removeEventListener('refused', this.#onRefused)
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
    this.#checkAt(this.#components.authority.removeRefused(Date.now()) + 1)
  }

  readonly #onRefused = ({ detail: { peer, refusal } }: CustomEvent<{ peer: string; refusal: Refusal }>): void => {
    const close = () => hangUp(this.#components.connectionManager, peer, new BakError('not-allowed', refusal.reason))
    if (refusal.code === 'revoked') setTimeout(close, REVOKED_CLOSE_DELAY_MS).unref()
    else close()
  }

  /** A peer may have been revoked between its proof and its connection. */
  readonly #onConnection = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (this.#components.authority.roleOf(peer) == null)
      hangUpOn(detail, new BakError('not-allowed', `${peer} is not admitted`))
    else this.#onAdmitted()
  }
}
