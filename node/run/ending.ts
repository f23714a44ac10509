/** How a run ended, and why. */
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { describeExit } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Verdict } from '../../protocols/verdict.ts'
import type { Closed } from './open-phase.ts'
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

/** @returns why a phase failed, in words: who did not answer, or that more answers are needed than there are members */
export function whyFailed({ verdict, missing }: Closed, asked: number, needed: number): string | undefined {
  if (verdict === 'met') return undefined
  const who = missing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  if (who !== '') return cutText(who)
  return needed > asked
    ? `${needed} answers are needed, and ${asked === 1 ? 'one member was' : `${asked} members were`} asked`
    : 'it was ended before all had answered'
}

/** Of a run in which all phases went well. */
export function endingOfWorkload({ workload, spec }: RunRecord): Ending {
  const bad = workload.find(each => each.exit !== 0 || each.error != null || each.timedOut)
  if (bad == null) return { verdict: 'ok' }
  const how = describeExit(bad)
  const why = bad.timedOut ? `ended at its deadline of ${spec.policy.timeout} s (${how})` : how
  const said = bad.error == null ? '' : `: ${bad.error}`
  return { verdict: 'workload-failed', reason: `${why} in ${stepFolder(bad.step)}${said}` }
}
