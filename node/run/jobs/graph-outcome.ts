/** What the jobs of a graph came to, as the run goes by it: whether it failed, and why, in words. Pure. */
import { cutText } from '../../../protocols/fields.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { WorkEntry } from '../../../protocols/work-entry.ts'

type Judged = Pick<JobEntry, 'job' | 'state' | 'reason' | 'member' | 'attempts'>

/** @returns the first job that failed and how many did, or that not all of them came to an end; undefined where all went well */
export function whyGraphFailed(entries: Judged[]): string | undefined {
  const failed = entries.filter(({ state }) => state === 'failed')
  const [first] = failed
  const skipped = entries.filter(({ state }) => state === 'skipped').length
  const also = [
    ...(failed.length > 1 ? [`${failed.length} jobs failed in all`] : []),
    // for any of several
    ...(skipped > 0
      ? [`${skipped} ${skipped === 1 ? 'was' : 'were'} skipped${failed.length > 1 ? '' : ' for it'}`]
      : [])
  ]
  if (first != null) return cutText([describeFailure(first), ...also].join('; '))
  const cut = entries.filter(({ state }) => !isGood(state))
  if (cut.length === 0) return undefined
  return `${cut.length} of ${entries.length} jobs did not come to an end: ${cut[0]?.reason ?? 'the graph was ended'}`
}

/** `job lib on n2: exit 1`, `job lib on n3, attempt 2: exit 1` */
function describeFailure({ job, member, attempts, reason = 'it failed' }: Judged): string {
  const tries = Math.max(0, ...attempts.map(({ attempt }) => attempt))
  const where = member == null ? '' : ` on ${member}`
  return `job ${job}${where}${tries > 1 ? `, attempt ${tries}` : ''}: ${reason}`
}

const isGood = (state: JobEntry['state']) => state === 'done' || state === 'reused' || state === 'left-out'

/** @param duration ms; @returns what the record says of the jobs of a sample */
export function workEntryOf(step: Step, entries: Judged[], duration: number): WorkEntry {
  const error = whyGraphFailed(entries)
  const how = error == null ? { exit: 0 } : { error }
  return { step, jobs: true, ...how, duration, timedOut: false }
}

/** @returns of jobs that are done what went wrong before, in words: attempts on members that were lost, or could not run them */
export function troublesIn(entries: Judged[]): string[] {
  return entries.flatMap(({ job, state, attempts }) => {
    const lost = attempts.filter(({ outcome }) => outcome === 'lost' || outcome === 'broken')
    if (lost.length === 0 || state !== 'done') return []
    const said = lost.map(
      ({ attempt, member, outcome, reason }) => `attempt ${attempt} on ${member}: ${reason ?? outcome}`
    )
    return [`job ${job}: ${said.join('; ')}; done in attempt ${attempts.at(-1)?.attempt ?? 0}`]
  })
}
