/** Block devices and mounted file systems. */
import { statfs } from 'node:fs/promises'
import { type Collector, list, read, readAll, readNumber, redact } from './collector.ts'

/** Local file systems. The usage of a remote one is not read: the call hangs if its server is gone. */
const LOCAL =
  /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|vfat|exfat|ntfs3?|tmpfs|overlay|squashfs|erofs|iso9660)$/
const SECTOR_BYTES = 512
const QUEUE_FACTS = (
  'rotational scheduler nr_requests read_ahead_kb logical_block_size physical_block_size write_cache nomerges rq_affinity ' +
  'max_sectors_kb max_segments discard_max_bytes wbt_lat_usec io_poll iostats zoned fua nr_hw_queues'
).split(' ')
/** A host of containers has thousands. */
const MAX_MOUNTS = 512

export const disks: Collector = {
  async collect() {
    const names = await list('/sys/block')
    const devices = await Promise.all(names.map(describe))
    return { devices: devices.filter(device => device.size > 0), mounts: await mounts() }
  }
}

async function describe(name: string) {
  const folder = `/sys/block/${name}`
  return {
    name,
    /** Bytes. */
    size: ((await readNumber(`${folder}/size`)) ?? 0) * SECTOR_BYTES,
    ...(await readAll(`${folder}/device`, ['model', 'vendor', 'rev', 'firmware_rev', 'queue_depth'])),
    ...(await readAll(`${folder}/queue`, QUEUE_FACTS)),
    partitions: await partitions(name)
  }
}

async function partitions(disk: string) {
  const names = (await list(`/sys/block/${disk}`)).filter(name => name.startsWith(disk))
  return Promise.all(
    names.map(async name => ({
      name,
      size: ((await readNumber(`/sys/block/${disk}/${name}/size`)) ?? 0) * SECTOR_BYTES
    }))
  )
}

async function mounts() {
  const lines = ((await read('/proc/self/mounts')) ?? '').split('\n')
  return Promise.all(
    lines.slice(0, MAX_MOUNTS).map(async line => {
      const [device = '', folder = '', type = '', options = ''] = line.split(' ')
      const shown = { device: redact(device), folder, type, options: redact(options) }
      return LOCAL.test(type) ? { ...shown, ...(await usage(folder)) } : shown
    })
  )
}

/** Bytes. */
async function usage(folder: string) {
  const found = await statfs(folder.replaceAll('\\040', ' ')).catch(() => undefined)
  if (found == null) return {}
  const { bsize, blocks, bavail, files, ffree } = found
  return { size: blocks * bsize, available: bavail * bsize, inodes: files, inodesFree: ffree }
}
