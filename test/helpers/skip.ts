/** Skips tests of programs that are missing on this machine, and prints why. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Callback, Test } from 'uvu'

/** @returns why the program is missing, or undefined if it is on the PATH */
export function needs(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some(folder => isRunnable(join(folder, program))) ? undefined : `${program} is not on the PATH`
}

/** `(skipWhere(needs('mpstat'), suite))('title', fn)` runs the test, or skips it and prints why. */
export function skipWhere<T>(reason: string | undefined, suite: Test<T>): (title: string, run: Callback<T>) => void {
  if (reason == null) return suite
  return (title, run) => {
    process.stdout.write(`SKIP ${title}: ${reason}\n`)
    suite.skip(title, run)
  }
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
