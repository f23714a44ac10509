/** Closes the connections of who is not let in any more, as soon as that is known or its proof has run out. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Refusal } from '../../../protocols/admission.ts'
import { BakError } from '../../../protocols/errors.ts'
import { hangUp, hangUpOn } from '../libp2p/hang-up.ts'
import type { Authority } from './authority.ts'

/** Longest wait that a timer of Node takes, ms. */
const MAX_WAIT = 2 ** 31 - 1
/** After a change the roll is looked through once, with what else changes by then, ms. */
const SETTLE = 50
/** A revoked peer may first hear of it, ms. */
const FAREWELL = 200

export interface MembershipEnforcerComponents {
  authority: Authority
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
}

export class MembershipEnforcer {
  readonly #components: MembershipEnforcerComponents
  readonly #onAdmitted: () => void
  #timer: NodeJS.Timeout | undefined
  /** When the roll is looked through next, ms since 1970. */
  #next = Number.POSITIVE_INFINITY

  /** @param init.onAdmitted another peer has let this one in */
  constructor(components: MembershipEnforcerComponents, init: { onAdmitted(): void }) {
    this.#components = components
    this.#onAdmitted = init.onAdmitted
  }

  start(): void {
    const { authority, events } = this.#components
    events.addEventListener('connection:open', this.#onConnection)
    authority.addEventListener('change', this.#onChange)
    authority.addEventListener('refused', this.#onRefused)
    this.#look()
  }

  stop(): void {
    const { authority, events } = this.#components
    events.removeEventListener('connection:open', this.#onConnection)
    authority.removeEventListener('change', this.#onChange)
    authority.removeEventListener('refused', this.#onRefused)
    clearTimeout(this.#timer)
  }

  readonly #onChange = (): void => this.#lookAt(Date.now() + SETTLE)

  /** An earlier look that is planned stays. */
  #lookAt(time: number): void {
    if (time >= this.#next) return
    clearTimeout(this.#timer)
    this.#next = time
    this.#timer = setTimeout(() => this.#look(), Math.min(MAX_WAIT, Math.max(0, time - Date.now()))).unref()
  }

  #look(): void {
    this.#next = Number.POSITIVE_INFINITY
    this.#lookAt(this.#components.authority.sweep(Date.now()) + 1)
  }

  readonly #onRefused = ({ detail: { peer, refusal } }: CustomEvent<{ peer: string; refusal: Refusal }>): void => {
    const close = () => hangUp(this.#components.connectionManager, peer, new BakError('not-allowed', refusal.reason))
    if (refusal.code === 'revoked') setTimeout(close, FAREWELL).unref()
    else close()
  }

  /** Between its proof and its connection a peer may have been revoked. */
  readonly #onConnection = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (this.#components.authority.roleOf(peer) == null)
      hangUpOn(detail, new BakError('not-allowed', `${peer} is not let in`))
    else this.#onAdmitted()
  }
}
