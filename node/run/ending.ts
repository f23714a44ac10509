/** How a run ended, and why. */
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { iterationFolder, stepFolder } from '../../protocols/layout.ts'
import { decisiveFailure } from '../../protocols/matrix/decisive-failure.ts'
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
export function endingOfWorkload(record: Pick<RunRecord, 'spec' | 'workload' | 'resumes'>): Ending {
  const failure = decisiveFailure(record)
  if (failure == null) return { verdict: 'ok' }
  const { result, beyond } = failure
  const { policy, max_sample_failures: allowed } = record.spec
  const how = describeExit(result)
  const why = result.timedOut ? `ended at its deadline of ${policy.timeout} s (${how})` : how
  const one = `${why} in ${stepFolder(result.step)}${result.error == null ? '' : `: ${result.error}`}`
  if (beyond == null) return { verdict: 'workload-failed', reason: one }
  const many = `${beyond.failed} samples of ${iterationFolder(beyond)} failed, max_sample_failures is ${allowed}`
  return { verdict: 'workload-failed', reason: cutText(`${many}; the last: ${one}`) }
}
