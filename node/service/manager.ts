/** systemd itself, where it runs. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Place } from './places.ts'

/** A daemon that is stopped may take as long as its unit lets it, ms. */
const PATIENCE = 90_000

/** Whether units of this place would be started by a manager that runs now; sd_booted(3) */
export const isManaged = ({ root }: Place, booted = '/run/systemd/system') => root === '/' && existsSync(booted)

/** What a person types. */
export const systemctl = (place: Place, ...words: string[]) => ['systemctl', ...scoped(place, words)].join(' ')

const scoped = ({ scope }: Place, words: string[]) => (scope === 'user' ? ['--user', ...words] : words)

/** @throws {BakError} `io` with what systemctl said */
export async function callSystemctl(place: Place, ...words: string[]): Promise<void> {
  try {
    await promisify(execFile)('systemctl', scoped(place, words), { timeout: PATIENCE })
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? '').trim() || asBakError(cause).message
    throw new BakError('io', `${systemctl(place, ...words)}: ${said}`, { cause })
  }
}
