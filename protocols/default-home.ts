/** Where a daemon keeps its state, and so where its socket is. Both programs must agree on it. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

type Variables = Record<string, string | undefined>

/** @returns the state folder where no `--home` is given: $BAK_HOME, or the platform's folder for state */
export function defaultHome(env: Variables = process.env, uid: number | undefined = process.getuid?.()): string {
  if (env.BAK_HOME) return resolve(env.BAK_HOME)
  if (uid === 0) return '/var/lib/bak'
  if (env.XDG_STATE_HOME) return resolve(env.XDG_STATE_HOME, 'bak')
  return join(env.HOME || homedir(), '.local/state/bak')
}

/** @returns the control socket of the daemon that owns `home` */
export const socketOf = (home: string) => join(home, 'bak.sock')
