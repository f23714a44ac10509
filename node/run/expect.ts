/** Waits for the members that a run expects. */

import { MAX_TIMER_MS } from '../../protocols/duration.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Members } from '../mesh/membership/members.ts'
import { nextEvent } from '../wait.ts'
import { type Attendance, attendanceOfRun, isComplete, isEnough, sizeOf, whyTooFew } from './attendance.ts'

/** The announcement of a new member arrives within this time. */
const ANNOUNCEMENT_MS = 2_000

export interface Waiting {
  /** Members that are waited for, and those of them that are here. */
  expect: number
  present: number
  /** When the run goes on, or ends, without them, ms since 1970. */
  until: number
  attendance: Attendance
}

/**
 * @returns seconds for which a run waits: the join timeout for members that it names or expects, otherwise as long as an announcement
 * may be under way
 */
export function patienceOf({ expect, policy }: Spec, { absent }: Attendance): number {
  const isAsked = expect != null || absent.some(({ named }) => named)
  return isAsked ? policy.join_timeout : Math.min(ANNOUNCEMENT_MS / 1000, policy.join_timeout)
}

/**
 * Waits until all members are here that the spec names, and as many as it expects; goes on with those who are here when the time is over,
 * if they are enough for the quorum.
 * @throws {BakError} `quorum` naming who is here and who is missing; what the signal says
 */
export async function waitForMembers(
  spec: Spec,
  members: Members,
  { signal, onWaiting }: { signal: AbortSignal; onWaiting(waiting: Waiting): void }
): Promise<Attendance> {
  const { on, expect, policy } = spec
  const began = performance.now()
  for (let reported = ''; ; ) {
    const attendance = attendanceOfRun(spec, members.list())
    const enough = isEnough(attendance, { quorum: policy.quorum, expect })
    if (enough && isComplete(attendance, expect)) return attendance
    signal.throwIfAborted()
    const waited = patienceOf(spec, attendance)
    const left = waited * 1000 - (performance.now() - began)
    if (left <= 0 && enough) return attendance
    if (left <= 0)
      throw new BakError(
        'quorum',
        whyTooFew(attendance, { on, quorum: policy.quorum, expect, waited: Math.round(waited) })
      )
    const present = attendance.here.length
    const seen = JSON.stringify([present, attendance.absent])
    if (seen !== reported) {
      const until = Math.round(Date.now() + left)
      onWaiting({ expect: Math.max(1, sizeOf(attendance, expect)), present, until, attendance })
    }
    reported = seen
    await nextEvent(
      members,
      'change',
      AbortSignal.any([signal, AbortSignal.timeout(Math.min(Math.ceil(left), MAX_TIMER_MS))])
    )
  }
}
