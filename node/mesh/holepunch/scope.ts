/** The lifetime of one attempt: it ends with its signal, or as soon as there is a direct connection to the peer. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import { isRelayed } from '../reachability/addresses.ts'

export class AttemptScope {
  readonly signal: AbortSignal
  /** Resolves when there is a direct connection, or the attempt has ended. */
  readonly settled: Promise<void>
  readonly #events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener' | 'removeEventListener'>
  readonly #abort = new AbortController()
  readonly #peer: string
  readonly #onConnected: (connection: Connection) => void
  readonly #ends: Array<() => void> = []
  #isConnected = false
  #hasEnded = false

  constructor(
    events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener' | 'removeEventListener'>,
    peer: string,
    signal: AbortSignal,
    onConnected: (connection: Connection) => void
  ) {
    this.#events = events
    this.#peer = peer
    this.#onConnected = onConnected
    this.signal = AbortSignal.any([signal, this.#abort.signal])
    this.settled = new Promise(resolve => {
      this.signal.addEventListener('abort', () => resolve(), { once: true })
      if (this.signal.aborted) resolve()
    })
    events.addEventListener('connection:open', this.#onOpen)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Calls `act` once at the end of the attempt; at once if it has ended. */
  onEnd(act: () => void): void {
    if (this.#hasEnded) act()
    else this.#ends.push(act)
  }

  end(): void {
    this.#hasEnded = true
    this.#events.removeEventListener('connection:open', this.#onOpen)
    this.#abort.abort(new BakError('interrupted', 'the attempt has ended'))
    for (const act of this.#ends.splice(0)) act()
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.remotePeer.toString() !== this.#peer || isRelayed(detail.remoteAddr)) return
    this.#isConnected = true
    this.#onConnected(detail)
    // the code that made the connection must get it before the signal aborts
    setImmediate(() => this.#abort.abort(new BakError('interrupted', 'there is a direct connection')))
  }
}
