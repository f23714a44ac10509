/** What libp2p's muxer reads and writes once the socket of a connection is TLS: the data by TLS, the life by the connection. */
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { type AbortOptions, type StreamCloseEvent, TimeoutError } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { type SocketOwner, writeParts } from './socket-owner.ts'

export class TlsStream extends AbstractMessageStream {
  readonly #tls: TLSSocket
  readonly #owner: SocketOwner

  /** @param owner is closed and reset through TLS from now on, and ends when TLS does */
  constructor(tls: TLSSocket, owner: SocketOwner) {
    const { log, direction, inactivityTimeout, maxReadBufferLength } = owner
    super({ log, direction, inactivityTimeout, maxReadBufferLength })
    this.#tls = tls
    this.#owner = owner
    owner.sendClose = options => this.#end(options)
    owner.sendReset = () => this.#reset()
    moveTimer(owner, tls)
    owner.socket.removeAllListeners('drain')
    tls.on('data', (bytes: Buffer) => this.onData(bytes))
    tls.on('drain', () => this.safeDispatchEvent('drain'))
    tls.on('error', error => owner.abort(error))
    // the only word of a record that fails at the server's side
    tls.on('_tlsError', error => owner.abort(error))
    tls.once('end', () => owner.onTransportClosed())
    owner.addEventListener('close', ({ error, local }: StreamCloseEvent) => {
      if (error == null) this.onTransportClosed()
      else if (local === true) this.abort(error)
      else this.onRemoteReset()
    })
  }

  sendData(data: Uint8ArrayList): SendResult {
    return writeParts(this.#tls, data)
  }

  close(options?: AbortOptions): Promise<void> {
    return this.#owner.close(options)
  }

  sendReset(error: Error): void {
    this.#owner.abort(error)
  }

  sendPause(): void {
    this.#tls.pause()
  }

  sendResume(): void {
    this.#tls.resume()
  }

  /** Sends what was written, says in TLS that no more comes, and waits until the socket is closed. */
  async #end({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#tls.closed) return
    const closed = once(this.#tls, 'close', { signal })
    if (this.writeBufferLength > 0) await once(this, 'idle', { signal })
    this.#tls.destroySoon()
    await closed
  }

  /** The other side is told by a reset of TCP, and does not take it for an orderly end. */
  #reset(): void {
    const { socket } = this.#owner
    // an orderly end that has begun and a reset do not mix
    if (this.#tls.writableEnded) this.#tls.destroy()
    else socket.resetAndDestroy()
  }
}

/** The timer of the plain socket sees no traffic any more. */
function moveTimer(owner: SocketOwner, tls: TLSSocket): void {
  const inactivity = owner.socket.timeout ?? 0
  owner.socket.setTimeout(0)
  tls.setTimeout(inactivity, () => owner.abort(new TimeoutError('nothing was sent or received for too long')))
}
