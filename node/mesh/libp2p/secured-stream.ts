/**
 * A stream within another one that Noise has secured. Noise's own message stream has no ends that close by themselves, as it is made
 * for whole connections; this one has, so that an exchange ends as on any stream.
 */
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import { AbstractStream, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

export class SecuredStream extends AbstractStream {
  readonly #secured: MessageStream

  constructor(secured: MessageStream, { id, protocol }: { id: string; protocol: string }) {
    const { log, direction } = secured
    super({ id, protocol, log, direction })
    this.#secured = secured
    secured.addEventListener('message', ({ data }) => this.onData(data))
    secured.addEventListener('drain', () => this.safeDispatchEvent('drain'))
    secured.addEventListener('remoteCloseWrite', () => this.onRemoteCloseWrite())
    secured.addEventListener('close', ({ error }) => {
      if (error == null) this.onTransportClosed()
      else this.abort(error)
    })
  }

  sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#secured.send(data) }
  }

  async sendCloseWrite(options?: AbortOptions): Promise<void> {
    await this.#secured.close(options)
  }

  /** Nothing more is read; the other side sees that when the stream ends. */
  async sendCloseRead(): Promise<void> {}

  sendReset(error: Error): void {
    this.#secured.abort(error)
  }

  sendPause(): void {
    this.#secured.pause()
  }

  sendResume(): void {
    this.#secured.resume()
  }
}
