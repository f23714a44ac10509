/** Folders that this user alone changes, and that another user passes through to those of its programs. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { BakError } from '../../protocols/errors.ts'

/** The owner enters any; another user only passes through, to a folder whose path it was told. */
const PASS_MODE = 0o711

/** @returns the first of these folders that is this user's alone, or can be made @throws {BakError} `cannot-create` if none is */
export function firstSafe(bases: string[]): string {
  for (const base of bases) {
    try {
      makePassage(base)
      return base
    } catch {
      // the next one
    }
  }
  throw new BakError(
    'cannot-create',
    `no folder for programs of others: ${bases.join(' and ')} are another user's, or cannot be made`
  )
}

/** @throws unless it is a folder that this user alone changes */
export function makePassage(path: string): void {
  try {
    mkdirSync(path, { mode: PASS_MODE })
    chmodSync(path, PASS_MODE)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
  const { uid, mode } = lstatSync(path)
  if (!lstatSync(path).isDirectory() || uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new BakError('not-allowed', `${path} is not this user's alone`)
  }
}
