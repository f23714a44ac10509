/**
 * The environment of tools and of programs that a run brings: a chosen list, the same on every machine, so that what they print does not
 * depend on who started the daemon, and nothing of the daemon's reaches them but what a program needs to be found.
 */

/** UTC, one language with every letter, no colours, dates as in ISO 8601 in sysstat. */
export const FIXED_VARIABLES = { TZ: 'UTC', LC_ALL: 'C.UTF-8', S_COLORS: 'never', S_TIME_FORMAT: 'ISO' }

/** Of a program that is given none. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface Chosen {
  /** The folder of the tool. */
  home: string
  /** A folder for temporary files; the system's if it is not given. */
  tmp?: string
  /** The name of another user that it runs as. */
  user?: string
  /** Names of variables of the daemon that the owner lets through. */
  keep?: string[]
}

/** Pure. */
export function chosenEnvironment(
  { home, tmp, user, keep = [] }: Chosen,
  env: Record<string, string | undefined> = process.env
): Record<string, string> {
  const kept = keep.flatMap(name => (env[name] == null ? [] : [[name, env[name]]]))
  return {
    ...Object.fromEntries(kept),
    PATH: env.PATH || DEFAULT_PATH,
    HOME: home,
    ...(tmp == null ? {} : { TMPDIR: tmp }),
    ...(user == null ? {} : { USER: user, LOGNAME: user }),
    ...{ NO_COLOR: '1', TERM: 'dumb' },
    ...FIXED_VARIABLES
  }
}
