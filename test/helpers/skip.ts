/** Tests of things that this machine may lack are skipped by name, and say why. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Callback, Test } from 'uvu'

/** @returns why the program cannot be had here, or undefined if it can */
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
