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
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // the second field is the program's name in brackets, and may hold anything, brackets and blanks too
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { pid, group: Number(fields[2]), started: String(fields[19]), living: !/[ZX]/.test(String(fields[0])) }
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
