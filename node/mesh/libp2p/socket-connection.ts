/** A socket that came about without libp2p's transport, as libp2p's upgrader takes it: what @libp2p/tcp has, and does not export. */
import type { Socket } from 'node:net'
import type { AbortOptions, Logger, MessageStreamDirection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface SocketConnectionInit {
  socket: Socket
  remoteAddr: Multiaddr
  direction: MessageStreamDirection
  log: Logger
}

export class SocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket

  constructor({ socket, ...init }: SocketConnectionInit) {
    super(init)
    this.#socket = socket
    // a silent connection is the connection monitor's matter
    socket.setTimeout(0)
    socket.on('data', data => this.onData(data as Uint8Array))
    socket.on('error', error => this.abort(error))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.once('end', () => this.onTransportClosed())
    socket.once('close', failed => (failed ? this.abort(new Error('the socket broke')) : this.onTransportClosed()))
  }

  sendData(data: Uint8ArrayList): SendResult {
    let sentBytes = 0
    let canSendMore = true
    // in one go: each write by itself is a call of the system
    this.#socket.cork()
    for (const part of data) {
      sentBytes += part.byteLength
      canSendMore = this.#socket.write(part)
      if (!canSendMore) break
    }
    this.#socket.uncork()
    return { sentBytes, canSendMore }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = new Promise<void>((resolve, reject) => {
      this.#socket.once('close', () => resolve())
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true })
    })
    this.#socket.destroySoon()
    await closed
  }

  sendReset(): void {
    // an orderly end that has begun and a reset do not mix
    if (this.#socket.writableEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }
}
