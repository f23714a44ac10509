/** Which program a name means here, and its version. */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** Longest that a program may take to say its version, in ms. */
const VERSION_TIMEOUT = 2_000

const versions = new Map<string, Promise<string | undefined>>()

/** @returns the path of the program that this name or absolute path means, or undefined if there is none to run */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)
  const candidates = name.includes('/') ? [name].filter(isAbsolute) : folders.map(folder => join(folder, name))
  for (const path of candidates) if (await isRunnable(path)) return path
  return undefined
}

/** Asks the program once in the daemon's life. @returns undefined if its answer holds no version */
export function versionOf(path: string, flag = '-V'): Promise<string | undefined> {
  const key = `${path} ${flag}`
  const asked = versions.get(key) ?? ask(path, flag)
  versions.set(key, asked)
  return asked
}

function ask(path: string, flag: string): Promise<string | undefined> {
  const bounds = { timeout: VERSION_TIMEOUT, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 } as const
  return new Promise(resolve => {
    // some print it on stderr, and end with a failure
    execFile(path, [flag], bounds, (_, stdout, stderr) => {
      resolve(/\d+(\.\d+)+[\w.-]*/.exec(`${stdout}\n${stderr}`)?.[0].slice(0, 64))
    })
  })
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
