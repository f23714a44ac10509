/**
 * Yamux tells the other side after every frame how many bytes it has read, which makes two frames of one. As other implementations of
 * yamux do, it now tells once half the window is used: the other side can always send that much. Concerns all streams of the process.
 */
import { StreamState, YamuxStream } from '@libp2p/yamux/stream'

/** Private fields of a stream of yamux, bytes. */
interface Windowed {
  state: StreamState
  recvWindow: number
  /** What the other side may still send. */
  recvWindowCapacity: number
}

const updateAlways = YamuxStream.prototype.sendWindowUpdate

export function updateWindowsSeldom(): void {
  const { prototype } = YamuxStream
  if (prototype.sendWindowUpdate !== updateAlways) return
  prototype.sendWindowUpdate = function (): void {
    const { state, recvWindow, recvWindowCapacity } = this as unknown as Windowed
    const isOpened = state !== StreamState.Init && state !== StreamState.SYNReceived
    if (isOpened && recvWindow - recvWindowCapacity < recvWindow / 2) return
    updateAlways.call(this)
  }
}
