/** A unix socket that only its owner may use: how the daemon takes it, and what a caller checks before it speaks. */
import { chmodSync, lstatSync, statSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { asBakError, BakError } from './errors.ts'

/** sockaddr_un.sun_path of Linux is 108 bytes with its zero; macOS has 104 */
const MAX_PATH = process.platform === 'linux' ? 107 : 103

/**
 * Listens with mode 0600, in place of the socket that a dead daemon left.
 *
 * @throws {BakError} `busy` if a daemon answers there, `bad-config` if the path cannot be a socket
 */
export async function listenAlone(server: Server, socket: string): Promise<void> {
  checkPath(socket)
  try {
    await bind(server, socket)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw asBakError(error)
    await removeStale(socket)
    await bind(server, socket)
  }
}

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // the file appears within listen(): it must never be open to others, not even until chmod
    const mask = process.umask(0o177)
    try {
      server.listen(socket, () => {
        server.off('error', reject)
        chmodSync(socket, 0o600)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}

/** @throws {BakError} if a daemon answers there, or the file is something else */
async function removeStale(socket: string): Promise<void> {
  if (!lstatSync(socket).isSocket()) throw new BakError('bad-config', `${socket} is there and is not a socket`)
  if (await answers(socket)) throw new BakError('busy', `a daemon already listens at ${socket}`)
  unlinkSync(socket)
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(socket, () => resolve(true)).on('error', () => resolve(false))
    probe.on('connect', () => probe.destroy())
  })
}

/**
 * The caller's whole environment goes through this socket, so it must be the caller's own.
 *
 * @throws {BakError} `no-daemon`, `not-allowed`, `bad-config`
 */
export function checkOwner(socket: string): void {
  checkPath(socket)
  let owner: number
  try {
    owner = statSync(socket).uid
  } catch (cause) {
    throw unconnected(socket, cause)
  }
  if (process.getuid == null || owner === process.getuid()) return
  throw new BakError('not-allowed', `${socket} belongs to user ${owner}, you are ${process.getuid()}`)
}

/** What it means that one cannot connect. */
export function unconnected(socket: string, cause: unknown): BakError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return new BakError('not-allowed', message, { cause })
  const hint = `start one with: bak-node daemon --home ${dirname(socket)}`
  return new BakError('no-daemon', `no daemon answers at ${socket}; ${hint}`, { cause })
}

function checkPath(socket: string): void {
  if (Buffer.byteLength(socket) <= MAX_PATH) return
  throw new BakError(
    'bad-config',
    `a socket's path has at most ${MAX_PATH} bytes: choose a shorter home than ${socket}`
  )
}
