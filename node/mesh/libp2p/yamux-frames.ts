/**
 * Yamux puts as much into one frame as the other side's window takes, many MiB on a stream that is fast, and a frame is neither interrupted
 * nor passed on in part: all other streams of the connection wait for it. Limits the size of frames; concerns all streams of the process.
 */
import { YamuxStream } from '@libp2p/yamux/stream'

/** Bytes of a frame: 20 ms on a path of 100 Mbit/s, and its head still costs nothing beside it. */
export const MAX_FRAME_BYTES = 256 * 1024

const handleWindowUpdate = YamuxStream.prototype.handleWindowUpdate

export function limitFrames(): void {
  const { prototype } = YamuxStream
  if (prototype.handleWindowUpdate !== handleWindowUpdate) return
  prototype.handleWindowUpdate = function (frame): void {
    // it sets the size anew; what waits is sent in a later microtask
    handleWindowUpdate.call(this, frame)
    this.maxMessageSize = Math.min(this.maxMessageSize ?? MAX_FRAME_BYTES, MAX_FRAME_BYTES)
  }
}
