/**
 * What libp2p's connections need not send, and need not send by itself. Most of what bak says is a small message, and what a small message
 * costs is the number of frames and of calls of the system.
 */
import { Socket } from 'node:net'
import type { MessageStream } from '@libp2p/interface'
import { StreamState, YamuxStream } from '@libp2p/yamux/stream'

/** libp2p's TCP connections, of which their type shows less. */
interface Sending {
  socket: Socket
  sendData(data: Iterable<Uint8Array>): unknown
}

/** Of a stream of yamux, bytes. */
interface Windowed {
  state: StreamState
  recvWindow: number
  /** What the other side may still send. */
  recvWindowCapacity: number
}

/**
 * A frame of Noise is a list of parts, and libp2p writes each of them by itself: from here on all of them go out in one go. What
 * runs over something else than a socket is left as it is.
 */
export function writeFramesAtOnce(connection: MessageStream): void {
  const sending = connection as unknown as Partial<Sending>
  const { socket } = sending
  const write = sending.sendData?.bind(connection)
  if (!(socket instanceof Socket) || write == null) return
  sending.sendData = data => {
    socket.cork()
    try {
      return write(data)
    } finally {
      socket.uncork()
    }
  }
}

/**
 * Yamux tells the other side after every frame how many bytes it has read, which makes two frames of one. As other yamuxes do,
 * it now tells once half the window is used: the other side can always send that much. Concerns all streams of the process.
 */
export function updateWindowsSeldom(): void {
  const { prototype } = YamuxStream
  if (prototype.sendWindowUpdate !== updateAlways) return
  prototype.sendWindowUpdate = function (): void {
    const { state, recvWindow, recvWindowCapacity } = this as unknown as Windowed
    const settled = state !== StreamState.Init && state !== StreamState.SYNReceived
    if (settled && recvWindow - recvWindowCapacity < recvWindow / 2) return
    updateAlways.call(this)
  }
}

const updateAlways = YamuxStream.prototype.sendWindowUpdate
