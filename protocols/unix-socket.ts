/** A unix socket that only its owner may use: how the daemon listens on it, and what a caller checks before it connects. */
import { once } from 'node:events'
import { chmodSync, linkSync, lstatSync, mkdirSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { asBakError, BakError } from './errors.ts'
import { nameOfUser } from './users.ts'

/** sockaddr_un.sun_path has 108 bytes with its final zero on Linux, 104 on macOS. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103
/** Folder in which the socket is created. The path of a socket in it is no longer than the path of `bak.sock`. */
const PRIVATE_FOLDER = '.sock'

/**
 * Listens with mode 0600, in place of the socket of a daemon that has ended. The socket is created in a folder that no other
 * user may enter, and gets its name after its mode was set, so it is never open to others. The umask stays as it is, since
 * it applies to every file that this process creates in the meantime.
 *
 * @throws {BakError} `busy` if a daemon answers there, `bad-config` if the path cannot be a socket
 */
export async function listenAlone(server: Server, socket: string): Promise<void> {
  checkPath(socket)
  const folder = join(dirname(socket), PRIVATE_FOLDER)
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
    const made = join(folder, 's')
    server.listen(made)
    await once(server, 'listening')
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

/** A link never replaces a file: if two daemons find the socket of a third that has ended, only one gets the name. */
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

/** Another daemon may have the name by now. */
function removeOwn(socket: string, ino: number): void {
  try {
    if (lstatSync(socket).ino === ino) unlinkSync(socket)
  } catch {
    // it does not exist any more
  }
}

/** @returns whether a daemon answers at a socket */
export function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(socket, () => resolve(true)).on('error', () => resolve(false))
    probe.on('connect', () => probe.destroy())
  })
}

/**
 * The caller sends its whole environment to this socket, so the socket must belong to the caller, in a folder where no other
 * user can replace it.
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

/** @returns the error for a socket that could not be connected to */
export function unconnected(socket: string, cause: unknown): BakError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    const { path, uid } = inaccessibleParent(socket)
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

/** @returns the deepest folder above `path` that can be listed, or the file itself: its permissions deny access */
function inaccessibleParent(path: string): { path: string; uid: number } {
  try {
    return { path, uid: lstatSync(path).uid }
  } catch {
    return inaccessibleParent(dirname(path))
  }
}

function checkPath(socket: string): void {
  if (Buffer.byteLength(socket) <= MAX_PATH_BYTES) return
  throw new BakError(
    'bad-config',
    `a socket's path has at most ${MAX_PATH_BYTES} bytes: choose a shorter home than ${socket}`
  )
}
