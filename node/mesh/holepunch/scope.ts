/** The lifetime of one attempt: it ends with its signal, or as soon as there is a direct connection to the peer. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import { listen } from '../../listen.ts'
import { onAbort } from '../../wait.ts'
import { isRelayed } from '../reachability/addresses.ts'

export class AttemptScope {
  readonly signal: AbortSignal
  /** Resolves when there is a direct connection, or the attempt has ended. */
  readonly settled: Promise<void>
  readonly #abort = new AbortController()
  readonly #peer: string
  readonly #onConnected: (connection: Connection) => void
  readonly #ends: Array<() => void> = []
  #isConnected = false
  #hasEnded = false

  constructor(
    events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'>,
    peer: string,
    signal: AbortSignal,
    onConnected: (connection: Connection) => void
  ) {
    this.#peer = peer
    this.#onConnected = onConnected
    this.signal = AbortSignal.any([signal, this.#abort.signal])
    this.settled = new Promise(resolve => {
      onAbort(this.signal, resolve)
    })
    listen<Libp2pEvents>(events, this.signal, { 'connection:open': ({ detail }) => this.#onOpen(detail) })
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
    this.#abort.abort(new BakError('interrupted', 'the attempt has ended'))
    for (const act of this.#ends.splice(0)) act()
  }

  #onOpen(connection: Connection): void {
    if (connection.remotePeer.toString() !== this.#peer || isRelayed(connection.remoteAddr)) return
    this.#isConnected = true
    this.#onConnected(connection)
    // the code that made the connection must get it before the signal aborts
    setImmediate(() => this.#abort.abort(new BakError('interrupted', 'there is a direct connection')))
  }
}
