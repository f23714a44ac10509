/** The life of one attempt: it ends with its signal, or as soon as there is a direct connection to the peer. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import { isRelayed } from '../reachability/addresses.ts'

export class Scope {
  readonly signal: AbortSignal
  /** Resolves when there is one, or nothing more is to come. */
  readonly found: Promise<void>
  readonly #events: TypedEventTarget<Libp2pEvents>
  readonly #over = new AbortController()
  readonly #peer: string
  readonly #onFound: (connection: Connection) => void
  readonly #ends: Array<() => void> = []
  #isFound = false
  #isOver = false

  constructor(
    events: TypedEventTarget<Libp2pEvents>,
    peer: string,
    signal: AbortSignal,
    onFound: (connection: Connection) => void
  ) {
    this.#events = events
    this.#peer = peer
    this.#onFound = onFound
    this.signal = AbortSignal.any([signal, this.#over.signal])
    this.found = new Promise(resolve => {
      this.signal.addEventListener('abort', () => resolve(), { once: true })
      if (this.signal.aborted) resolve()
    })
    events.addEventListener('connection:open', this.#onOpen)
  }

  get isFound(): boolean {
    return this.#isFound
  }

  /** Called once when it is over; at once if it is. */
  atEnd(act: () => void): void {
    if (this.#isOver) act()
    else this.#ends.push(act)
  }

  end(): void {
    this.#isOver = true
    this.#events.removeEventListener('connection:open', this.#onOpen)
    this.#over.abort(new BakError('interrupted', 'the attempt is over'))
    for (const act of this.#ends.splice(0)) act()
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.remotePeer.toString() !== this.#peer || isRelayed(detail.remoteAddr)) return
    this.#isFound = true
    this.#onFound(detail)
    // whoever made it may just be about to hear of it
    setImmediate(() => this.#over.abort(new BakError('interrupted', 'there is a direct connection')))
  }
}
