/** Which samples a result has, so that they are not taken again. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { takenIn, unreportedIn } from '../../node/run/resume.ts'
import type { CheckedCertificate } from '../../protocols/certificate.ts'
import type { JobState } from '../../protocols/jobs/job-state.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { Certificate, Step, WorkloadResult } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('samples that a result has')

const step = (sample: number, more: Partial<Step> = {}): Step => ({ number: 1, name: 'default', sample, ...more })
const result = (at: Step, more: Partial<WorkloadResult> = {}) => ({
  step: at,
  exit: 0,
  duration: 1,
  timedOut: false,
  ...more
})
const phase = (name: 'work' | 'send', at: Step, verdict: 'met' | 'failed' = 'met'): CheckedCertificate => ({
  value: { phase: name, step: at, verdict } as Certificate,
  ...{ acks: [], signatures: 1, faults: [] }
})
const both = (at: Step) => [phase('work', at), phase('send', at)]
const spec = specOf({ samples: 3, max_stddev: { metric: 'iops', percent: 5, samples: 9 } })

function taken(
  workload: RunRecord['workload'],
  certificates: CheckedCertificate[],
  verdict: RunRecord['verdict'] = 'failed'
) {
  return takenIn({ spec, workload, verdict }, certificates).map(({ step: at, ...outcome }) => [stepFolder(at), outcome])
}

test('a sample counts whose data was sent, with what it came to', () => {
  const metrics = [{ name: 'iops', value: 7, samples: 1 }]
  assert.equal(taken([result(step(1), { metrics }), result(step(2))], [...both(step(1)), phase('work', step(2))]), [
    ['1-default/sample1', { failed: false, value: 7 }]
  ])
  assert.equal(taken([result(step(1))], [phase('work', step(1)), phase('send', step(1), 'failed')]), [])
})

test('one that failed by itself counts as failed, and the one in which the run was ended does not count', () => {
  const all = [...both(step(1)), ...both(step(2))]
  const workload = [result(step(1), { exit: 3 }), result(step(2), { exit: undefined, signal: 'SIGTERM' })]
  assert.equal(taken(workload, all, 'cancelled'), [['1-default/sample1', { failed: true }]])
  assert.equal(taken(workload, all, 'workload-failed').length, 2)
  assert.equal(
    taken([result(step(1)), result(step(2))], all, 'cancelled').length,
    2,
    'it was cancelled after a good one'
  )
})

test('a sample of jobs counts as its graph went, and not where the run was ended in it', () => {
  const jobs = (at: Step, error?: string) => ({
    ...{ step: at, jobs: true as const, duration: 1, timedOut: false },
    ...(error == null ? { exit: 0 } : { error })
  })
  const all = [...both(step(1)), ...both(step(2))]
  const workload = [jobs(step(1), 'job a: exit 1'), jobs(step(2), '1 of 2 jobs did not come to an end')]
  assert.equal(taken(workload, all, 'cancelled'), [['1-default/sample1', { failed: true }]])
})

test('the sample in which the run was ended counts only if all of its tasks went to their end', () => {
  const http = (name: string) => ({ name, operation: { type: 'http', url: 'http://127.0.0.1/' } })
  const tasks = specOf({ command: undefined, samples: 3, task: [http('a'), http('b')] })
  const of = (name: string, at: Step, more: object = {}) => ({ ...result(at), name, ...more })
  const whole = [of('a', step(1)), of('b', step(1))]
  const certificates = [...both(step(1)), ...both(step(2))]
  const takenOf = (second: RunRecord['workload'], verdict: RunRecord['verdict'] = 'cancelled') =>
    takenIn({ spec: tasks, workload: [...whole, ...second], verdict }, certificates).length
  assert.is(takenOf([of('a', step(2)), of('b', step(2))]), 2)
  assert.is(takenOf([of('a', step(2)), of('b', step(2), { exit: undefined, stopped: true })]), 1, 'it was cut short')
  assert.is(takenOf([of('a', step(2))]), 1, 'it was not begun')
})

test('a report that was cut short, or not begun, is no complete run', () => {
  const job = (name: string, role: string) => ({ name, role, script: 'true' })
  const reported = specOf({ job: [job('a', 'work'), job('table', 'report'), job('plot', 'report')] })
  const of = (state: JobState, job = 'table') => ({ graph: { role: 'report' as const }, job, state })
  const unreported = (verdict: RunRecord['verdict'], ...entries: Parameters<typeof unreportedIn>[1]) =>
    unreportedIn({ spec: reported, verdict }, entries)
  assert.equal(unreported('cancelled', of('cancelled'), of('done', 'plot')), ['table'])
  assert.equal(unreported('failed'), ['table', 'plot'])
  assert.equal(unreported('cancelled', of('done'), of('left-out', 'plot')), [])
  // of a run whose samples failed nothing reports
  assert.equal(unreported('workload-failed'), [])
})

test('warm-ups do not count', () => {
  const warm = step(1, { warmup: true })
  assert.equal(taken([result(warm)], both(warm)), [])
})

test('the windows of a trigger are taken all together, when all were sent', () => {
  const triggered = [1, 2].map(sample => ({ group: 'db', sample, start: 1 }))
  const windows = (certificates: CheckedCertificate[]) =>
    takenIn({ spec, workload: [result(step(1))], verdict: 'failed', triggered }, certificates).length
  assert.is(windows(both(step(1))), 0)
  assert.is(windows([...both(step(1)), phase('send', step(2))]), 1)
})

test.run()
