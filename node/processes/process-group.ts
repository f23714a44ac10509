/** What the kernel knows of processes and their groups, read from /proc, and signals to whole groups. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProcessFacts {
  pid: number
  group: number
  /** Clock ticks from boot to its start: with the pid, the same process and no other in one boot. */
  started: string
  /** False for one that has ended and that nobody has reaped. */
  living: boolean
}

/** @returns undefined if there is no such process */
export function inspect(pid: number): ProcessFacts | undefined {
  const fields = statOf(pid)
  if (fields == null) return undefined
  return { pid, group: Number(fields[2]), started: String(fields[19]), living: !/[ZX]/.test(String(fields[0])) }
}

/** @returns the fields of proc(5) from the third, the state, on */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // the second field is the program's name in brackets, and may hold anything, brackets and blanks too
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** @returns the living processes of a group, whether its leader is among them or not */
export function membersOf(group: number): ProcessFacts[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => inspect(Number(name)))
    .filter(facts => facts?.group === group && facts.living) as ProcessFacts[]
}

/** Clock ticks in a second: what the kernel shows to programs, whatever it counts itself. */
const TICKS = 100

/** @returns ms that the processes of these groups have run so far, with their children that have ended */
export function processorTimeOf(groups: number[]): number {
  if (groups.length === 0) return 0
  const wanted = new Set(groups)
  let ticks = 0
  for (const name of readdirSync('/proc').filter(each => /^\d+$/.test(each))) {
    const fields = statOf(Number(name))
    if (fields == null || !wanted.has(Number(fields[2]))) continue
    ticks += fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0)
  }
  return (ticks * 1000) / TICKS
}

/** @returns false if the group is empty, or holds only what has ended and waits to be reaped */
export function isAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  try {
    return membersOf(group).length > 0
  } catch {
    return true
  }
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

/** Waits for the last process of a group to end. @returns false if one lives on after `limit` ms */
export async function isGoneWithin(group: number, limit: number): Promise<boolean> {
  const deadline = performance.now() + limit
  for (let pause = 2; isAlive(group); pause = Math.min(pause * 2, 100)) {
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pause, left))
  }
  return true
}
