/**
 * Whether the driver of a member was the bottleneck of a task, and not what was measured: then more members or cores would have measured something
 * else. A machine whose processors are busy with something else makes a driver late, too: that is told from it where the machine tells. Pure.
 */
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

/** Shares of the time for which a thread waits for a processor: with `little` it has one when it wants it, with `much` its timers are late for that. */
const WAITED = { little: 0.01, much: 0.05 }

/** Whether it was the driver, or its machine was busy with something else; `either` where that cannot be told. */
type Whose = 'driver' | 'machine' | 'either'

interface Bound {
  by: 'busy' | 'lag' | 'overhead'
  whose: Whose
  /** In words. */
  why: string
}

/** @returns by what it was the bottleneck; undefined where it kept up */
export function boundBecause(health: DriverHealth): Bound | undefined {
  const found = foundIn(health)
  if (found == null) return undefined
  const { waited } = health
  const whose = whoseFault(health, found.by)
  const isTold = whose !== 'driver' && waited != null
  const more = isTold ? `, and its threads waited ${Math.round(waited * 100)} % of the time for a processor` : ''
  return { by: found.by, whose, why: `${found.why}${more}` }
}

function foundIn({ busy, lag, overhead }: DriverHealth): Pick<Bound, 'by' | 'why'> | undefined {
  if (busy >= BUSY) return { by: 'busy', why: `its busiest thread worked ${Math.round(busy * 100)} % of the time` }
  if (lag >= LATE_MS) return { by: 'lag', why: `its timers were ${inMs(lag)} late (p99)` }
  if (overhead >= OVERHEAD_MS)
    return { by: 'overhead', why: `it took ${inMs(overhead)} of its own for a request (p99)` }
  return undefined
}

/** A thread counts the time as work in which a processor was taken from it. */
function whoseFault({ busy, waited }: DriverHealth, by: Bound['by']): Whose {
  if (waited == null) return by === 'lag' ? 'either' : 'driver'
  if (by === 'busy') return waited < WAITED.much ? 'driver' : busy - waited < BUSY / 2 ? 'machine' : 'either'
  return waited < WAITED.little ? 'driver' : waited < WAITED.much ? 'either' : 'machine'
}

/** @returns one sentence where a driver of them was the bottleneck, or its machine made it one, naming the members */
export function driverBound(members: MemberHealth[]): string | undefined {
  const bound = members.flatMap(({ member, health }) => {
    const bound = health == null ? undefined : boundBecause(health)
    return bound == null ? [] : [{ member, ...bound }]
  })
  const [first, ...others] = bound
  if (first == null) return undefined
  const whose = others.every(each => each.whose === first.whose) ? first.whose : 'either'
  if (others.length === 0) return `the driver of ${first.member} was ${IN_WORDS[whose]('its machine')}: ${first.why}`
  const reasons = bound.map(({ member, why }) => `${member}: ${why}`)
  const named = listInWords(reasons, MAX_NAMED)
  return `the drivers of ${bound.length} members were ${IN_WORDS[whose]('their machines')} (${named})`
}

const IN_WORDS: Record<Whose, (machine: string) => string> = {
  driver: () => 'the bottleneck',
  machine: machine => `held up by what else ${machine} did`,
  either: machine => `the bottleneck, or what else ${machine} did`
}

const inMs = (ms: number) => `${Number(ms.toFixed(1))} ms`
