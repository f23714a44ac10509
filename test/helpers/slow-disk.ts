/** Slows what processes read from a disk, by a cgroup of either version. */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SlowDisk {
  /** Slows a process and what it starts from now on. */
  slow(pid: number): void
  /** Lets a process go on as before. */
  release(pid: number): void
  remove(): void
}

const V1 = '/sys/fs/cgroup/blkio'
const V2 = '/sys/fs/cgroup'

/**
 * @param folder on the disk that is slowed @param reads a second, of each process
 * @returns nothing where this machine has no such cgroup, or the folder is on no disk
 */
export function slowDisk(folder: string, reads: number): SlowDisk | undefined {
  const disk = diskOf(folder)
  if (disk == null) return undefined
  return (
    slowed(V1, 'blkio.throttle.read_iops_device', `${disk} ${reads}`) ?? slowed(V2, 'io.max', `${disk} riops=${reads}`)
  )
}

/** A cgroup below a root is made, and given the limit; where one of both cannot be, there is none. */
function slowed(root: string, file: string, limit: string): SlowDisk | undefined {
  if (!existsSync(join(root, 'cgroup.procs'))) return undefined
  const group = join(root, `bak-test-${process.pid}`)
  const enter = (at: string, pid: number) => writeFileSync(join(at, 'cgroup.procs'), String(pid))
  try {
    mkdirSync(group)
    writeFileSync(join(group, file), limit)
  } catch {
    if (existsSync(group)) rmdirSync(group)
    return undefined
  }
  return {
    slow: pid => enter(group, pid),
    release: pid => enter(root, pid),
    remove() {
      for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
        enter(root, Number(pid))
      rmdirSync(group)
    }
  }
}

/** @returns `254:0`, the whole disk of a partition; nothing for what is on no disk */
function diskOf(folder: string): string | undefined {
  const { dev } = statSync(folder)
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
  const at = `/sys/dev/block/${major}:${minor}`
  if (!existsSync(at)) return undefined
  if (!existsSync(join(at, 'partition'))) return `${major}:${minor}`
  return readFileSync(join(realpathSync(at), '..', 'dev'), 'utf8').trim()
}
