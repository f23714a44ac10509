/** What is made once for each key, as for each disk when its first line is read. */

/** @returns what `map` has of `key`, which is made by `make` if it has nothing */
export function keptIn<K, T>(map: Map<K, T>, key: K, make: () => T): T {
  const kept = map.get(key)
  if (kept !== undefined) return kept
  const made = make()
  map.set(key, made)
  return made
}
