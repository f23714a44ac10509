/** Room of the file systems of this machine, as `df` shows it. */
import { statfs } from 'node:fs/promises'
import { csvLine } from '../../../protocols/csv.ts'
import { globOf } from '../../../protocols/glob.ts'
import { type Mount, ownMounts } from '../../processes/mounts.ts'
import { sampledTool } from './sampled-tool.ts'

/** Others may not answer, as a server that is gone, and would hold up the daemon: they are left out, and named. */
const LOCAL = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs jfs reiserfs nilfs2 vfat exfat ntfs3 udf overlay tmpfs ramfs'.split(' ')
)
/** Without room of their own. */
const PSEUDO =
  /^(proc|sysfs|dev(tmpfs|pts)|cgroup2?|(trace|debug|config|security|hugetlb|efivar|rpc_pipe)fs|pstore|bpf|mqueue|autofs|binfmt_misc|fusectl|nsfs|selinuxfs|squashfs|iso9660|fuse\.(lxcfs|portal|gvfsd-fuse))$/

/** Patterns of mounts, and characters of each: all are compared with each mount at each sample. */
const MAX_PATTERNS = 64
const MAX_PATTERN = 256

/** Pure. @returns those that are sampled, each device once; and those that are not */
export function chosenMounts(mounts: Mount[], patterns: string[]): { local: Mount[]; others: Mount[] } {
  const fits = patterns.map(globOf)
  const wanted = mounts.filter(
    ({ point, type }) => !PSEUDO.test(type) && (fits.length === 0 || fits.some(fit => fit(point)))
  )
  const once = [...new Map(wanted.toReversed().map(each => [each.device, each])).values()].toReversed()
  return { local: once.filter(({ type }) => LOCAL.has(type)), others: once.filter(({ type }) => !LOCAL.has(type)) }
}

const patternsOf = ({ mounts }: Record<string, unknown>) => `${mounts ?? ''}`.split(',').filter(each => each !== '')

export const disk = sampledTool({
  name: 'disk',
  summary: 'room of each file system of this machine, as df shows it; built in',
  settings: [
    {
      name: 'mounts',
      type: 'string',
      noPath: true,
      summary: 'where they are mounted, with commas between them and * in them; by default all',
      check: text =>
        text.split(',').length <= MAX_PATTERNS && text.split(',').every(each => each.length <= MAX_PATTERN)
          ? undefined
          : `expected up to ${MAX_PATTERNS} paths of up to ${MAX_PATTERN} characters, with commas between them`
    }
  ],
  files: [
    { name: 'disk.csv', what: 'mount, type, source; bytes in all, used and available to users; files in all and free' }
  ],
  async why(values) {
    const { local, others } = chosenMounts(ownMounts(), patternsOf(values))
    if (local.length > 0) return undefined
    if (others.length > 0) return `${inWords(others)}: not sampled, as it may not answer`
    return `nothing is mounted at ${values.mounts ?? '/'}`
  },
  remarks(values) {
    const { others } = chosenMounts(ownMounts(), patternsOf(values))
    return others.length === 0 ? [] : [`not sampled, as they may not answer: ${inWords(others)}`]
  },
  open: values => [
    {
      file: 'disk.csv',
      columns: () => ['mount', 'type', 'source', 'size', 'used', 'available', 'files', 'files_free'],
      async rows() {
        const { local } = chosenMounts(ownMounts(), patternsOf(values))
        return (await Promise.all(local.map(rowOf))).flat()
      }
    }
  ]
})

async function rowOf({ point: path, type, source }: Mount): Promise<string[]> {
  // unmounted meanwhile, or not for this user
  const found = await statfs(path).catch(() => undefined)
  if (found == null || found.blocks === 0) return []
  const { bsize, blocks, bfree, bavail, files, ffree } = found
  const bytes = [blocks, blocks - bfree, bavail].map(each => each * bsize)
  return [csvLine([path, type, source, ...bytes, files, ffree])]
}

const inWords = (mounts: Mount[]) =>
  mounts
    .slice(0, 4)
    .map(({ point, type }) => `${point} (${type})`)
    .join(', ')
