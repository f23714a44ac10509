/**
 * Holds back who sends faster through this relay than the other side takes: libp2p's relay would keep in memory whatever lies
 * between. What is on its way when a stream is paused still comes; then the sender's window is closed.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { MAX_IN_FLIGHT } from '../../../protocols/frames.ts'

/** Bytes of one direction of one relayed connection that may lie here: above the first no more is taken, below the second it is. */
const MOST = 1024 * 1024
const LEAST = 256 * 1024

/** The parts of libp2p's relay that bring two streams together; it has no door of its own to them. */
interface Inside {
  onHop(stream: Stream, connection: Connection): Promise<void>
  stopHop(...request: unknown[]): Promise<Stream | undefined>
}

/** To be called before it is started. */
export function holdBack<T extends object>(server: T): T {
  const inside = server as unknown as Inside
  const { onHop } = Object.getPrototypeOf(server) as Inside
  inside.onHop = (near, connection) => {
    // each request has a relay of its own, which knows the stream that it came on
    const one = Object.create(inside) as Inside
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

/** Pauses a stream while too much of what came on it has not gone out on the other. */
export function throttle(from: Stream, to: Stream): void {
  let waiting = 0
  from.maxReadBufferLength = MAX_IN_FLIGHT
  from.addEventListener('message', ({ data }) => {
    waiting += data.byteLength
    if (waiting > MOST && from.readStatus === 'readable') from.pause()
  })
  const send = to.send.bind(to)
  to.send = data => {
    waiting -= data.byteLength
    if (waiting < LEAST && from.readStatus === 'paused') from.resume()
    return send(data)
  }
}
