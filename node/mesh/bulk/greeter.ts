/**
 * Stands before libp2p's TCP listeners and sees how each connection begins: who says hello as TLS does wants a bulk connection,
 * all others are libp2p's. So both come in on one port.
 */
import type { Server, Socket } from 'node:net'
import type { AbortOptions, CreateListenerOptions, Listener, Transport } from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { BakError } from '../../../protocols/errors.ts'
import type { ConnectionGater } from '../limits/connection-gater.ts'
import { originOf } from '../limits/origin.ts'

/** Of a record of a handshake of TLS; a multistream begins with the length of its name, 0x13. */
const TLS_HANDSHAKE = 0x16
/** Who has not said a word by then is cut off, ms. */
const PATIENCE = 10_000

/** A connection that has shown nothing yet. */
class Knock extends EventTarget {
  readonly remoteAddr: Multiaddr
  readonly socket: Socket
  readonly #timer: NodeJS.Timeout
  readonly #onClose = () => {
    clearTimeout(this.#timer)
    this.dispatchEvent(new Event('close'))
  }
  readonly #onError = () => {}

  constructor(socket: Socket) {
    super()
    this.socket = socket
    this.remoteAddr = ipPortToMultiaddr(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    this.#timer = setTimeout(() => this.abort(), PATIENCE).unref()
    socket.once('close', this.#onClose)
    socket.on('error', this.#onError)
  }

  abort(_why?: Error): void {
    this.socket.destroy()
  }

  /** Somebody else looks after the socket from now on. */
  leave(): void {
    clearTimeout(this.#timer)
    this.socket.off('close', this.#onClose)
    this.socket.off('error', this.#onError)
  }
}

/** A socket at whose other end somebody may hold a key. */
export interface Arrival {
  socket: Socket
  from: string
  /** It has shown whose it is. */
  letIn(): void
  abort(): void
}

export interface GreeterInit {
  gate: Pick<ConnectionGater, 'begin' | 'forget'>
}

export class Greeter {
  readonly #gate: GreeterInit['gate']
  readonly #knocking = new Set<Knock>()
  /** Gets who wants a bulk connection; without it there are none. */
  onTls: (arrival: Arrival) => Promise<void> = async arrival => arrival.abort()

  constructor({ gate }: GreeterInit) {
    this.#gate = gate
  }

  /** @returns the same transport, whose listeners this stands before */
  before<T extends Transport>(transport: T): T {
    const create = transport.createListener.bind(transport)
    transport.createListener = (options: CreateListenerOptions) => this.#watch(create(options))
    return transport
  }

  #watch(listener: Listener): Listener {
    // the types keep back both the server and that it may be closed in time
    const inside = listener as unknown as { server: Server; close(options?: AbortOptions): Promise<void> }
    const { server } = inside
    const [next] = server.listeners('connection') as Array<(socket: Socket) => void>
    if (next == null) throw new BakError('bug', 'nobody takes the connections of this listener')
    server.removeAllListeners('connection')
    server.on('connection', socket => this.#greet(socket, next))
    const close = inside.close.bind(inside)
    inside.close = async options => {
      const closed = close(options)
      // it waits until every socket is gone, and knows only those that it was given
      for (const knock of this.#knocking) knock.abort()
      await closed
    }
    return listener
  }

  #greet(socket: Socket, next: (socket: Socket) => void): void {
    // it may be gone already
    if (socket.remoteAddress == null) return void socket.destroy()
    const knock = new Knock(socket)
    this.#knocking.add(knock)
    knock.addEventListener('close', () => this.#knocking.delete(knock))
    if (!this.#gate.begin(knock)) return knock.abort()
    const look = () => {
      const first: Buffer | null = socket.read(1)
      if (first == null) return
      socket.off('readable', look)
      socket.unshift(first)
      const letIn = () => {
        this.#gate.forget(knock)
        this.#knocking.delete(knock)
        knock.leave()
      }
      if (first[0] === TLS_HANDSHAKE) {
        return void this.onTls({ socket, from: originOf(knock.remoteAddr), letIn, abort: () => knock.abort() })
      }
      letIn()
      next(socket)
    }
    socket.on('readable', look)
  }
}
