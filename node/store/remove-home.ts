/** Removes the state of a mesh from a home, or the whole home. Links are never followed: their targets stay. */
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { isTemporary } from './atomic.ts'
import { isCode, onDisk, unlessMissing } from './disk.ts'
import type { Home } from './home.ts'

/** Names in one message. */
const MAX_SHOWN = 5

/**
 * @returns false if there is no such folder
 * @throws {BakError} `not-allowed` for a folder without the key of a peer, or a link
 */
export async function isHome({ root, key }: Home): Promise<boolean> {
  const stat = await unlessMissing(lstat(root))
  if (stat == null) return false
  if (stat.isSymbolicLink()) {
    throw new BakError('not-allowed', `${root} is a link: pass its target with --home`)
  }
  const found = await onDisk(key, () => unlessMissing(lstat(key)))
  if (found?.isFile()) return true
  throw new BakError(
    'not-allowed',
    `${root} is not a home of bak-node, as it has no key of a peer: nothing was removed`
  )
}

/**
 * @param everything the whole home is to be deleted
 * @param founded this peer founded the mesh, and it has other peers
 * @param onlyAdmin the other peers have no admin but this one
 * @returns a sentence for each thing that would be lost for good
 */
export async function lossesOf(
  home: Home,
  { everything, founded, onlyAdmin }: { everything: boolean; founded: boolean; onlyAdmin: boolean }
): Promise<string[]> {
  const losses: string[] = []
  const work = await namesIn(home.work())
  if (work.length > 0)
    losses.push(
      `data that the controllers have not collected yet, of ${listInWords(work, MAX_SHOWN)}: run bak collect there`
    )
  const partial = await partiallyReceivedIn(home)
  if (partial.length > 0)
    losses.push(`tarballs that have not been received completely, of ${listInWords(partial, MAX_SHOWN)}`)
  const results = everything ? await namesIn(home.runs()) : []
  if (results.length > 0) losses.push(`results of ${listInWords(results, MAX_SHOWN)}: bak move`)
  if (founded) {
    const letIn = onlyAdmin ? 'nobody can let it in again' : 'it can only be let in again by an admin'
    const how = everything ? 'its key is the root of all rights there' : letIn
    losses.push(`the founder of a mesh that has other peers: ${how}`)
  }
  if (onlyAdmin)
    losses.push(
      'the only admin of a mesh that has other peers: nobody could invite, revoke or renew there any more; first let an admin join: bak-node invite --role admin'
    )
  return losses
}

/** Removes the state of the mesh only. @returns sentences that say what was done */
export async function forget(home: Home): Promise<string[]> {
  const owners = [home.config, home.hooks, home.tools]
  const kept = [...owners, home.key, home.kept, home.socket, home.lock, home.ledger, home.registered]
  const folders = [home.runs(), home.work(), home.inbox()]
  const wasInMesh = (await unlessMissing(lstat(home.mesh))) != null
  for (const path of namesOf(home)) if (!kept.includes(path) && !folders.includes(path)) await remove(path)
  return [
    wasInMesh ? `left the mesh; key, settings and results are still in ${home.root}` : `${home.root} is in no mesh`
  ]
}

/** Deletes all files of bak in a home, the key last, and the folder if it is then empty. @returns sentences that say what was done */
export async function purge(home: Home): Promise<string[]> {
  const done: string[] = []
  for (const path of [...namesOf(home).filter(path => path !== home.key), ...(await leftoversOf(home)), home.key]) {
    if (await remove(path)) done.push(`${path} was a link: its target is still there`)
  }
  const rest = await removeFolder(home.root)
  if (rest == null) return [...done, `deleted ${home.root}`]
  return [...done, `deleted the files of bak in ${home.root}; other files stay: ${rest}`]
}

/** All paths that a home may have. */
function namesOf({ root, ...names }: Home): string[] {
  return Object.values(names).map(each => (typeof each === 'string' ? each : each()))
}

/** Temporary files and claims on the lock that a crash left. */
async function leftoversOf({ root, lock }: Home): Promise<string[]> {
  const claim = `${basename(lock)}.`
  return (await namesIn(root)).filter(name => isTemporary(name) || name.startsWith(claim)).map(name => join(root, name))
}

/** @returns whether it was a link */
async function remove(path: string): Promise<boolean> {
  return onDisk(path, async () => {
    const stat = await unlessMissing(lstat(path))
    // rm does not follow links, also inside a folder
    if (stat != null) await rm(path, { recursive: true, force: true })
    return stat?.isSymbolicLink() === true
  })
}

/** @returns what is left in the folder, or undefined if it was removed */
async function removeFolder(root: string): Promise<string | undefined> {
  try {
    await rmdir(root)
    return undefined
  } catch (cause) {
    if (isCode(cause, 'ENOTEMPTY', 'EEXIST')) return listInWords(await namesIn(root), MAX_SHOWN)
    if (isCode(cause, 'EBUSY', 'EACCES', 'EPERM', 'EROFS')) return 'the empty folder'
    throw cause
  }
}

async function partiallyReceivedIn(home: Home): Promise<string[]> {
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
