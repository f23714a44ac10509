/** Calls systemctl, if systemd runs. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Place } from './places.ts'

/** Longer than TimeoutStopSec of the unit. */
const SYSTEMCTL_TIMEOUT_MS = 90_000

/** @returns whether a running manager starts units of this place; sd_booted(3) */
export const isManaged = ({ root }: Place, booted = '/run/systemd/system') => root === '/' && existsSync(booted)

/** @returns the command line for a message */
export const systemctl = (place: Place, ...words: string[]) => ['systemctl', ...scoped(place, words)].join(' ')

const scoped = ({ scope }: Place, words: string[]) => (scope === 'user' ? ['--user', ...words] : words)

/** @throws {BakError} `io` with the error message of systemctl */
export async function callSystemctl(place: Place, ...words: string[]): Promise<void> {
  try {
    await promisify(execFile)('systemctl', scoped(place, words), { timeout: SYSTEMCTL_TIMEOUT_MS })
  } catch (cause) {
    const message = String((cause as { stderr?: string }).stderr ?? '').trim() || asBakError(cause).message
    throw new BakError('io', `${systemctl(place, ...words)}: ${message}`, { cause })
  }
}
