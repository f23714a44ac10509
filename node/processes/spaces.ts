/**
 * Namespaces of its own for a program of another user: all that is mounted is read-only in them, but for its working folders, folders that
 * the owner names, and folders in memory in the place of those in which anybody may write. So what it writes is in a budget and goes with it. Pure.
 */
import { normalize } from 'node:path'
import type { WritableMount } from './mounts.ts'

export interface Spaces {
  unshare?: string
  /** With it, and with IPC of its own, folders in which anybody may write are empty and gone afterwards. */
  mount?: string
  /** Why not all of these are its own. */
  lacks?: string
  /** Folders that programs of runs may name. */
  shown: string[]
}

/** Where anybody may write, and programs expect to. */
const FOLDERS_OF_ALL = ['/tmp', '/var/tmp', '/dev/shm']

interface SpacesOf {
  spaces: Spaces
  network: boolean
  /** Where it works; the first is its own. */
  folders: string[]
  program: string
  /** What is made read-only. */
  mounts: WritableMount[]
  /** Bytes of each folder in memory. */
  tmpfs?: number
}

/** @returns the words before a program: none where this machine has no namespaces. One of the folders in which it, or what the owner names, lies stays as it is */
export function spacesOf({ spaces, network, folders, program, mounts, tmpfs }: SpacesOf): string[] {
  const { unshare, mount, shown } = spaces
  const net = network ? [] : ['--net']
  if (unshare == null || (network && mount == null)) return []
  if (mount == null) return [unshare, ...net, '--']
  const own = ownFolders(spaces, [...folders, program])
  const shared = FOLDERS_OF_ALL.filter(each => !own.includes(each))
  const kept = [...shared, ...shown].filter(path => path !== '/')
  const readOnly = mounts.filter(({ point }) => ![...shared, ...shown, ...own].some(path => isAtOrBelow(point, path)))
  const size = tmpfs == null ? '' : `,size=${Math.floor(tmpfs)}`
  const lines = [
    ...kept.map(
      path => `test ! -d ${quoted(path)} || ${quoted(mount)} --rbind ${quoted(path)} ${quoted(path)} || exit 126`
    ),
    ...folders.map(path => `${quoted(mount)} --bind ${quoted(path)} ${quoted(path)} || exit 126`),
    ...readOnly.map(
      ({ point, flags }) =>
        `${quoted(mount)} -o ${['remount,bind,ro', ...flags].join(',')} ${quoted(point)} || exit 126`
    ),
    ...own.map(path => `test ! -d ${path} || ${quoted(mount)} -t tmpfs -o mode=1777${size} bak ${path} || exit 126`),
    // its working directory is still that below the mount
    `cd ${quoted(folders[0] ?? '/')} || exit 126`,
    'exec "$@"'
  ]
  return [
    ...[unshare, '--mount', '--propagation', 'private', '--ipc', ...net, '--'],
    ...['/bin/sh', '-c', lines.join('\n'), 'bak-spaces']
  ]
}

/**
 * @param named what the program works with or is
 * @returns the folders in whose place it has empty ones: none where this machine has no namespaces
 */
export function ownFolders({ unshare, mount, shown }: Spaces, named: string[]): string[] {
  if (unshare == null || mount == null) return []
  const seen = [...shown, ...named.map(path => normalize(path))]
  return FOLDERS_OF_ALL.filter(each => !seen.some(path => isAtOrBelow(path, each)))
}

export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

export const isAtOrBelow = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
