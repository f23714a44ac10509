/** Writes and removes the unit of a daemon; changes no file that bak-node did not write. */
import { lstat, mkdir, readlink, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { writeAtomic } from '../store/atomic.ts'
import { isCode, unlessMissing } from '../store/disk.ts'
import { callSystemctl, isManaged } from './manager.ts'
import { type Place, readUnit, unitPath } from './places.ts'
import { targetOf } from './unit.ts'

/**
 * @returns the path
 * @throws {BakError} `not-allowed` for a unit that bak-node did not write or that serves another home, or without permission to
 * write there; `cannot-create`
 */
export async function writeUnit(place: Place, name: string, home: string, text: string): Promise<string> {
  const path = unitPath(place, name)
  const served = await readUnit(path)
  if (served != null && served !== home) {
    throw new BakError('not-allowed', `${path} serves the home ${served}: choose another name with --unit`)
  }
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeAtomic(path, text)
  } catch (cause) {
    throw refused(place, path, 'write', cause)
  }
  return path
}

interface Removed {
  path: string
  existed: boolean
  /** Errors that did not prevent the removal. */
  warnings: string[]
}

/** Stops and disables the unit where systemd runs, and removes its file. @throws {BakError} as `writeUnit` does */
export async function removeUnit(place: Place, name: string): Promise<Removed> {
  const path = unitPath(place, name)
  const existed = (await readUnit(path)) != null
  const managed = existed && isManaged(place)
  const warnings: string[] = []
  const systemctl = (...words: string[]) =>
    callSystemctl(place, ...words).catch(cause => void warnings.push(asBakError(cause).message))
  if (managed) await systemctl('disable', '--now', basename(path))
  try {
    await removeLink(join(dirname(path), `${targetOf(place.scope)}.wants`, basename(path)), path)
    await rm(path, { force: true })
  } catch (cause) {
    throw refused(place, path, 'remove', cause)
  }
  if (managed) await systemctl('daemon-reload')
  return { path, existed, warnings }
}

/** Removes the link of `systemctl enable`, for a root where systemctl cannot. */
async function removeLink(link: string, path: string): Promise<void> {
  const stat = await unlessMissing(lstat(link))
  if (stat?.isSymbolicLink() && basename(await readlink(link)) === basename(path)) await rm(link)
}

function refused({ scope }: Place, path: string, what: string, cause: unknown): BakError {
  const why = asBakError(cause).message
  if (!isCode((cause as BakError).cause ?? cause, 'EACCES', 'EPERM')) {
    return new BakError('cannot-create', `cannot ${what} ${path}: ${why}`, { cause })
  }
  const how = scope === 'system' ? ': run it as root, or with --user for yourself alone' : ''
  return new BakError('not-allowed', `no permission to ${what} ${path}${how}`, { cause })
}
