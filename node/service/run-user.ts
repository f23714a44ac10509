/** Makes the user that programs of others run as. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asBakError } from '../../protocols/errors.ts'
import { RUN_USER } from '../processes/run-as.ts'
import type { Place } from './places.ts'

const TIMEOUT_MS = 20_000

/** A system user without a home and a shell. @returns lines that say what was done, or what is left to do */
export async function makeRunUser({ scope, root }: Place): Promise<string[]> {
  if (scope === 'user' || process.getuid?.() !== 0) return []
  const passwd = await readFile(join(root, 'etc/passwd'), 'utf8').catch(() => undefined)
  // a root without users is no system yet
  if (passwd == null || passwd.split('\n').some(line => line.startsWith(`${RUN_USER}:`))) return []
  const at = root === '/' ? [] : ['--prefix', root]
  const words = [...at, '--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent']
  try {
    await promisify(execFile)('useradd', [...words, '--shell', '/usr/sbin/nologin', RUN_USER], { timeout: TIMEOUT_MS })
    return [`made the user ${RUN_USER}, as which programs of others run here`]
  } catch (cause) {
    const why = String((cause as { stderr?: string }).stderr ?? '').trim() || asBakError(cause).message
    return [`the user ${RUN_USER} was not made: ${why.split('\n')[0]}; programs of others run as nobody`]
  }
}
