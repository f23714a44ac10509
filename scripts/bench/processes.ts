/** What processes of this machine use, read from /proc. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** USER_HZ: the kernel shows times to programs in hundredths of a second. */
const TICK_MS = 10

interface Stat {
  pid: number
  parent: number
  /** ms of its own, and of children that have ended and were waited for. */
  cpu: number
}

/**
 * @returns the processor time of these processes and of all that descend from them, ms; a process that has ended counts
 * with the parent that waited for it, or is 0
 */
export function cpuOf(pids: number[]): number {
  return treeOf(pids).reduce((sum, { cpu }) => sum + cpu, 0)
}

/** @returns these processes and all that descend from them, by their ids */
export const withDescendants = (pids: number[]): number[] => treeOf(pids).map(({ pid }) => pid)

/** Reads only these processes, not all of /proc: for frequent readings of processes without children. */
export function cpuOfAlone(pids: number[]): number {
  return pids.reduce((sum, pid) => sum + (readStat(pid)?.cpu ?? 0), 0)
}

function treeOf(pids: number[]): Stat[] {
  const all = readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? [readStat(Number(name))] : []))
  const children = Map.groupBy(
    all.filter(stat => stat != null),
    ({ parent }) => parent
  )
  const roots = all.filter(stat => stat != null && pids.includes(stat.pid)) as Stat[]
  const within = new Set(pids)
  const found: Stat[] = []
  for (const queue = [...roots]; queue.length > 0; ) {
    const stat = queue.pop() as Stat
    found.push(stat)
    queue.push(...(children.get(stat.pid) ?? []).filter(({ pid }) => !within.has(pid)))
  }
  return found
}

/** Fields of proc(5) after the name, which may hold spaces: 4 is the parent, 14 to 17 the times. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const times = fields.slice(11, 15).map(Number)
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    cpu: times.reduce((sum, ticks) => sum + ticks, 0) * TICK_MS
  }
}

function readStat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text == null ? undefined : parseStat(text)
}

/** @returns MiB that would be free if the process went: pages that it shares count in part; undefined if it has gone */
export function pssOf(pid: number): number | undefined {
  return kib(read(`/proc/${pid}/smaps_rollup`), 'Pss')
}

/** @returns MiB resident now, and the most since `forgetPeak` */
export function residentOf(pid: number): { now: number; peak: number } {
  const text = read(`/proc/${pid}/status`)
  return { now: kib(text, 'VmRSS') ?? 0, peak: kib(text, 'VmHWM') ?? 0 }
}

/** From here on the peak is that of now and later. */
export function forgetPeak(pid: number): void {
  // 5 resets the peak of the resident set, proc(5)
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

export interface Activity {
  /** ms of processor time. */
  cpu: number
  /** Times that a thread of it was put on or off a processor. */
  switches: number
  /** Bytes that went through its sockets and files, both ways. */
  bytes: number
}

export function activityOf(pids: number[]): Activity {
  const each = pids.map(pid => ({
    cpu: readStat(pid)?.cpu ?? 0,
    switches: threadsOf(pid).reduce((sum, path) => sum + switchesIn(read(`${path}/status`)), 0),
    bytes: bytesIn(read(`/proc/${pid}/io`))
  }))
  const sum = (key: keyof Activity) => each.reduce((all, activity) => all + activity[key], 0)
  return { cpu: sum('cpu'), switches: sum('switches'), bytes: sum('bytes') }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(thread => `/proc/${pid}/task/${thread}`)
  } catch {
    return []
  }
}

const switchesIn = (text = '') =>
  [...text.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)].reduce((sum, found) => sum + Number(found[1]), 0)

const bytesIn = (text = '') =>
  [...text.matchAll(/^[rw]char: (\d+)/gm)].reduce((sum, found) => sum + Number(found[1]), 0)

function kib(text: string | undefined, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text ?? '')
  return found == null ? undefined : Number(found[1]) / 1024
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
