/** A unix socket that only its owner may use: how the daemon takes it, and what a caller checks before it speaks. */
import { chmodSync, linkSync, lstatSync, mkdirSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { asBakError, BakError } from './errors.ts'
import { nameOfUser } from './users.ts'

/** sockaddr_un.sun_path of Linux is 108 bytes with its zero; macOS has 104 */
const MAX_PATH = process.platform === 'linux' ? 107 : 103
/** Where a socket is made, beside its place: a path no longer than that of `bak.sock`. */
const MAKING = '.sock'

/**
 * Listens with mode 0600, in place of the socket that a dead daemon left. The socket comes to be in a folder that nobody
 * else may enter, and gets its name when its mode is right: so it is never open to others, and no umask, which would
 * hold for all that this process makes meanwhile, is touched.
 *
 * @throws {BakError} `busy` if a daemon answers there, `bad-config` if the path cannot be a socket
 */
export async function listenAlone(server: Server, socket: string): Promise<void> {
  checkPath(socket)
  const folder = join(dirname(socket), MAKING)
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
    const made = join(folder, 's')
    await bind(server, made)
    chmodSync(made, 0o600)
    await giveName(made, socket)
  } catch (error) {
    server.close()
    throw asBakError(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const { ino } = lstatSync(socket)
  server.once('close', () => removeOwn(socket, ino))
}

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A link never replaces: of two daemons that find the same dead socket one gets the name. */
async function giveName(made: string, socket: string): Promise<void> {
  try {
    linkSync(made, socket)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await removeStale(socket)
    linkSync(made, socket)
  }
}

/** @throws {BakError} if a daemon answers there, or the file is something else */
async function removeStale(socket: string): Promise<void> {
  if (!lstatSync(socket).isSocket()) throw new BakError('bad-config', `${socket} is there and is not a socket`)
  if (await answers(socket)) throw new BakError('busy', `a daemon already listens at ${socket}`)
  unlinkSync(socket)
}

/** Another daemon may have taken the name since. */
function removeOwn(socket: string, ino: number): void {
  try {
    if (lstatSync(socket).ino === ino) unlinkSync(socket)
  } catch {
    // it is gone
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(socket, () => resolve(true)).on('error', () => resolve(false))
    probe.on('connect', () => probe.destroy())
  })
}

/**
 * The caller's whole environment goes through this socket, so it must be the caller's own, and in a folder where nobody
 * else can put another in its place.
 *
 * @throws {BakError} `no-daemon`, `not-allowed` with the names of both users, `bad-config`
 */
export function checkOwner(socket: string): void {
  checkPath(socket)
  const me = process.geteuid?.()
  try {
    const { uid } = statSync(socket)
    if (me == null) return
    if (uid !== me) throw notYours(socket, uid)
    const folder = statSync(dirname(socket))
    if (folder.uid !== me && folder.uid !== 0) throw notYours(dirname(socket), folder.uid)
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw unconnected(socket, cause)
  }
}

/** What it means that one cannot connect. */
export function unconnected(socket: string, cause: unknown): BakError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    const { path, uid } = closedDoor(socket)
    return uid === process.geteuid?.() ? new BakError('not-allowed', message, { cause }) : notYours(path, uid, cause)
  }
  const hint = `start one with: bak-node daemon --home ${dirname(socket)}`
  return new BakError('no-daemon', `no daemon answers at ${socket}; ${hint}`, { cause })
}

function notYours(path: string, uid: number, cause?: unknown): BakError {
  const users = `belongs to ${nameOfUser(uid)}, you are ${nameOfUser(process.geteuid?.() ?? uid)}`
  const instead = 'ask as that user, or start a daemon of your own with --home or BAK_HOME'
  return new BakError('not-allowed', `${path} ${users}: ${instead}`, { cause })
}

/** @returns the last thing on the way to `path` that can be seen: it is what lets nobody through */
function closedDoor(path: string): { path: string; uid: number } {
  try {
    return { path, uid: lstatSync(path).uid }
  } catch {
    return closedDoor(dirname(path))
  }
}

function checkPath(socket: string): void {
  if (Buffer.byteLength(socket) <= MAX_PATH) return
  throw new BakError(
    'bad-config',
    `a socket's path has at most ${MAX_PATH} bytes: choose a shorter home than ${socket}`
  )
}
