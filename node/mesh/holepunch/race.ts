/**
 * Many attempts to connect at once, each tried again until the time is over; the first socket at whose other end the right peer
 * answers wins. The leader sends a nonce on each socket that connects, the other sends it back on the first that
 * brings it.
 */
import type { Socket } from 'node:net'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Endpoint } from '../../../protocols/observe.ts'
import { connectFrom } from './local-port.ts'

/** Attempts that begin together, and the time to the next, ms: a router has to take note of each. */
const BURST = 32
const PAUSE = 5
/** A refused attempt is made again after this, ms, and up to as much at random. */
const AGAIN = 50

export interface Attempt {
  from: number
  to: Endpoint
}

export interface RaceInit {
  attempts: Attempt[]
  leads: boolean
  nonce: Uint8Array
}

/** @throws {BakError} `unreachable`, or what the signal was aborted with */
export function race({ attempts, leads, nonce }: RaceInit, signal: AbortSignal): Promise<Socket> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const done = Promise.withResolvers<Socket>()
  let over = false

  const finish = (winner?: Socket) => {
    if (over) return
    over = true
    for (const timer of timers) clearTimeout(timer)
    for (const socket of sockets) if (socket !== winner) socket.destroy()
    signal.removeEventListener('abort', onAbort)
    if (winner != null) done.resolve(winner)
    else done.reject(signal.aborted ? asBakError(signal.reason) : new BakError('unreachable', 'nothing got through'))
  }
  const onAbort = () => finish()
  const later = (act: () => void, delay: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, delay)
    timers.add(timer)
  }
  const begin = (attempt: Attempt) => {
    if (over) return
    const socket = connectFrom(attempt.from, attempt.to)
    sockets.add(socket)
    let again = true
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // somebody else has the port
      if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL') again = false
    })
    socket.once('close', () => {
      sockets.delete(socket)
      if (again && !over) later(() => begin(attempt), AGAIN * (1 + Math.random()))
    })
    socket.once('connect', () => {
      if (leads) socket.write(nonce)
      expect(socket, nonce, fits => {
        // whoever that was, it will be the same next time
        again = false
        if (!fits) return socket.destroy()
        if (!leads && !over) socket.write(nonce)
        finish(socket)
      })
    })
  }
  const burst = (at: number) => {
    for (const attempt of attempts.slice(at, at + BURST)) begin(attempt)
    if (at + BURST < attempts.length) later(() => burst(at + BURST), PAUSE)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) finish()
  else burst(0)
  return done.promise
}

/** Reads exactly the nonce; what comes after it is for who has the socket next. */
function expect(socket: Socket, nonce: Uint8Array, judge: (fits: boolean) => void): void {
  const onReadable = () => {
    const bytes: Buffer | null = socket.read(nonce.length)
    if (bytes == null) return
    socket.off('readable', onReadable)
    judge(bytes.equals(nonce))
  }
  socket.on('readable', onReadable)
}
