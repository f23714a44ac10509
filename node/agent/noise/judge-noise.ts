/** Whether a machine is fit to measure: one judge for each fact. Pure. */
import { NOISE_FACTS, type NoiseFact, type NoiseFinding } from '../../../protocols/sysinfo/noise.ts'
import type { NoiseReading } from './reading.ts'

type Judgement = Pick<NoiseFinding, 'value' | 'level'>
/** @returns undefined for what this machine does not show */
type Judge = (reading: NoiseReading) => Judgement | undefined

/**
 * From these values on a machine is unfit; from the first on it is worth a note. They are where a benchmark is known to vary by more than a
 * few percent: a quarter of the processors taken by others, a tenth of the time waited.
 */
const LIMITS = {
  /** Programs that run, for each processor. */
  load: { note: 0.1, unfit: 0.25 },
  /** With a high load average the last minute was busy; this share of the processors says that it still is. */
  busyNow: 0.05,
  /** %, of 10 s. Memory: any wait for it is one for a disk. */
  cpu: { note: 5, unfit: 10 },
  memoryWait: { note: 0.1, unfit: 1 },
  io: { note: 5, unfit: 10 },
  /** Shares of the time; over less than a second a single tick of 10 ms is more. */
  stolen: { note: 0.005, unfit: 0.02 },
  stolenTicks: 3,
  /** Parts of the memory. */
  swapUsed: 0.05,
  available: { note: 0.2, unfit: 0.1 },
  swappiness: 10,
  /** Pages a second. */
  swapped: 10,
  /** Parts of the file system, and bytes. */
  free: { note: 0.1, unfit: 0.03 },
  freeBytes: 2 * 1024 ** 3
}
const TICK_MS = 10

const GOOD_CLOCKS = /^(tsc|kvm-clock|hyperv_clocksource|arch_sys_counter|timebase|xen)/

