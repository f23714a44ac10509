/** Waits that a signal ends. */
import { connect, type Socket } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asBakError, BakError } from '../../../protocols/errors.ts'

/** Connects to where a connection leads. @throws {BakError} `unreachable`, or the signal's reason */
export async function redial(address: Multiaddr, signal: AbortSignal): Promise<Socket> {
  const [, host, port] = /^\/(?:ip[46]|dns[46]?)\/([^/]+)\/tcp\/(\d+)/.exec(address.toString()) ?? []
  if (host == null) throw new BakError('unreachable', `${address} is not to be dialled again`)
  const socket = connect({ host, port: Number(port), noDelay: true, keepAlive: true })
  const connected = Promise.withResolvers<void>()
  const fail = (cause: Error) => connected.reject(new BakError('unreachable', cause.message, { cause }))
  socket.once('error', fail).once('connect', () => connected.resolve())
  try {
    await within(connected.promise, signal)
    socket.off('error', fail)
    return socket
  } catch (error) {
    // what goes wrong now is of no interest
    socket.on('error', () => {}).destroy()
    throw error
  }
}

/** @throws what the signal was aborted with, if that comes first */
export function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(asBakError(signal.reason))
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
