/** The environment of tools: the same on every machine, so that what they print does not depend on who started the daemon. */

/** What a program needs to be found and to run. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'LD_LIBRARY_PATH']

/** UTC, one language with every letter, no colours, dates as in ISO 8601 in sysstat. */
export const FIXED_VARIABLES = { TZ: 'UTC', LC_ALL: 'C.UTF-8', S_COLORS: 'never', S_TIME_FORMAT: 'ISO' }

export function toolEnvironment(env = process.env): Record<string, string> {
  const kept = KEPT.flatMap(name => (env[name] == null ? [] : [[name, env[name] as string]]))
  return { ...Object.fromEntries(kept), NO_COLOR: '1', TERM: 'dumb', ...FIXED_VARIABLES }
}
