/**
 * Passes a fixed number of Noise's frames from a socket to libp2p's connection, and leaves every byte behind them in the socket, paused.
 * So a byte belongs either to Noise or to what the socket turns into, wherever the network cuts the stream into pieces.
 */
import { BakError } from '../../../protocols/errors.ts'
import type { SocketOwner } from './socket-owner.ts'

/** Length of a Noise frame, big-endian, bytes. */
const HEAD_BYTES = 2

export class FrameGate {
  readonly #owner: SocketOwner
  #left: number
  #rest: Buffer = Buffer.alloc(0)

  /**
   * @param frames that may still come
   * @throws {BakError} `bad-message` if bytes came before any was asked for
   */
  constructor(owner: SocketOwner, frames: number) {
    this.#owner = owner
    this.#left = frames
    if (owner.readBufferLength > 0) throw new BakError('bad-message', 'bytes came before the handshake')
    // libp2p's listener passes on whatever came; from here on it gets whole frames
    owner.socket.removeAllListeners('data')
    owner.socket.on('data', this.#onData)
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#left > 0) {
      if (this.#rest.length < HEAD_BYTES) return
      const length = HEAD_BYTES + this.#rest.readUInt16BE()
      if (this.#rest.length < length) return
      const frame = this.#rest.subarray(0, length)
      this.#rest = this.#rest.subarray(length)
      // before the frame is passed on: what it causes may look at the socket
      if (--this.#left === 0) this.#close()
      this.#owner.onData(frame)
    }
  }

  #close(): void {
    const { socket } = this.#owner
    socket.off('data', this.#onData)
    socket.pause()
    if (this.#rest.length > 0) socket.unshift(this.#rest)
  }
}
