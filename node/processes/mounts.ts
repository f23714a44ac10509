/**
 * What is mounted on this machine, proc_pid_mountinfo(5), and where a user could write in it. The mounts of containers and of other users lie
 * in folders that nobody else enters: hundreds of them are none of its business.
 */
import { statSync } from 'node:fs'
import { textIn } from '../if-possible.ts'

export interface Mount {
  /** MAJOR:MINOR of what is mounted. */
  device: string
  /** Such as `/dev/vda1`. */
  source: string
  root: string
  point: string
  type: string
  /** Of this mount, such as `rw`, `nosuid`. */
  flags: string[]
  /** Of the file system. */
  options: string[]
}

/** A mount that can be written to, with the flags that it keeps when it is made read-only. */
export interface WritableMount {
  point: string
  flags: string[]
}

/** File systems of the kernel, in which the user of a program owns nothing but its own processes and terminals. */
const OF_KERNEL = new Set(
  (
    'proc sysfs devpts cgroup cgroup2 securityfs debugfs tracefs bpf pstore configfs fusectl binfmt_misc efivarfs autofs nsfs ' +
    'rpc_pipefs selinuxfs smackfs'
  ).split(' ')
)
const KEPT_FLAGS = new Set(['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime', 'nosymfollow'])

/** @returns the mounts that this process sees; none where there is no /proc */
export const ownMounts = (): Mount[] => mountsOf(textIn('/proc/self/mountinfo') ?? '')

/** @param mountinfo the text of /proc/self/mountinfo */
export const mountsOf = (mountinfo: string): Mount[] =>
  mountinfo
    .split('\n')
    .map(mountOf)
    .filter(mount => mount != null)

function mountOf(line: string): Mount | undefined {
  const [before = '', after] = line.split(' - ')
  const [, , device = '', root, point, flags = ''] = before.split(' ')
  const [type, source = '', options = ''] = (after ?? '').split(' ')
  if (root == null || point == null || type == null) return undefined
  return {
    ...{ device, type, source: unescaped(source), root: unescaped(root), point: unescaped(point) },
    ...{ flags: flags.split(','), options: options.split(',') }
  }
}

const unescaped = (text: string) =>
  text.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))

/** Of a server: to look at one whose server is gone takes for ever. */
const REMOTE = /^(nfs|cifs|smb|9p|ceph|afs|lustre|gpfs|beegfs|gfs2|ocfs2|fuse|virtiofs)/

/** @param canEnter whether the user may pass through a folder @returns those in which it may find a place to write to, the upper of two at one point */
export function writableMounts(mounts: Mount[], canEnter: (folder: string) => boolean): WritableMount[] {
  const top = new Map(mounts.map(mount => [mount.point, mount]))
  const isRemote = (path: string) => REMOTE.test(top.get(path)?.type ?? '')
  return [...top.values()]
    .filter(({ point, type, flags, options }) => {
      // without allow_other the kernel lets in its owner alone, and not even root
      const isPrivate = point !== '/' && /^fuse(\.|$)/.test(type) && !options.includes('allow_other')
      return flags.includes('rw') && !OF_KERNEL.has(type) && !isPrivate
    })
    .filter(({ point }) => {
      const above = foldersAbove(point)
      const remote = above.findIndex(isRemote)
      return above.slice(0, remote < 0 ? above.length : remote).every(canEnter)
    })
    .map(({ point, flags }) => ({ point, flags: flags.filter(each => KEPT_FLAGS.has(each)) }))
}

/** @returns `/`, `/a` for `/a/b` */
function foldersAbove(path: string): string[] {
  if (path === '/') return []
  const names = path.split('/').slice(0, -1)
  return names.map((_, depth) => names.slice(0, depth + 1).join('/') || '/')
}

/** @returns where this user could write on this machine; nothing where the mounts cannot be read */
export function writableMountsFor(user: { uid: number; gid: number }): WritableMount[] {
  return writableMounts(ownMounts(), folder => canEnter(folder, user))
}

function canEnter(folder: string, { uid, gid }: { uid: number; gid: number }): boolean {
  try {
    const { uid: owner, gid: group, mode } = statSync(folder)
    return ((mode >> (owner === uid ? 6 : group === gid ? 3 : 0)) & 1) === 1
  } catch (cause) {
    // it is gone, or lies under another mount
    return (cause as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
