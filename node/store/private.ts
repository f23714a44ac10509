/**
 * Checks that the home, the key and the mesh secret are accessible to this user only. Wider modes are refused with the
 * command that repairs them: a silent repair would hide that others could have read them.
 */
import { constants, type Stats } from 'node:fs'
import { chmod, type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { BakError } from '../../protocols/errors.ts'
import { inQuotes, nameOfUser } from '../../protocols/users.ts'
import { writeAtomic } from './atomic.ts'
import { isCode, onDisk } from './disk.ts'

/**
 * Reads a file that only its owner may access. Links are not followed, so that the file checked is the file read.
 * @returns undefined if it is missing
 * @throws {BakError} `bad-config` if others may read it or it is not a regular file, `not-allowed` if it is another user's, `io`
 */
export async function readPrivate(path: string): Promise<string | undefined> {
  const handle = await onDisk(path, () => openPlain(path))
  if (handle == null) return undefined
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new BakError('bad-config', `${path} is not a file`)
    refuseOthers(path, stats)
    if ((stats.mode & 0o077) !== 0)
      throw new BakError('bad-config', `others may read ${path}: run chmod 600 ${inQuotes(path)}`)
    return await onDisk(path, () => handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}

/**
 * Reads such a file of JSON, which is never taken for an empty one.
 * @param parse throws for what is no value of it @param remedy behind the error
 * @returns undefined if it is missing
 * @throws {BakError} as `readPrivate` does, and `bad-config` for a damaged file
 */
export async function readPrivateJson<T>(
  path: string,
  parse: (value: unknown) => T,
  remedy = ''
): Promise<T | undefined> {
  const text = await readPrivate(path)
  if (text == null) return undefined
  try {
    return parse(JSON.parse(text))
  } catch (cause) {
    throw new BakError('bad-config', `${path} is damaged: ${(cause as Error).message}${remedy}`, { cause })
  }
}

/** Takes the place of such a file. */
export const writePrivateJson = (path: string, value: unknown): Promise<void> =>
  writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })

/** What may be in a folder that is not a home yet: settings that were put there, and what mkfs makes. */
const HARMLESS = ['config.toml', 'lost+found']

/**
 * Closes a folder that others may enter if nothing secret was ever in it.
 * @throws {BakError} `bad-config` if others may enter a home, `not-allowed` if it, or the link to it, is another user's
 */
export async function checkFolder(path: string): Promise<void> {
  const named = await lstat(path)
  // a link by root is part of the system's setup
  if (named.isSymbolicLink() && named.uid !== 0) refuseOthers(path, named)
  const found = await stat(path)
  refuseOthers(path, found)
  if ((found.mode & 0o077) === 0) return
  if ((await readdir(path)).every(name => HARMLESS.includes(name))) return await chmod(path, 0o700)
  throw new BakError(
    'bad-config',
    `others may enter ${path}, which holds a private key: run chmod 700 ${inQuotes(path)}`
  )
}

async function openPlain(path: string): Promise<FileHandle | undefined> {
  try {
    // opening a pipe would block the daemon
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (isCode(cause, 'ENOENT', 'ENOTDIR')) return undefined
    if (isCode(cause, 'ELOOP'))
      throw new BakError('bad-config', `${path} is a link: put the file itself in its place`, { cause })
    if (isCode(cause, 'EACCES')) refuseOthers(path, await lstat(path))
    throw cause
  }
}

function refuseOthers(path: string, { uid }: Stats): void {
  const me = process.geteuid?.() ?? uid
  if (uid === me) return
  const [owner, user] = [nameOfUser(uid), nameOfUser(me)]
  const repair = `run chown ${user.replace('user ', '')} ${inQuotes(path)} if it is to be yours, or choose another --home`
  throw new BakError('not-allowed', `${path} belongs to ${owner}, you are ${user}: ${repair}`)
}
