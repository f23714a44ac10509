/** Reads what says whether a machine is fit to measure. */
import { statfs } from 'node:fs/promises'
import type { NoiseFinding } from '../../../protocols/sysinfo/noise.ts'
import { pause } from '../../wait.ts'
import { between, groupFolder, readCounters } from './counters.ts'
import { judgeNoise } from './judge-noise.ts'
import { countInList, MachineFiles } from './machine-files.ts'
import type { Counters, NoiseReading } from './reading.ts'

const CPU = '/sys/devices/system/cpu'
const KIB = 1024
/** Longest wait for the size of a file system: that of a server that is gone never comes, ms. */
const DISK_TIMEOUT_MS = 200

export interface NoiseInit {
  /** The folder of this daemon, whose file system must have room. */
  home: string
  /** Where /proc and /sys are, if not at the root. */
  root?: string
}

/** Looks at the counters now and once more later. */
export class NoiseReader {
  readonly #files: MachineFiles
  readonly #home: string
  #before: Counters | undefined

  constructor({ home, root }: NoiseInit) {
    this.#files = new MachineFiles(root)
    this.#home = home
  }

  /** The first of two looks; each program is looked at only where it may be seen in the load that there is one. */
  begin({ programs = this.#isBusy() } = {}): void {
    this.#before = readCounters(this.#files, { programs, at: performance.now() })
  }

  /** The second look. @returns every fact with whether it stands out */
  async end(): Promise<NoiseFinding[]> {
    return judgeNoise(await this.read())
  }

  async read(): Promise<NoiseReading> {
    const files = this.#files
    const before = this.#before
    const after = readCounters(files, { programs: (before?.programs.size ?? 0) > 0, at: performance.now() })
    const reading = readState(files)
    const { ticks, throttled } = after
    return {
      ...reading,
      disk: await diskOf(this.#home),
      throttled,
      stolen: ticks == null || ticks.all === 0 ? undefined : ticks.stolen / ticks.all,
      lately: before == null ? undefined : between(before, after, reading.processors)
    }
  }

  #isBusy(): boolean {
    const load = readLoad(this.#files) ?? 0
    return load >= 0.1 * countProcessors(this.#files)
  }
}

/** Both looks, so many ms apart. */
export async function readNoise(init: NoiseInit, apart: number, signal: AbortSignal): Promise<NoiseFinding[]> {
  const reader = new NoiseReader(init)
  reader.begin({ programs: true })
  await pause(apart, signal)
  return reader.end()
}

/** @returns all that holds at this moment */
export function readState(files: MachineFiles): Omit<NoiseReading, 'disk' | 'throttled' | 'stolen' | 'lately'> {
  const policies = files.list(`${CPU}/cpufreq`, /^policy\d+$/).map(name => `${CPU}/cpufreq/${name}`)
  const meminfo = files.counters('/proc/meminfo')
  const size = (name: string) => (meminfo[name] ?? 0) * KIB
  return {
    processors: countProcessors(files),
    governors: policies.flatMap(policy => files.text(`${policy}/scaling_governor`) ?? []),
    driver: policies[0] == null ? undefined : files.text(`${policies[0]}/scaling_driver`),
    turbo: readTurbo(files),
    smt: readSmt(files),
    hugepages: /\[(\w+)\]/.exec(files.text('/sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1],
    swap: {
      size: size('SwapTotal'),
      used: size('SwapTotal') - size('SwapFree'),
      swappiness: files.number('/proc/sys/vm/swappiness')
    },
    load: readLoad(files),
    pressure: {
      cpu: readPressure(files, 'cpu'),
      memory: readPressure(files, 'memory'),
      io: readPressure(files, 'io')
    },
    clocksource: files.text('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    // kernels before 3.14 do not say what is available
    memory: { size: size('MemTotal'), available: size('MemAvailable') || size('MemFree') + size('Cached') },
    limits: readLimits(files),
    isolated: files.text(`${CPU}/isolated`) ?? '',
    nohzFull: (files.text(`${CPU}/nohz_full`) ?? '').replace('(null)', '')
  }
}

function countProcessors(files: MachineFiles): number {
  const online = countInList(files.text(`${CPU}/online`) ?? '')
  return online > 0 ? online : ((files.text('/proc/cpuinfo') ?? '').match(/^processor\s*:/gm)?.length ?? 1)
}

const readLoad = (files: MachineFiles): number | undefined => {
  const load = Number.parseFloat(files.text('/proc/loadavg') ?? '')
  return Number.isNaN(load) ? undefined : load
}

function readTurbo(files: MachineFiles): boolean | undefined {
  const off = files.number(`${CPU}/intel_pstate/no_turbo`)
  if (off != null) return off === 0
  const boost = files.number(`${CPU}/cpufreq/boost`)
  return boost == null ? undefined : boost === 1
}

function readSmt(files: MachineFiles): NoiseReading['smt'] {
  const control = files.text(`${CPU}/smt/control`)
  return control == null ? undefined : { control, active: files.number(`${CPU}/smt/active`) === 1 }
}

/** `some avg10=1.50 avg60=0.42 avg300=0.10 total=12345` */
function readPressure(files: MachineFiles, kind: string): number | undefined {
  const [, mean] = /^some avg10=([\d.]+)/m.exec(files.text(`/proc/pressure/${kind}`) ?? '') ?? []
  return mean == null ? undefined : Number(mean)
}

/** The tightest of this daemon's group and those above it. */
function readLimits(files: MachineFiles): NoiseReading['limits'] {
  const limits: { cpus: number[]; memory: number[]; processors: number[] } = { cpus: [], memory: [], processors: [] }
  for (let folder = groupFolder(files); folder.length > 1; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const [quota, period] = (files.text(`${folder}/cpu.max`) ?? 'max').split(' ').map(Number)
    if (quota != null && period != null && !Number.isNaN(quota)) limits.cpus.push(quota / period)
    const most = files.number(`${folder}/memory.max`)
    if (most != null) limits.memory.push(most)
    const set = files.text(`${folder}/cpuset.cpus.effective`)
    if (set != null && set !== '') limits.processors.push(countInList(set))
  }
  const least = (values: number[]) => (values.length === 0 ? undefined : Math.min(...values))
  return { cpus: least(limits.cpus), memory: least(limits.memory), processors: least(limits.processors) }
}

async function diskOf(path: string): Promise<NoiseReading['disk']> {
  const found = statfs(path).catch(() => undefined)
  const answer = await Promise.race([found, pause(DISK_TIMEOUT_MS).then(() => undefined)])
  return answer == null ? undefined : { size: answer.blocks * answer.bsize, free: answer.bavail * answer.bsize }
}
