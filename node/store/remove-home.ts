/** What goes when a home leaves its mesh, and when it is to vanish. Links are never followed: what they lead to stays. */
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { isTemporary } from './atomic.ts'
import { isCode, onDisk, unlessMissing } from './disk.ts'
import type { Home } from './home.ts'

const SHOWN = 5

/**
 * @returns false where there is nothing
 * @throws {BakError} `not-allowed` for a folder in which no key of a peer is, or a link to one
 */
export async function isHome({ root, key }: Home): Promise<boolean> {
  const stat = await unlessMissing(lstat(root))
  if (stat == null) return false
  if (stat.isSymbolicLink()) {
    throw new BakError('not-allowed', `${root} is a link: name the folder that it leads to with --home`)
  }
  const found = await onDisk(key, () => unlessMissing(lstat(key)))
  if (found?.isFile()) return true
  throw new BakError('not-allowed', `${root} is not a home of bak-node, as no key of a peer is in it: it is left alone`)
}

/**
 * @param everything the home is to be deleted
 * @param founded this peer founded the mesh, and others are in it
 * @returns in words what nobody could bring back afterwards
 */
export async function lossesOf(
  home: Home,
  { everything, founded }: { everything: boolean; founded: boolean }
): Promise<string[]> {
  const losses: string[] = []
  const work = await namesIn(home.work())
  if (work.length > 0) losses.push(`data that was not taken yet by the controllers of ${few(work)}: bak collect there`)
  const arriving = await arrivingIn(home)
  if (arriving.length > 0) losses.push(`tarballs that are still to come, of ${few(arriving)}`)
  const results = everything ? await namesIn(home.runs()) : []
  if (results.length > 0) losses.push(`results of ${few(results)}: bak move`)
  if (founded) {
    const how = everything ? 'its key is the root of all rights there' : 'it can only be let in again by an admin'
    losses.push(`the founder of a mesh that has other peers: ${how}`)
  }
  return losses
}

/** Forgets the mesh; what is not of the mesh stays. @returns what was done, in words */
export async function forget(home: Home): Promise<string[]> {
  const kept = [home.key, home.config, home.socket, home.lock, home.ledger, home.registered]
  const folders = [home.runs(), home.work(), home.inbox()]
  const left = (await unlessMissing(lstat(home.mesh))) != null
  for (const path of namesOf(home)) if (!kept.includes(path) && !folders.includes(path)) await remove(path)
  return [left ? `left the mesh; key, settings and results are still in ${home.root}` : `${home.root} is in no mesh`]
}

/** Deletes what a home holds, the key last, and the folder if nothing else is in it. @returns what was done, in words */
export async function purge(home: Home): Promise<string[]> {
  const said: string[] = []
  for (const path of [...namesOf(home).filter(path => path !== home.key), ...(await leftOvers(home)), home.key]) {
    if (await remove(path)) said.push(`${path} was a link: what it led to is still there`)
  }
  const rest = await removeFolder(home.root)
  if (rest == null) return [...said, `deleted ${home.root}`]
  return [...said, `deleted what was of bak in ${home.root}; what stays is not: ${rest}`]
}

/** All that has a name in a home. */
function namesOf({ root, ...names }: Home): string[] {
  return Object.values(names).map(each => (typeof each === 'string' ? each : each()))
}

/** What a crash left behind, and claims on the lock. */
async function leftOvers({ root, lock }: Home): Promise<string[]> {
  const claim = `${basename(lock)}.`
  return (await namesIn(root)).filter(name => isTemporary(name) || name.startsWith(claim)).map(name => join(root, name))
}

/** @returns whether it was a link */
async function remove(path: string): Promise<boolean> {
  return onDisk(path, async () => {
    const stat = await unlessMissing(lstat(path))
    // rm takes links for what they are, in a folder too
    if (stat != null) await rm(path, { recursive: true, force: true })
    return stat?.isSymbolicLink() === true
  })
}

/** @returns why the folder is still there, if it is */
async function removeFolder(root: string): Promise<string | undefined> {
  try {
    await rmdir(root)
    return undefined
  } catch (cause) {
    if (isCode(cause, 'ENOTEMPTY', 'EEXIST')) return few(await namesIn(root))
    if (isCode(cause, 'EBUSY', 'EACCES', 'EPERM', 'EROFS')) return 'the empty folder'
    throw cause
  }
}

async function arrivingIn(home: Home): Promise<string[]> {
  const found: string[] = []
  for (const run of await namesIn(home.inbox())) {
    const names = await namesIn(join(home.inbox(), run))
    if (names.some(name => name.endsWith('.part'))) found.push(run)
  }
  return found
}

async function namesIn(folder: string): Promise<string[]> {
  return (await unlessMissing(readdir(folder))) ?? []
}

const few = (names: string[]) =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
