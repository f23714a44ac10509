/**
 * How a program that a run of others brings is kept apart from this peer: as another user where the daemon is root's, in a sandbox
 * where it is not. Pure: which way this machine has, and the command line that starts a program so.
 */
import { normalize } from 'node:path'
import type { WritableMount } from './mounts.ts'
import type { RunAs } from './run-as.ts'
import { isAtOrBelow, ownFolders, quoted, type Spaces, spacesOf } from './spaces.ts'

export type Isolation =
  | ({ how: 'user'; setpriv: string; network: boolean; spaces: Spaces } & RunAs)
  | { how: 'sandbox'; bwrap: string; hidden: string[]; shown: string[]; network: boolean }
  /** As the user of the daemon, since the owner says so. */
  | { how: 'owner'; limit: boolean }

export interface IsolationFacts {
  isRoot: boolean
  /** Whether the owner lets programs of others run as the user of the daemon. */
  mayRunAsOwner: boolean
  /** Whether they may use the network. */
  network: boolean
  runAs?: RunAs
  /** Paths of programs that were found and that work, or why they do not. */
  setpriv: Found
  unshare: Found
  mount: Found
  bwrap: Found
  hidden: string[]
  shown: string[]
}

export type Found = { path: string } | { why: string }

/** @returns how programs of others run on this machine, or why they do not */
export function isolationOf(facts: IsolationFacts): Isolation | { why: string } {
  const { isRoot, mayRunAsOwner, network, setpriv, unshare, mount, bwrap, runAs, hidden, shown } = facts
  if (isRoot) {
    if (runAs == null || 'why' in setpriv)
      return { why: `setpriv of util-linux ${'why' in setpriv ? setpriv.why : ''}` }
    if (!network && 'why' in unshare) return { why: `without the network: unshare of util-linux ${unshare.why}` }
    const lacking = 'why' in unshare ? `unshare ${unshare.why}` : 'why' in mount ? `mount ${mount.why}` : undefined
    const spaces = {
      unshare: 'path' in unshare ? unshare.path : undefined,
      mount: lacking == null && 'path' in mount ? mount.path : undefined,
      ...{ lacks: lacking, shown }
    }
    return { how: 'user', ...runAs, setpriv: setpriv.path, network, spaces }
  }
  if ('path' in bwrap) return { how: 'sandbox', bwrap: bwrap.path, hidden, shown, network }
  return mayRunAsOwner ? { how: 'owner', limit: true } : { why: `bubblewrap (bwrap) ${bwrap.why}` }
}

/** Rlimits, which hold for each process. */
export interface Rlimits {
  nofile?: number
  /** Largest file, bytes. */
  fsize?: number
  /** Bytes of each folder in memory. */
  tmpfs?: number
}

interface Start {
  argv: string[]
  isolation: Isolation
  /** Its working folder. */
  folder: string
  /** Folders beside that one in which it may write. */
  writable?: string[]
  /** What is mounted on this machine where another user could write. */
  mounts?: WritableMount[]
  rlimits: Rlimits
  /** Words by which it enters namespaces that are there, in the place of some of its own. */
  entering?: string[] | undefined
  /** Files into which a process writes its id to enter a cgroup. */
  enter: string[]
  /** The folder that the program starts in instead, which its user may enter or not. */
  directory?: string | undefined
  /**
   * Variables of the program alone. What starts it runs with more rights than the program, and some variables make any program load
   * what they name.
   */
  env?: Record<string, string>
}

/** What setpriv starts is still found and started with the capabilities of root; what that starts, with the rights of its user only. */
const AS_ITS_USER = ['/bin/sh', '-c', 'exec "$@"', 'bak-start']
/** Who enters namespaces is at their root. */
const inFolder = (folder: string) => ['/bin/sh', '-c', 'cd "$0" && exec "$@"', folder]

/** @returns the command line; the process that it starts is, or in a sandbox is the parent of, the program */
export function wrap(start: Start): string[] {
  const { argv, isolation, rlimits, enter, entering, directory, env = {} } = start
  const begin = entering == null ? AS_ITS_USER : inFolder(start.folder)
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const program = [
    ...wordsOf(start),
    ...(isolation.how === 'user' ? begin : []),
    ...(directory == null ? [] : inFolder(directory)),
    ...(variables.length === 0 ? [] : ['env', ...variables]),
    ...argv
  ]
  const lines = [
    ...enter.map(file => `echo $$ > ${quoted(file)} || exit 126`),
    ...(isolation.how === 'owner' && !isolation.limit ? [] : limitLines(rlimits))
  ]
  return lines.length === 0 ? program : ['/bin/sh', '-c', `${lines.join('\n')}\nexec "$@"`, 'bak-start', ...program]
}

