/** `bak-node leave`: ends the daemon, then removes the mesh from its home or the whole home, unless data would be lost. */
import { callOnce } from '../protocols/control-http.ts'
import { BakError } from '../protocols/errors.ts'
import { activeRuns, statusAt, stopDaemon } from './command.ts'
import { loadIdentity } from './key-file.ts'
import { AddressBook } from './mesh/peering/address-book.ts'
import { MeshFile } from './mesh-file.ts'
import { sweep } from './processes/supervisor.ts'
import { type Place, unitsFor } from './service/places.ts'
import { removeUnit } from './service/unit-file.ts'
import { type Home, homeAt } from './store/home.ts'
import { takeLock } from './store/lock.ts'
import { forget, isHome, lossesOf, purge } from './store/remove-home.ts'

interface LeaveOptions {
  /** Also delete the home and the unit. */
  purge: boolean
  /** Leave even if data would be lost. */
  force: boolean
  /** Called with a line for each step. */
  print(line: string): void
  /** Called with a line for each step that failed. */
  warn(line: string): void
}

/** @throws {BakError} `busy` during a run; `not-allowed` naming what would be lost, or for a folder that is no home */
export async function leaveHome(dir: string, options: LeaveOptions): Promise<void> {
  const home = homeAt(dir)
  const { print } = options
  if (!(await isHome(home))) return print(`${home.root} does not exist: there is nothing to leave`)
  if (!options.force) await refuseLosses(home, options.purge)
  if (options.purge) await removeUnits(home, options)
  // the service manager may have ended the daemon by now
  if ((await statusAt(home.socket)) != null) await stopDaemon(home.socket)
  const lock = await takeLock(home.lock)
  try {
    await sweep(home.ledger)
    for (const line of options.purge ? await purge(home) : await forget(home)) print(line)
  } finally {
    await lock.release()
  }
  if (options.purge) return
  for (const [, unit] of await unitsOf(home)) {
    print(`the unit ${unit} would found a new mesh here: bak-node uninstall --unit ${unit}`)
  }
}

async function refuseLosses(home: Home, everything: boolean): Promise<void> {
  const status = await statusAt(home.socket)
  const runs = status == null ? [] : activeRuns(status)
  if (runs.length > 0) {
    throw new BakError('busy', `runs in progress: ${runs.join(', ')}; wait with bak-node drain --wait, or use --force`)
  }
  const onlyAdmin = status != null && (await isOnlyAdmin(home.socket))
  const losses = await lossesOf(home, { everything, founded: await hasFounded(home), onlyAdmin })
  if (losses.length === 0) return
  throw new BakError('not-allowed', ['this would be lost; use --force to leave nevertheless:', ...losses].join('\n'))
}

/** Whether this home founded the mesh and other peers are in it. */
async function hasFounded(home: Home): Promise<boolean> {
  const { peer } = await loadIdentity(home)
  const mesh = await MeshFile.read(home)
  return mesh?.mesh === peer && (await AddressBook.open(home.peers)).peers().length > 0
}

/** Whether other peers are in the mesh, and no admin among them. */
async function isOnlyAdmin(socket: string): Promise<boolean> {
  const { members } = await callOnce(socket, 'members', {})
  const others = members.filter(({ path, state }) => path !== 'self' && state !== 'left')
  const self = members.find(({ path }) => path === 'self')
  return self?.role === 'admin' && others.length > 0 && !others.some(({ role }) => role === 'admin')
}

async function removeUnits(home: Home, { print, warn }: LeaveOptions): Promise<void> {
  for (const [place, unit] of await unitsOf(home)) {
    const { path, warnings } = await removeUnit(place, unit)
    for (const warning of warnings) warn(warning)
    print(`removed ${path}`)
  }
}

async function unitsOf({ root }: Home): Promise<Array<[Place, string]>> {
  const places: Place[] = [
    { scope: 'system', root: '/' },
    { scope: 'user', root: '/' }
  ]
  const found = await Promise.all(places.map(place => unitsFor(place, root)))
  return places.flatMap((place, i) => (found[i] ?? []).map((unit): [Place, string] => [place, unit]))
}
