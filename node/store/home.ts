/** Where the files of one daemon are: in the folder that `--home` or BAK_HOME names. */
import { join, resolve } from 'node:path'
import { defaultHome, socketOf } from '../../protocols/default-home.ts'
import { BakError } from '../../protocols/errors.ts'
import { SOCKETS } from '../processes/socket-folder.ts'
import { makeFolder } from './disk.ts'
import { checkFolder } from './private.ts'

/** The path of a unix socket must fit into sun_path; unix(7) */
const MAX_SOCKET_PATH_BYTES = 107

export interface Home {
  root: string
  /** The peer's private key (0600). */
  key: string
  mesh: string
  /** Revocations and invitations (0600). */
  trust: string
  peers: string
  config: string
  /** Name and labels that a flag or variable gave at an earlier start. */
  kept: string
  /** The control socket (0600). */
  socket: string
  /** The folder of the sockets of workloads. */
  sockets: string
  lock: string
  /** Running process groups, for the next daemon after a crash. */
  ledger: string
  /** What was started here for others. */
  audit: string
  /** Whom names in `allow.controllers` and `allow.archive` mean (0600). */
  controllers: string
  /** Tools that were registered on this peer. */
  registered: string
  /** What this machine needed for the load of the tool `gauge` before. */
  gauges: string
  /** What lists say of the results that are here, read from their records; it can be deleted at any time. */
  index: string
  /** What this peer knows of jobs (SQLite); it can be deleted at any time. */
  jobs: string
  /** What is staged here. */
  artifacts: string
  /** Which of them was fetched from an address. */
  sources: string
  /** What podman keeps of jobs that run in an image. */
  containers: string
  /** Copies of data that is served; nothing in it outlives the daemon. */
  reports: string
  /** Executables of the owner, run when this machine joins a run and when that ends. */
  hooks: string
  /** Tools of the owner, a file each. */
  tools: string
  /** Results of all runs, or of one. */
  runs(run?: string): string
  /** What a member keeps of a run until it has a receipt. */
  work(run?: string): string
  /** Tarballs of a run in transfer, and the receipts of those received. */
  inbox(run?: string): string
}

/**
 * Creates the home (0700) if it is missing.
 * @throws {BakError} `bad-config` if others may enter it and `not-allowed` if it is another user's, each with the command
 * that repairs it; `cannot-create`
 */
export async function openHome(dir = defaultHome()): Promise<Home> {
  const home = homeAt(dir)
  if (Buffer.byteLength(home.socket) > MAX_SOCKET_PATH_BYTES) {
    throw new BakError('bad-config', `the path ${home.root} is too long for a socket in it: choose another --home`)
  }
  try {
    await makeFolder(home.root, 0o700)
    await checkFolder(home.root)
    for (const folder of [home.runs(), home.work(), home.inbox()]) await makeFolder(folder, 0o700)
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw new BakError('cannot-create', `cannot create ${home.root}: ${(cause as Error).message}`, { cause })
  }
  return home
}

/** The paths of a home, without access to the disk. */
export function homeAt(dir: string): Home {
  const root = resolve(dir)
  const below = (folder: string) => (name?: string) =>
    name == null ? join(root, folder) : join(root, folder, pathPart(name))
  return {
    root,
    key: join(root, 'key'),
    mesh: join(root, 'mesh.json'),
    trust: join(root, 'trust.json'),
    peers: join(root, 'peers.json'),
    config: join(root, 'config.toml'),
    kept: join(root, 'kept.json'),
    socket: socketOf(root),
    sockets: join(root, SOCKETS),
    lock: join(root, 'lock'),
    ledger: join(root, 'processes'),
    audit: join(root, 'audit'),
    controllers: join(root, 'controllers.json'),
    registered: join(root, 'tools.json'),
    gauges: join(root, 'gauges.json'),
    index: join(root, 'index'),
    jobs: join(root, 'jobs'),
    artifacts: join(root, 'artifacts'),
    sources: join(root, 'sources'),
    containers: join(root, 'containers'),
    reports: join(root, 'reports'),
    hooks: join(root, 'hooks.d'),
    tools: join(root, 'tools.d'),
    runs: below('runs'),
    work: below('work'),
    inbox: below('inbox')
  }
}

/** One path component, so that no name can lead out of its folder. */
function pathPart(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) return name
  throw new BakError('bug', `not a file name: ${JSON.stringify(name)}`)
}