/**
 * A limit that cannot be set, because a lower one holds already, is no error. Files are counted in blocks of 512 bytes. Where memory is
 * short the kernel ends these programs before the daemon and what else the machine is for.
 */
const limitLines = ({ nofile, fsize }: Rlimits) => [
  'umask 077',
  'ulimit -c 0 2>/dev/null',
  'echo 1000 2>/dev/null >/proc/self/oom_score_adj',
  ...(nofile == null ? [] : [`ulimit -n ${nofile} 2>/dev/null`]),
  ...(fsize == null ? [] : [`ulimit -f ${Math.ceil(fsize / 512)} 2>/dev/null`])
]

function wordsOf(start: Start): string[] {
  const { isolation, folder, writable = [], mounts = [], entering, rlimits } = start
  const [program = ''] = start.argv
  const folders = [folder, ...writable]
  if (isolation.how === 'owner') return []
  if (isolation.how === 'sandbox') return sandbox(isolation, folders, program)
  const { uid, gid, setpriv, spaces, network } = isolation
  return [
    ...(entering ?? spacesOf({ spaces, network, folders, program, mounts, tmpfs: rlimits.tmpfs })),
    ...[setpriv, '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--no-new-privs'],
    ...['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--']
  ]
}

/** All is read-only but the folders, in the first of which it starts; hidden are the home, what else is its owner's, and the sockets of the owner's session. */
function sandbox(
  { bwrap, hidden, shown, network }: Isolation & { how: 'sandbox' },
  folders: string[],
  program: string
): string[] {
  const own = hidden.some(path => normalize(program).startsWith(`${path}/`)) ? ['--ro-bind-try', program, program] : []
  return [
    ...[bwrap, '--die-with-parent', '--new-session', '--unshare-user', '--unshare-pid', '--unshare-ipc'],
    ...['--unshare-cgroup-try', ...(network ? [] : ['--unshare-net']), '--cap-drop', 'ALL'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...mountsOf(hidden, shown), ...own],
    ...[...folders.flatMap(path => ['--bind', path, path]), '--chdir', folders[0] as string, '--']
  ]
}

/** A folder comes before those in it: what is hidden stays so in a folder that is shown. */
function mountsOf(hidden: string[], shown: string[]): string[] {
  const all = [
    ...hidden.filter(path => !shown.includes(path)).map(path => ({ path, words: ['--tmpfs', path] })),
    ...shown.map(path => ({ path, words: ['--ro-bind-try', path, path] }))
  ]
  return all.sort((a, b) => a.path.length - b.path.length).flatMap(({ words }) => words)
}

/**
 * @param path of a folder @param named where the program works, and what it is
 * @returns the folder in whose place the program has an empty one, so that it does not find the path below it; undefined where it finds it
 */
export function hidingFolder(
  isolation: Isolation | { why: string },
  path: string,
  named: string[]
): string | undefined {
  if ('why' in isolation || isolation.how === 'owner') return undefined
  const isBelow = (folder: string) => path !== folder && isAtOrBelow(path, folder)
  if (isolation.how === 'user') return ownFolders(isolation.spaces, named).find(isBelow)
  const { hidden, shown } = isolation
  const nearest = [...hidden, ...shown].filter(each => isAtOrBelow(path, each)).sort((a, b) => b.length - a.length)[0]
  return nearest != null && !shown.includes(nearest) && isBelow(nearest) ? nearest : undefined
}

/** @returns for `bak-node status`, the audit and the answer to `join` */
export function isolationInWords(isolation: Isolation | { why: string }): string {
  if ('why' in isolation) return `programs of others do not run here: ${isolation.why}`
  if (isolation.how === 'user') {
    const { user, uid, network, spaces } = isolation
    const own = spaces.lacks == null ? ', with a /tmp of their own' : ''
    return `programs of others run as ${user} (${uid}), without privileges${own}${network ? '' : ', without the network'}`
  }
  if (isolation.how === 'owner') return 'programs of others run as the user of this daemon: --allow-workloads'
  return `programs of others run under bubblewrap${isolation.network ? '' : ', without the network'}`
}
