/**
 * A connection over a socket that libp2p's transport did not make, such as a punched one, as libp2p's upgrader takes it. @libp2p/tcp has
 * such a class, and does not export it.
 */
import type { Socket } from 'node:net'
import type { AbortOptions, Logger, MessageStreamDirection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import { writeParts } from './socket-owner.ts'

export class SocketConnection extends AbstractMultiaddrConnection {
  /** By the name that @libp2p/tcp gives it, see `socket-owner.ts`. */
  readonly socket: Socket

  constructor({
    socket,
    ...init
  }: { socket: Socket; remoteAddr: Multiaddr; direction: MessageStreamDirection; log: Logger }) {
    super(init)
    this.socket = socket
    // the connection monitor ends silent connections
    socket.setTimeout(0)
    socket.on('data', data => this.onData(data as Uint8Array))
    socket.on('error', error => this.abort(error))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.once('end', () => this.onTransportClosed())
    socket.once('close', failed => (failed ? this.abort(new Error('the socket failed')) : this.onTransportClosed()))
  }

  sendData(data: Uint8ArrayList): SendResult {
    return writeParts(this.socket, data)
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    if (this.socket.destroyed) return
    const closed = new Promise<void>((resolve, reject) => {
      this.socket.once('close', () => resolve())
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
    })
    this.socket.destroySoon()
    await closed
  }

  sendReset(): void {
    // an orderly end that has begun and a reset do not mix
    if (this.socket.writableEnded) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  sendPause(): void {
    this.socket.pause()
  }

  sendResume(): void {
    this.socket.resume()
  }
}
