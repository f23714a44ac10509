/** The files of a cgroup that set its limits, in v2 and in v1. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ifPossible } from '../if-possible.ts'
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
type SettingsOf = { [C in Controller]: (limit: number, disk?: string) => Settings }

const V2: SettingsOf = {
  memory: limit => [['memory.max', `${limit}`]],
  pids: limit => [['pids.max', `${limit}`]],
  cpu: limit => [['cpu.max', `${Math.round(limit * PERIOD)} ${PERIOD}`]],
  io: (limit, disk) => [['io.max', `${diskOrThrow(disk)} rbps=${limit} wbps=${limit}`]]
}
const V1: SettingsOf = {
  memory: limit => [['memory.limit_in_bytes', `${limit}`]],
  pids: V2.pids,
  cpu: limit => [
    ['cpu.cfs_period_us', `${PERIOD}`],
    ['cpu.cfs_quota_us', `${Math.round(limit * PERIOD)}`]
  ],
  io: (limit, disk) =>
    ['read', 'write'].map(way => [`blkio.throttle.${way}_bps_device`, `${diskOrThrow(disk)} ${limit}`])
}

/** @param disk `MAJOR:MINOR` @throws {Error} where a limit of I/O has no disk */
export function settingsFor(version: 1 | 2, controller: Controller, limits: CgroupLimits, disk?: string): Settings {
  const limit = limits[controller]
  return limit == null ? [] : (version === 1 ? V1 : V2)[controller](limit, disk)
}

function diskOrThrow(disk: string | undefined): string {
  if (disk == null) throw new Error('the folder is on no disk of its own')
  return disk
}

/** @returns the numbers of the whole disk that a folder is on: a limit holds for no partition */
export function diskOf(folder: string): string | undefined {
  return ifPossible(() => {
    const { dev } = statSync(folder)
    // the numbers as in makedev(3)
    const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
    const place = realpathSync(`/sys/dev/block/${major}:${minor}`)
    const disk = basename(dirname(place)) === 'block' ? place : dirname(place)
    return readFileSync(`${disk}/dev`, 'utf8').trim()
  })
}