const judges: Record<NoiseFact, Judge> = {
  load({ load, processors, lately }) {
    if (load == null) return undefined
    const busy = lately?.busy
    const named = lately?.busiest ?? []
    const who = named.map(({ name, share }) => `${name} ${percent(share)}`).join(', ')
    const value = `${load.toFixed(2)} on ${processors} ${processors === 1 ? 'processor' : 'processors'}${who === '' ? '' : `; busiest: ${who}`}`
    const level = judge(load / processors, LIMITS.load)
    // the load of a minute also has what is over by now
    const isOver = level === 'unfit' && busy != null && busy < LIMITS.busyNow
    return { value: isOver ? `${value}; calm now` : value, level: isOver ? 'note' : level }
  },
  pressure({ pressure: { cpu, memory, io } }) {
    if (cpu == null && memory == null && io == null) return undefined
    const waited = { processor: cpu, memory, disk: io }
    const known = Object.entries(waited).filter(([, each = 0]) => each >= 0.1)
    const all = [judge(cpu ?? 0, LIMITS.cpu), judge(memory ?? 0, LIMITS.memoryWait), judge(io ?? 0, LIMITS.io)]
    const value = known.map(([what, each]) => `${what} ${each?.toFixed(1)} %`).join(', ')
    return { value: value === '' ? 'none' : value, level: worst(all) }
  },
  steal({ stolen, lately, processors }) {
    if (stolen == null) return undefined
    const now = lately?.stolen ?? 0
    const ticks = (now * (lately?.elapsed ?? 0) * processors) / TICK_MS
    const level = ticks < LIMITS.stolenTicks ? 'fit' : judge(now, LIMITS.stolen)
    const since = `${percent(stolen, 1)} since it started`
    return {
      value: lately?.stolen == null ? since : `${percent(now, 1)} now, ${since}`,
      level: level === 'fit' && stolen >= LIMITS.stolen.unfit ? 'note' : level
    }
  },
  throttling({ throttled, lately }) {
    if (throttled == null) return undefined
    const now = lately?.throttled ?? 0
    const value = throttled === 0 ? 'never' : `${throttled} times since it started${now > 0 ? `, ${now} just now` : ''}`
    return { value, level: now > 0 ? 'unfit' : throttled > 0 ? 'note' : 'fit' }
  },
  governor({ governors, driver }) {
    if (governors.length === 0) return { value: 'not to be seen here', level: 'fit' }
    const kinds = [...Map.groupBy(governors, each => each)].map(([name, { length }]) =>
      length === governors.length ? name : `${name} on ${length} of ${governors.length}`
    )
    const value = `${kinds.join(', ')}${driver == null ? '' : ` (${driver})`}`
    return { value, level: governors.every(each => each === 'performance') ? 'fit' : 'unfit' }
  },
  turbo: ({ turbo }) => (turbo == null ? undefined : { value: turbo ? 'on' : 'off', level: turbo ? 'note' : 'fit' }),
  smt: ({ smt }) => (smt == null ? undefined : { value: smt.control, level: smt.active ? 'note' : 'fit' }),
  clocksource: ({ clocksource }) =>
    clocksource == null ? undefined : { value: clocksource, level: GOOD_CLOCKS.test(clocksource) ? 'fit' : 'unfit' },
  limits({ limits: { cpus, memory, processors }, processors: online, memory: { size }, lately }) {
    const held = lately?.heldUp ?? 0
    const found = [
      cpus != null && cpus < online && `${round(cpus)} of ${online} processors`,
      processors != null && processors < online && `on ${processors} of ${online} processors only`,
      memory != null && memory < size && `${gib(memory)} of ${gib(size)} of memory`,
      held > 0 && `held up ${held} times just now`
    ].filter(each => each !== false)
    if (found.length === 0) return { value: 'none', level: 'fit' }
    return { value: found.join(', '), level: held > 0 ? 'unfit' : 'note' }
  },
  isolation({ isolated, nohzFull }) {
    const found = [isolated && `isolated ${isolated}`, nohzFull && `tickless ${nohzFull}`].filter(each => each !== '')
    return { value: found.length === 0 ? 'none' : found.join(', '), level: isolated === '' ? 'fit' : 'note' }
  },
  memory({ memory: { size, available } }) {
    if (size === 0) return undefined
    return { value: `${gib(available)} of ${gib(size)} available`, level: judgeLow(available / size, LIMITS.available) }
  },
  swap({ swap: { size, used, swappiness }, memory, lately }) {
    if (size === 0) return { value: 'none', level: 'fit' }
    const moving = (lately?.swapped ?? 0) >= LIMITS.swapped
    const value = `${gib(used)} of ${gib(size)} in use${moving ? `, ${Math.round(lately?.swapped ?? 0)} pages a second` : ''}${swappiness == null ? '' : `, swappiness ${swappiness}`}`
    if (moving || used >= LIMITS.swapUsed * memory.size) return { value, level: 'unfit' }
    return { value, level: used > 0 || (swappiness ?? 0) > LIMITS.swappiness ? 'note' : 'fit' }
  },
  hugepages: ({ hugepages }) =>
    hugepages == null ? undefined : { value: hugepages, level: hugepages === 'always' ? 'note' : 'fit' },
  disk({ disk }) {
    if (disk == null || disk.size === 0) return undefined
    // a tenth of a large file system is room enough
    const level = disk.free >= 10 * LIMITS.freeBytes ? 'fit' : judgeLow(disk.free / disk.size, LIMITS.free)
    const isFull = disk.free < LIMITS.freeBytes / 2
    return { value: `${gib(disk.free)} of ${gib(disk.size)} free`, level: isFull ? 'unfit' : level }
  }
}

/** @returns every fact that the machine shows, in the order in which they are listed */
export function judgeNoise(reading: NoiseReading): NoiseFinding[] {
  return (Object.keys(NOISE_FACTS) as NoiseFact[]).flatMap(fact => {
    const found = judges[fact](reading)
    return found == null ? [] : [{ fact, ...found, value: found.value.slice(0, MAX_VALUE) }]
  })
}

const MAX_VALUE = 160

type Level = NoiseFinding['level']

const judge = (value: number, { note, unfit }: { note: number; unfit: number }): Level =>
  value >= unfit ? 'unfit' : value >= note ? 'note' : 'fit'
const judgeLow = (value: number, { note, unfit }: { note: number; unfit: number }): Level =>
  value < unfit ? 'unfit' : value < note ? 'note' : 'fit'
const worst = (levels: Level[]): Level =>
  levels.includes('unfit') ? 'unfit' : levels.includes('note') ? 'note' : 'fit'

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`
const gib = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
const round = (value: number) => Number(value.toFixed(2))
