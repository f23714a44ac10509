/** How yamux uses its frames and windows; concerns all streams of the process. */
import { StreamState, YamuxStream } from '@libp2p/yamux/stream'

/** Bytes of a frame: 20 ms on a path of 100 Mbit/s, and its head still costs nothing beside it. */
export const MAX_FRAME_BYTES = 256 * 1024

const handleWindowUpdate = YamuxStream.prototype.handleWindowUpdate

/**
 * Yamux puts as much into one frame as the other side's window takes, many MiB on a stream that is fast, and a frame is neither interrupted
 * nor passed on in part: all other streams of the connection wait for it. Limits the size of frames.
 */
export function limitFrames(): void {
  const { prototype } = YamuxStream
  if (prototype.handleWindowUpdate !== handleWindowUpdate) return
  prototype.handleWindowUpdate = function (frame): void {
    // it sets the size anew; what waits is sent in a later microtask
    handleWindowUpdate.call(this, frame)
    this.maxMessageSize = Math.min(this.maxMessageSize ?? MAX_FRAME_BYTES, MAX_FRAME_BYTES)
  }
}

/** Private fields of a stream of yamux, bytes. */
interface Windowed {
  state: StreamState
  recvWindow: number
  /** What the other side may still send. */
  recvWindowCapacity: number
}

const updateAlways = YamuxStream.prototype.sendWindowUpdate

/**
 * Yamux tells the other side after every frame how many bytes it has read, which makes two frames of one. As other implementations of
 * yamux do, it now tells once half the window is used: the other side can always send that much.
 */
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
