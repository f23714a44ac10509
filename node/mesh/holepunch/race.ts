/**
 * Connects many pairs of ports at once, each again until the signal aborts; the first socket with the right peer at its other end
 * wins. The leader sends a nonce on every socket that connects, the follower sends it back on the first one that brings it.
 */
import type { Socket } from 'node:net'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Endpoint } from '../../../protocols/observe.ts'
import { Timers } from '../../timers.ts'
import { onAbort } from '../../wait.ts'
import { connectFrom } from './local-port.ts'

/** Connects that begin together, and the time to the next: a router has to make an entry for each. */
const BURST_SIZE = 32
const BURST_INTERVAL_MS = 5
/** A refused connect is repeated after this, and up to as much more at random. */
const RETRY_DELAY_MS = 50

export interface PortPair {
  /** A local port. */
  from: number
  to: Endpoint
}

/** @throws {BakError} `unreachable`, or what the signal was aborted with */
export function raceConnects(
  { pairs, leads, nonce }: { pairs: PortPair[]; leads: boolean; nonce: Uint8Array },
  signal: AbortSignal
): Promise<Socket> {
  const sockets = new Set<Socket>()
  const timers = new Timers()
  const done = Promise.withResolvers<Socket>()
  let over = false

  const finish = (winner?: Socket) => {
    if (over) return
    over = true
    timers.clear()
    for (const socket of sockets) if (socket !== winner) socket.destroy()
    if (winner != null) done.resolve(winner)
    else done.reject(signal.aborted ? asBakError(signal.reason) : new BakError('unreachable', 'no connect succeeded'))
  }
  const begin = (pair: PortPair) => {
    if (over) return
    const socket = connectFrom(pair.from, pair.to)
    sockets.add(socket)
    let retry = true
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // another program has the port
      if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL') retry = false
    })
    socket.once('close', () => {
      sockets.delete(socket)
      if (retry && !over) timers.after(RETRY_DELAY_MS * (1 + Math.random()), () => begin(pair))
    })
    socket.once('connect', () => {
      if (leads) socket.write(nonce)
      readNonce(socket, nonce, isRight => {
        // another program would answer the next connect, too
        retry = false
        if (!isRight) return socket.destroy()
        if (!leads && !over) socket.write(nonce)
        finish(socket)
      })
    })
  }
  const burst = (at: number) => {
    for (const pair of pairs.slice(at, at + BURST_SIZE)) begin(pair)
    if (at + BURST_SIZE < pairs.length) timers.after(BURST_INTERVAL_MS, () => burst(at + BURST_SIZE))
  }
  const stopListening = onAbort(signal, () => finish())
  if (!over) burst(0)
  return done.promise.finally(stopListening)
}

/** Reads the nonce only; what follows stays in the socket for its next owner. */
function readNonce(socket: Socket, nonce: Uint8Array, judge: (isRight: boolean) => void): void {
  const onReadable = () => {
    const bytes: Buffer | null = socket.read(nonce.length)
    if (bytes == null) return
    socket.off('readable', onReadable)
    judge(bytes.equals(nonce))
  }
  socket.on('readable', onReadable)
}
