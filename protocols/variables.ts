/** Environment variables: those that stand for flags, as both programs read them, and those of a workload. */
const OFF = ['0', 'false', 'no', 'off', '']

/** @returns whether the value of a boolean flag's variable is false; true for a variable that is not set */
export const isOff = (value = ''): boolean => OFF.includes(value.toLowerCase())

/** @returns the variable of a flag or key of the daemon: `BAK_ALLOW_EXEC` for `allow-exec` or `allow.exec` */
export const variableOf = (key: string) => `BAK_${key.toUpperCase().replace(/[.-]/g, '_')}`

/** An empty variable of bak is one that is not set, as `BAK_HOME= bak ...` means it. */
export function dropEmptyVariables(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) if (name.startsWith('BAK_') && value === '') delete env[name]
}

/** @returns the variable in which a workload gets a parameter: `BAK_PARAM_BLOCK_SIZE` for `block-size` */
export const parameterVariable = (name: string) => `BAK_PARAM_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`

/** @returns two parameters that would be one variable */
export function collidingParameters(names: string[]): [string, string] | undefined {
  const seen = new Map<string, string>()
  for (const name of names) {
    const other = seen.get(parameterVariable(name))
    if (other != null) return [other, name]
    seen.set(parameterVariable(name), name)
  }
  return undefined
}

/** Where the launcher, a shell, leaves the variables whose names it does not know and so would not hand on. */
const UNKNOWN_TO_SHELL = 'BAK_ODD_VARIABLES'

/** @returns those variables, `NAME=VALUE` each with a NUL behind it */
export const oddVariables = (env: NodeJS.ProcessEnv): Buffer => Buffer.from(env[UNKNOWN_TO_SHELL] ?? '', 'base64')

/** @returns the environment of the caller, with the variables that the launcher could not hand on */
export function callerVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const { [UNKNOWN_TO_SHELL]: _, ...others } = env as Record<string, string>
  const pairs = oddVariables(env).toString('utf8').split('\0')
  const odd = pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  return { ...others, ...Object.fromEntries(odd.filter(([name]) => name !== '')) }
}
