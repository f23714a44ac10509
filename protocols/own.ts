/** Tables whose keys people chose: `constructor` is a name like any other. */

/** @returns the value of a key of the table itself, not of what every object inherits */
export const own = <T>(table: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined
