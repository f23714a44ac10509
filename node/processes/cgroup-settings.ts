/** The files of a cgroup that set its limits, in v2 and in v1. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Controller } from './cgroup-places.ts'

/** What is left out has no limit. */
export interface CgroupLimits {
  memory?: number
  pids?: number
  cpu?: number
  io?: number
}

/** The period of a quota of processor time, µs: the kernel's own. */
const PERIOD = 100_000

type Settings = Array<[file: string, value: string]>

/** @param disk `MAJOR:MINOR` */
export function v2Settings(controller: Controller, { memory, pids, cpu, io }: CgroupLimits, disk?: string): Settings {
  switch (controller) {
    case 'memory':
      return memory == null ? [] : [['memory.max', `${memory}`]]
    case 'pids':
      return pids == null ? [] : [['pids.max', `${pids}`]]
    case 'cpu':
      return cpu == null ? [] : [['cpu.max', `${Math.round(cpu * PERIOD)} ${PERIOD}`]]
    case 'io':
      return io == null ? [] : [['io.max', `${diskOrThrow(disk)} rbps=${io} wbps=${io}`]]
  }
}

export function v1Settings(controller: Controller, { memory, pids, cpu, io }: CgroupLimits, disk?: string): Settings {
  switch (controller) {
    case 'memory':
      return memory == null ? [] : [['memory.limit_in_bytes', `${memory}`]]
    case 'pids':
      return pids == null ? [] : [['pids.max', `${pids}`]]
    case 'cpu':
      return cpu == null
        ? []
        : [
            ['cpu.cfs_period_us', `${PERIOD}`],
            ['cpu.cfs_quota_us', `${Math.round(cpu * PERIOD)}`]
          ]
    case 'io':
      return io == null
        ? []
        : ['read', 'write'].map(way => [`blkio.throttle.${way}_bps_device`, `${diskOrThrow(disk)} ${io}`])
  }
}

function diskOrThrow(disk: string | undefined): string {
  if (disk == null) throw new Error('the folder is on no disk of its own')
  return disk
}

/** @returns the numbers of the whole disk that a folder is on: a limit holds for no partition */
export function diskOf(folder: string): string | undefined {
  try {
    const { dev } = statSync(folder)
    // the numbers as in makedev(3)
    const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
    const place = realpathSync(`/sys/dev/block/${major}:${minor}`)
    const disk = basename(dirname(place)) === 'block' ? place : dirname(place)
    return readFileSync(`${disk}/dev`, 'utf8').trim()
  } catch {
    return undefined
  }
}
