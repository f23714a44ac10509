/** Processes and their groups as /proc shows them, and signals to whole groups. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ifPossible, textIn } from '../if-possible.ts'

export interface ProcessFacts {
  pid: number
  group: number
  /** Clock ticks from boot to its start: pid and start identify a process within one boot. */
  started: string
  /** False for a process that has ended and has not been reaped. */
  living: boolean
}

/** Clock ticks in a second in /proc, whatever the kernel's own tick rate is. */
const TICKS_PER_SECOND = 100
/** Between two checks whether a group is gone; doubled each time up to the longest. */
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100

/** @returns undefined if there is no such process */
export function inspect(pid: number): ProcessFacts | undefined {
  const fields = statOf(pid)
  if (fields == null) return undefined
  return { pid, group: Number(fields[2]), started: String(fields[19]), living: !/[ZX]/.test(String(fields[0])) }
}

/** @returns the fields of /proc/PID/stat from the third, the state, on; proc_pid_stat(5) */
function statOf(pid: number): string[] | undefined {
  const stat = ifPossible(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // the second field is the program's name in parentheses, and may itself contain parentheses and spaces
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Set in the flags of a process that ends; include/linux/sched.h. */
const PF_EXITING = 4

/** @returns the wait status of a process that has ended and was not collected yet, wait(2) */
export function waitStatusOf(pid: number): number | 'ending' | 'running' {
  const fields = statOf(pid)
  if (fields == null) return 'running'
  if (/[ZX]/.test(String(fields[0]))) return Number(fields[49])
  return Number(fields[6]) & PF_EXITING ? 'ending' : 'running'
}

export function allPids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
}

/** @returns the group of the child of a process; undefined if it has none */
export function groupOfChild(pid: number): number | undefined {
  for (const each of allPids()) {
    const fields = statOf(each)
    if (fields?.[1] === `${pid}`) return Number(fields[2])
  }
  return undefined
}

/** @returns the id of this boot; '' if the kernel does not tell it */
export const bootId = (): string => textIn('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

/** @returns the living processes of a group, with or without its leader */
export function membersOf(group: number): ProcessFacts[] {
  return allPids()
    .map(inspect)
    .filter(facts => facts?.group === group && facts.living) as ProcessFacts[]
}

/** @returns the ids of the processes of these groups */
export function processesOf(groups: number[]): number[] {
  if (groups.length === 0) return []
  const wanted = new Set(groups)
  return allPids().filter(pid => wanted.has(Number(statOf(pid)?.[2])))
}

/** @returns the names of those of these processes that have not ended, as the kernel has them: 15 bytes, which the program may choose */
export function namesOf(pids: number[]): string[] {
  return pids.filter(pid => inspect(pid)?.living).flatMap(pid => textIn(`/proc/${pid}/comm`)?.replace(/\n$/, '') ?? [])
}

/** @returns ms of CPU time of each of these groups so far, including their children that have ended */
export function processorTimesOf(groups: number[]): Map<number, number> {
  const times = new Map(groups.map(group => [group, 0]))
  for (const pid of groups.length === 0 ? [] : allPids()) {
    const fields = statOf(pid)
    const known = times.get(Number(fields?.[2]))
    if (fields == null || known == null) continue
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0)
    times.set(Number(fields[2]), known + (ticks * 1000) / TICKS_PER_SECOND)
  }
  return times
}

/** @returns false if the group is empty, or has only processes that have ended and wait to be reaped */
export function isAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  return ifPossible(() => membersOf(group).length > 0) ?? true
}

/** @returns false if there is no such group */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Waits for the last process of a group to end. @returns false if one is still alive after `timeout` ms */
export async function isGoneWithin(group: number, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout
  for (let pause = FIRST_PAUSE_MS; isAlive(group); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pause, left))
  }
  return true
}
