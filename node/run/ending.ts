/** How a run ended, and why. */
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { iterationFolder, stepFolder } from '../../protocols/layout.ts'
import { decisiveFailure } from '../../protocols/matrix/decisive-failure.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { describeDecision } from '../../protocols/thresholds/threshold.ts'
import type { Verdict } from '../../protocols/verdict.ts'
import { failureOf, failuresIn, isOfTask, placeOf, type WorkEntry } from '../../protocols/work-entry.ts'
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
export function endingOfWorkload(record: Pick<RunRecord, 'spec' | 'workload' | 'resumes' | 'thresholds'>): Ending {
  const { spec } = record
  const { failed, beyond } = decisiveFailure(record) ?? { failed: [] }
  const reason = reasonOf(failed, spec)
  if (reason == null) return endingOfThresholds(record)
  if (beyond == null) return { verdict: 'workload-failed', reason }
  const many = `${beyond.failed} samples of ${iterationFolder(beyond)} failed`
  const text = `${many}, max_sample_failures is ${spec.max_sample_failures}; the last: ${reason}`
  return { verdict: 'workload-failed', reason: cutText(text) }
}

/** What could not be decided is not met. */
function endingOfThresholds({ spec, thresholds = [] }: Pick<RunRecord, 'spec' | 'thresholds'>): Ending {
  const bad = thresholds.filter(({ outcome }) => outcome !== 'met')
  const first = bad.find(({ outcome }) => outcome === 'missed') ?? bad[0]
  const about = first && spec.threshold?.[first.threshold]
  if (first == null || about == null) return { verdict: 'ok' }
  const others = bad.length === 1 ? '' : `; ${bad.length} are not met in all`
  return { verdict: 'threshold', reason: cutText(`${describeDecision(first, about)}${others}`) }
}

/** @returns the first that failed, and how many did; undefined if none did that the policy does not ignore */
export function reasonOf(workload: WorkEntry[], spec: RunRecord['spec']): string | undefined {
  const bad = failuresIn(workload, spec)
  const [first] = bad
  if (first == null) return undefined
  const { error, member } = first
  const why = failureOf(first, spec) ?? ''
  if (isOfTask(first) || first.jobs) return cutText(`${why}, in ${stepFolder(first.step)}`)
  if (member == null) {
    // the step stands before what the command said
    const said = error == null ? '' : `: ${error}`
    return `${why.slice(0, why.length - said.length)} in ${stepFolder(first.step)}${said}`
  }
  const others = bad.length === 1 ? '' : `; ${bad.length} failed in all`
  return cutText(`${placeOf(first, spec)}: ${why}, in ${stepFolder(first.step)}${others}`)
}
