/** Finds programs on the PATH, and their versions. */
import { constants, existsSync } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { tryProgram } from './try-program.ts'

/** For a program that prints its version. */
const VERSION_TIMEOUT_MS = 2_000
/** Where execvp looks without a PATH. */
const DEFAULT_PATH = '/bin:/usr/bin'

const versions = new Map<string, Promise<string | undefined>>()

/** Whom a program runs as, where that is not the user of the daemon. */
export interface OtherUser {
  uid: number
  gid: number
}

/**
 * @param name a name on the PATH, or an absolute path
 * @param user who is to run it: what the mode bits keep from this user is passed over if there is another, as it is when the program is started
 * @returns the path of an executable, or undefined
 */
export async function findProgram(name: string, user?: OtherUser): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)
  const candidates = name.includes('/') ? [name].filter(isAbsolute) : folders.map(folder => join(folder, name))
  if (user == null) return findRunnable(candidates)
  for (const path of candidates) if ((await isRunnable(path)) && (await isOpenTo(user, path))) return path
  // an access control list may open it
  return findRunnable(candidates)
}

/**
 * @param name what a caller in this folder and with this PATH types
 * @returns why it cannot be started; undefined if it can
 */
export async function whyNotStartable(
  name: string,
  directory: string,
  path = DEFAULT_PATH
): Promise<string | undefined> {
  // a folder that is gone is named when the program is started
  if (!existsSync(directory)) return undefined
  const folders = name.includes('/') ? ['.'] : path.split(delimiter)
  const candidates = folders.map(folder => resolve(directory, folder, name))
  if ((await findRunnable(candidates)) != null) return undefined
  if (candidates.some(each => existsSync(each))) return `${name}: is not executable`
  return `${name}: not found ${name.includes('/') ? `from ${directory}` : 'on PATH'}`
}

/** @returns the first of the paths that is an executable */
export async function findRunnable(candidates: string[]): Promise<string | undefined> {
  for (const path of candidates) if (await isRunnable(path)) return path
  return undefined
}

/** Runs the program once, and keeps its answer while the daemon lives. @returns undefined if it prints no version */
export function versionOf(path: string, flag = '-V'): Promise<string | undefined> {
  const key = `${path} ${flag}`
  const asked = versions.get(key) ?? ask(path, flag)
  versions.set(key, asked)
  return asked
}

async function ask(path: string, flag: string): Promise<string | undefined> {
  // some programs print it on stderr and exit with an error
  const { stdout, stderr } = await tryProgram([path, flag], { timeout: VERSION_TIMEOUT_MS })
  return /\d+(\.\d+)+[\w.-]*/.exec(`${stdout}\n${stderr}`)?.[0].slice(0, 64)
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Whether the mode bits of the file, and of each folder on the way to it, let the user start it. */
async function isOpenTo(user: OtherUser, path: string): Promise<boolean> {
  try {
    const places = new Set([path, await realpath(path)].flatMap(wayTo))
    for (const place of places) {
      const { mode, uid, gid } = await stat(place)
      const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
      if (((mode >> shift) & 1) === 0) return false
    }
    return true
  } catch {
    return false
  }
}

const wayTo = (path: string): string[] => (path === dirname(path) ? [path] : [path, ...wayTo(dirname(path))])
