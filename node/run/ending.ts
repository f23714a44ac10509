/** How a run ended, and why. */
import { asBakError } from '../../protocols/errors.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Verdict } from '../../protocols/verdict.ts'
import { Stopped } from './stopped.ts'

export interface Ending {
  verdict: Verdict
  reason?: string
}

/** @param cause what failed the run */
export function endingOf(cause: unknown): Ending {
  if (cause instanceof Stopped) return { verdict: cause.verdict, reason: cause.message }
  const { code, message } = asBakError(cause)
  return { verdict: code === 'quorum' ? 'quorum' : 'failed', reason: message }
}

/** Of a run in which all phases went well. */
export function endingOfWorkload({ workload }: RunRecord): Ending {
  const bad = workload.find(each => each.exit !== 0)
  if (bad == null) return { verdict: 'ok' }
  const how = bad.signal != null ? `ended by ${bad.signal}` : `exit ${bad.exit}`
  const why = bad.timedOut ? `killed at its deadline (${how})` : how
  const said = bad.error == null ? '' : `: ${bad.error}`
  return { verdict: 'workload-failed', reason: `${why} in ${stepFolder(bad.step)}${said}` }
}
