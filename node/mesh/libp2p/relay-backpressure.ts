/**
 * libp2p's relay keeps in memory what one side sends and the other does not take. Here it pauses the stream of a sender that is too fast:
 * bytes in flight still arrive, then the sender's window is closed.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { MAX_IN_FLIGHT } from '../../../protocols/frames.ts'

/** Bytes of one direction of one relayed connection that are held here: its stream is paused above the first, resumed below the second. */
const PAUSE_ABOVE_BYTES = 1024 * 1024
const RESUME_BELOW_BYTES = 256 * 1024

/** Private methods of libp2p's relay that join two streams. */
interface RelayInternals {
  onHop(stream: Stream, connection: Connection): Promise<void>
  stopHop(...request: unknown[]): Promise<Stream | undefined>
}

/** Must be called before the relay is started. */
export function holdBack<T extends object>(server: T): T {
  const inside = server as unknown as RelayInternals
  const { onHop } = Object.getPrototypeOf(server) as RelayInternals
  inside.onHop = (near, connection) => {
    // a copy of the relay for each request remembers the stream that the request came on
    const one = Object.create(inside) as RelayInternals
    one.stopHop = async (...request) => {
      const far = await inside.stopHop(...request)
      if (far != null) {
        throttle(near, far)
        throttle(far, near)
      }
      return far
    }
    return onHop.call(one, near, connection)
  }
  return server
}

/** Pauses a stream while too many of its bytes were not sent on the other. */
export function throttle(from: Stream, to: Stream): void {
  let waiting = 0
  from.maxReadBufferLength = MAX_IN_FLIGHT
  from.addEventListener('message', ({ data }) => {
    waiting += data.byteLength
    if (waiting > PAUSE_ABOVE_BYTES && from.readStatus === 'readable') from.pause()
  })
  const send = to.send.bind(to)
  to.send = data => {
    waiting -= data.byteLength
    if (waiting < RESUME_BELOW_BYTES && from.readStatus === 'paused') from.resume()
    return send(data)
  }
}
