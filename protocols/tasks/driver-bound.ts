/** Whether the driver of a member was the bottleneck of a task, and not what was measured: then more members or cores would have measured something else. Pure. */
import { listInWords } from '../list-in-words.ts'
import type { DriverHealth } from './task-answer.ts'

/** Share of the time for which its busiest thread worked: beyond it requests wait for the thread, not for their answers. */
const BUSY = 0.9
/** The 99th percentile of how late its timers were, ms: requests go out that late, and their latencies count from before. */
const LATE_MS = 20
/** The 99th percentile of what the driver itself took for a request, ms. */
const OVERHEAD_MS = 5
/** Seconds that an element takes at least for its health to say something: before, threads have just begun, and without a rate all are busy. */
export const TELLING = 1
/** Of members in one sentence. */
const MAX_NAMED = 4

export interface MemberHealth {
  member: string
  /** Of one element; nothing is said of a member without it. */
  health?: DriverHealth | undefined
}

interface Bound {
  by: 'busy' | 'lag' | 'overhead'
  /** In words. */
  why: string
}

/** @returns by what it was the bottleneck; undefined where it kept up */
export function boundBecause({ busy, lag, overhead }: DriverHealth): Bound | undefined {
  if (busy >= BUSY) return { by: 'busy', why: `its busiest thread worked ${Math.round(busy * 100)} % of the time` }
  if (lag >= LATE_MS) return { by: 'lag', why: `its timers were ${inMs(lag)} late (p99)` }
  if (overhead >= OVERHEAD_MS)
    return { by: 'overhead', why: `it took ${inMs(overhead)} of its own for a request (p99)` }
  return undefined
}

/** @returns one sentence where a driver of them was the bottleneck, naming the members */
export function driverBound(members: MemberHealth[]): string | undefined {
  const bound = members.flatMap(({ member, health }) => {
    const bound = health == null ? undefined : boundBecause(health)
    return bound == null ? [] : [{ member, why: bound.why }]
  })
  const [first, ...others] = bound
  if (first == null) return undefined
  if (others.length === 0) return `the driver of ${first.member} was the bottleneck: ${first.why}`
  const reasons = bound.map(({ member, why }) => `${member}: ${why}`)
  return `the drivers of ${bound.length} members were the bottleneck (${listInWords(reasons, MAX_NAMED)})`
}

const inMs = (ms: number) => `${Number(ms.toFixed(1))} ms`
