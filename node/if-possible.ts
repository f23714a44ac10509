/** What may fail at any time, and then says all that there is to say: files of the kernel, processes that end, folders of others. */
import { readdirSync, readFileSync } from 'node:fs'

/** @returns what comes of it; undefined where it throws */
export function ifPossible<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** @returns the text of a file; undefined where it cannot be read */
export const textIn = (path: string): string | undefined => ifPossible(() => readFileSync(path, 'utf8'))

/** @returns the names in a folder; none where it cannot be read */
export const namesIn = (folder: string): string[] => ifPossible(() => readdirSync(folder)) ?? []
