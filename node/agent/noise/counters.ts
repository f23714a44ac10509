/** Counters of the machine at an instant, and what came to them between two. */
import type { MachineFiles } from './machine-files.ts'
import type { Counters, Lately } from './reading.ts'

const CPU = '/sys/devices/system/cpu'
/** Two instants that are closer say nothing: the kernel counts in ticks of 10 ms. */
const MIN_ELAPSED_MS = 100
/** Programs that are looked at, and named. */
const MAX_PROGRAMS = 4096
const MAX_NAMED = 3
/** Part of one processor from which on a program is named. */
const MIN_SHARE = 0.02
const NS_PER_MS = 1e6

/** @param programs whether to look at each program, which takes some milliseconds where there are hundreds */
export function readCounters(files: MachineFiles, { programs, at }: { programs: boolean; at: number }): Counters {
  const vmstat = files.counters('/proc/vmstat')
  return {
    at,
    ticks: readTicks(files.text('/proc/stat')),
    own: ownTime(),
    programs: programs ? readPrograms(files) : new Map(),
    throttled: readThrottled(files),
    swapped: (vmstat.pswpin ?? 0) + (vmstat.pswpout ?? 0),
    heldUp: files.counters(`${groupFolder(files)}/cpu.stat`).nr_throttled ?? 0
  }
}

/** Processor time of this process, ms. */
function ownTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** user nice system idle iowait irq softirq steal guest guest_nice; the last two are in the first two. */
function readTicks(stat = ''): Counters['ticks'] {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1]
  if (line == null) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, stolen = 0] = line
    .split(' ')
    .map(Number)
  const busy = user + nice + system + irq + softirq
  return { busy, stolen, all: busy + idle + iowait + stolen }
}

function readPrograms(files: MachineFiles): Counters['programs'] {
  const found: Counters['programs'] = new Map()
  for (const pid of files.list('/proc', /^\d+$/).slice(0, MAX_PROGRAMS)) {
    if (Number(pid) === process.pid) continue
    const nanoseconds = Number(files.text(`/proc/${pid}/schedstat`)?.split(' ')[0])
    const name = files.text(`/proc/${pid}/comm`)
    if (name != null && Number.isFinite(nanoseconds)) found.set(Number(pid), { name, time: nanoseconds / NS_PER_MS })
  }
  return found
}

/** @returns the sum of all cores and packages; undefined where the processor does not count it */
function readThrottled(files: MachineFiles): number | undefined {
  const counts = files.list(CPU, /^cpu\d+$/).flatMap(name => {
    const folder = `${CPU}/${name}/thermal_throttle`
    return [files.number(`${folder}/core_throttle_count`), files.number(`${folder}/package_throttle_count`)]
  })
  const known = counts.filter(each => each != null)
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0)
}

/** @returns the folder of this daemon's own group, where groups of version 2 are */
export function groupFolder(files: MachineFiles): string {
  const mounts = files.text('/proc/self/mounts') ?? ''
  const [, folder = '/sys/fs/cgroup'] = /^\S+ (\S+) cgroup2 /m.exec(mounts) ?? []
  const [, path = ''] = /^0::(.*)$/m.exec(files.text('/proc/self/cgroup') ?? '') ?? []
  return folder + (path === '/' ? '' : path)
}

/** Pure. @param processors that are online @returns undefined where the instants are too close */
export function between(before: Counters, after: Counters, processors: number): Lately | undefined {
  const elapsed = after.at - before.at
  if (elapsed < MIN_ELAPSED_MS) return undefined
  const all = (after.ticks?.all ?? 0) - (before.ticks?.all ?? 0)
  const part = (ticks: (of: NonNullable<Counters['ticks']>) => number) =>
    all <= 0 || after.ticks == null || before.ticks == null
      ? undefined
      : Math.max(0, (ticks(after.ticks) - ticks(before.ticks)) / all)
  const own = (after.own - before.own) / (elapsed * Math.max(1, processors))
  const busy = part(({ busy }) => busy)
  return {
    elapsed,
    busy: busy == null ? undefined : Math.max(0, busy - own),
    stolen: part(({ stolen }) => stolen),
    busiest: busiestOf(before, after, elapsed),
    throttled: Math.max(0, (after.throttled ?? 0) - (before.throttled ?? 0)),
    swapped: Math.max(0, ((after.swapped - before.swapped) * 1000) / elapsed),
    heldUp: Math.max(0, after.heldUp - before.heldUp)
  }
}

/** Programs of one name together: what makes noise may be many short ones. */
function busiestOf(before: Counters, after: Counters, elapsed: number): Lately['busiest'] {
  const times = new Map<string, number>()
  for (const [pid, { name, time }] of after.programs) {
    const used = time - (before.programs.get(pid)?.time ?? time)
    if (used > 0) times.set(name, (times.get(name) ?? 0) + used)
  }
  return [...times]
    .map(([name, used]) => ({ name, share: used / elapsed }))
    .filter(({ share }) => share >= MIN_SHARE)
    .sort((a, b) => b.share - a.share)
    .slice(0, MAX_NAMED)
}
