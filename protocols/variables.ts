/** Environment variables that stand for flags, as both programs read them. */

const OFF = ['0', 'false', 'no', 'off', '']

/** @returns whether the value of a boolean flag's variable is false; true for a variable that is not set */
export const isOff = (value = ''): boolean => OFF.includes(value.toLowerCase())

/** @returns the variable of a flag or key of the daemon: `BAK_ALLOW_EXEC` for `allow-exec` or `allow.exec` */
export const variableOf = (key: string) => `BAK_${key.toUpperCase().replace(/[.-]/g, '_')}`
