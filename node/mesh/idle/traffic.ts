/** Counts the bytes on this process's connections to other peers. The sockets keep the counters, so that counting costs nothing. */
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const CHANNELS = ['net.client.socket', 'net.server.socket']

export class Traffic {
  readonly #open = new Set<Socket>()
  readonly #closed = { sent: 0, received: 0 }

  start(): void {
    for (const channel of CHANNELS) subscribe(channel, this.#onSocket)
  }

  stop(): void {
    for (const channel of CHANNELS) unsubscribe(channel, this.#onSocket)
  }

  /** @returns bytes since the start, of open and closed connections */
  get total(): { sent: number; received: number } {
    const total = { ...this.#closed }
    for (const socket of this.#open) add(total, socket)
    return total
  }

  readonly #onSocket: ChannelListener = (message, channel) => {
    const { socket } = message as { socket: Socket }
    // the control socket, a unix socket, leads to no peer
    if (channel === 'net.server.socket' && socket.remoteFamily == null) return
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      add(this.#closed, socket)
    })
  }
}

function add(total: { sent: number; received: number }, { bytesWritten, bytesRead }: Socket): void {
  total.sent += bytesWritten
  total.received += bytesRead
}
