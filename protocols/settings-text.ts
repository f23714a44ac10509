/** Reads the text of config.toml, for both programs. */
import { lstatSync, readFileSync } from 'node:fs'
import { BakError, whyOf } from './errors.ts'
import { decodeFile } from './utf8.ts'

/**
 * Only a file that is not there is no file: a broken link, a folder or bytes that are no UTF-8 must not lead to defaults.
 * @returns an empty text if there is no file
 * @throws {BakError} `bad-config`
 */
export function readSettingsText(path: string): string {
  try {
    if (!isThere(path)) return ''
    return decodeFile(readFileSync(path), path, 'bad-config')
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw new BakError('bad-config', `cannot read ${path}: ${whyOf(cause)}`, { cause })
  }
}

/** In the home of another user nothing can be seen: that is told when the socket there is asked. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) != null
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES') return false
    throw cause
  }
}
