/** Paths of unit files, and the homes that they serve. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ownFolder } from '../../protocols/default-home.ts'
import { BakError } from '../../protocols/errors.ts'
import { isCode, unlessMissing } from '../store/disk.ts'
import { homeOfUnit, type Scope } from './unit.ts'

/** Much more than a unit file of bak-node. */
const MAX_UNIT_BYTES = 64 * 1024

export interface Place {
  scope: Scope
  /** Root of the file system, as for `systemctl --root`. */
  root: string
}

/** @returns the folder where an administrator, or a user, puts units; systemd.unit(5) */
export function folderOf({ scope, root }: Place, env = process.env): string {
  const own = resolve(env.XDG_CONFIG_HOME || join(env.HOME || ownFolder() || '/', '.config'), 'systemd/user')
  return join(root, scope === 'system' ? '/etc/systemd/system' : own)
}

/** @throws {BakError} `usage` for a name that systemd would refuse */
export function unitPath(place: Place, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9:_.-]{0,199}$/.test(name)) {
    throw new BakError('usage', `--unit ${name}: a name of letters, digits and :_.- is needed, such as bak-node`)
  }
  return join(folderOf(place), `${name}.service`)
}

/**
 * @returns the home that the unit serves; undefined if there is no file
 * @throws {BakError} `not-allowed` if bak-node did not write it, or it is a link
 */
export async function readUnit(path: string): Promise<string | undefined> {
  const stat = await unlessMissing(lstat(path)).catch(cause => {
    throw isCode(cause, 'EACCES') ? new BakError('not-allowed', `cannot read ${path}`, { cause }) : cause
  })
  if (stat == null) return undefined
  const home = stat.isFile() && stat.size <= MAX_UNIT_BYTES ? homeOfUnit(await readFile(path, 'utf8')) : undefined
  if (home == null) throw new BakError('not-allowed', `bak-node did not write ${path}: it was not changed`)
  return home
}

/** @returns the names of the units of bak-node in a place that serve a home */
export async function unitsFor(place: Place, home: string): Promise<string[]> {
  const folder = folderOf(place)
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.service'))
  const found: string[] = []
  for (const name of names.sort()) {
    const served = await readUnit(join(folder, name)).catch(() => undefined)
    if (served === home) found.push(name.slice(0, -'.service'.length))
  }
  return found
}
