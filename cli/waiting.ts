/** Members that a run waits for before it begins. Pure. */
import type { RunEvent } from '../protocols/events.ts'
import { listInWords } from '../protocols/list-in-words.ts'
import { formatAge } from './format.ts'

/** Members that are waited for, in one line. */
const MAX_AWAITED = 4

type Event = Extract<RunEvent, { type: 'waiting' }>
export type Waiting = Pick<Event, 'present' | 'expect' | 'absent' | 'until'>

export const waitingOf = ({ present, expect, absent = [], until }: Waiting): Waiting => ({
  ...{ present, expect, absent, until }
})

/** @returns `waiting up to 45 s for members, 1 of 3 are here; missing d (lost)` */
export function describeWaiting({ present, expect, absent = [], until }: Waiting, now: number): string {
  const limit = until == null ? '' : ` up to ${formatAge(until - now + 999)}`
  const missing = absent.length === 0 ? '' : `; missing ${listInWords(absent, MAX_AWAITED)}`
  return `waiting${limit} for members, ${present} of ${expect} are here${missing}`
}
