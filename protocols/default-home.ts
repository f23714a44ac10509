/** Where a daemon keeps its state, and so where its socket is. Both programs must agree on it. */
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { BakError } from './errors.ts'

type Variables = Record<string, string | undefined>

/**
 * @returns the state folder where no `--home` is given: $BAK_HOME, or the platform's folder for state
 * @throws {BakError} `bad-config` if this user has no folder of their own
 */
export function defaultHome(env: Variables = process.env, uid: number | undefined = process.getuid?.()): string {
  if (env.BAK_HOME) return resolve(env.BAK_HOME)
  if (uid === 0) return '/var/lib/bak'
  if (env.XDG_STATE_HOME) return resolve(env.XDG_STATE_HOME, 'bak')
  const own = env.HOME || ownFolder()
  if (own != null) return join(own, '.local/state/bak')
  throw new BakError(
    'bad-config',
    `HOME is not set and user ${uid} is not in passwd: choose a folder with --home or BAK_HOME`
  )
}

/** @returns this user's own folder; undefined for a user without HOME and without an entry in passwd */
export function ownFolder(): string | undefined {
  try {
    // Node takes an empty HOME as it is
    return homedir() || userInfo().homedir || undefined
  } catch {
    return undefined
  }
}

/** @returns the control socket of the daemon that owns `home` */
export const socketOf = (home: string) => join(home, 'bak.sock')
