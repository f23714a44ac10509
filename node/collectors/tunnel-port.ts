/** The near end of tunnels: a port of this machine's loopback, each connection of which leads to another peer. */
import { createServer, type Server, type Socket } from 'node:net'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Opener } from '../../protocols/stream.ts'
import { openTunnel, type TunnelTarget } from '../../protocols/tunnel.ts'
import { Limit } from '../limit.ts'
import { TokenBucket } from '../mesh/limits/token-bucket.ts'
import { onAbort, pause } from '../wait.ts'

const HOST = '127.0.0.1'
/** Connections at once: fewer than the other side lets one peer have. The next ones wait. */
const MAX_TUNNELS = 32
/** Connections that wait; what comes beyond is refused. */
const MAX_WAITING = 128
/** Half of the streams that the other side lets a peer open: its runs have some, too. */
const RATE = { perSecond: 50, burst: 200 }
const RATE_CHECK_MS = 20

export interface TunnelPortInit {
  open: Opener
  to: TunnelTarget
  /** 0 is any that is free. */
  port?: number
  /** Ends the port and all its connections. */
  signal: AbortSignal
  /** A connection that was accepted leads nowhere, or broke. */
  onFailure?(error: BakError): void
}

export interface TunnelPort {
  host: string
  port: number
  /** Resolves when nothing of it is left. */
  close(): Promise<void>
}

/** @throws {BakError} `busy` if the port is taken, `not-allowed` if it is for root only */
export async function openTunnelPort(init: TunnelPortInit): Promise<TunnelPort> {
  const ended = new AbortController()
  const release = onAbort(init.signal, () => ended.abort(init.signal.reason))
  const tunnels = new Limit({ total: MAX_TUNNELS })
  const bucket = new TokenBucket(RATE, performance.now())
  const sockets = new Set<Socket>()
  // what a client says at once waits in the kernel until there is a tunnel; small messages go at once, as they came
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, socket => {
    if (sockets.size >= MAX_TUNNELS + MAX_WAITING) return void socket.resetAndDestroy()
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    const work = async () => {
      while (!bucket.take(performance.now()) && !ended.signal.aborted) await pause(RATE_CHECK_MS, ended.signal)
      await tunnel(socket, init, ended.signal)
    }
    tunnels.run('', work, { signal: ended.signal }).catch(cause => {
      socket.resetAndDestroy()
      if (!ended.signal.aborted) init.onFailure?.(asBakError(cause))
    })
  })
  const port = await listenOn(server, init.port ?? 0)
  const closed = Promise.withResolvers<void>()
  const close = () => {
    ended.abort(new BakError('interrupted', 'the port was closed'))
    release()
    for (const socket of sockets) socket.resetAndDestroy()
    server.close(() => closed.resolve())
    return closed.promise
  }
  onAbort(ended.signal, () => void close())
  return { host: HOST, port, close }
}

async function tunnel(socket: Socket, { open, to }: TunnelPortInit, signal: AbortSignal): Promise<void> {
  // a client that has gone meanwhile needs none
  if (socket.destroyed) return
  const join = await openTunnel(open, to, { signal })
  await join(socket, { signal })
}

async function listenOn(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen({ host: HOST, port }, resolve)
  try {
    await promise
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new BakError(
        'busy',
        `port ${port} of this machine is taken: choose another one, or 0 for any that is free`,
        { cause }
      )
    if (code === 'EACCES') throw new BakError('not-allowed', `port ${port} of this machine is for root only`, { cause })
    throw asBakError(cause)
  }
  return (server.address() as { port: number }).port
}
