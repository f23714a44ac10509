/** What is said of iterations whose samples are repeated. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endingOfWorkload } from '../../node/run/ending.ts'
import { deviationsOf, noteIterations } from '../../node/run/iterations.ts'
import { describeIterations } from '../../protocols/matrix/iteration-summary.ts'
import type { WorkloadResult } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { describeShortfall } from '../../protocols/shortfall.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('iterations of a run')

const result = (sample: number, more: Partial<WorkloadResult> = {}, warmup?: true): RunRecord['workload'][number] => ({
  step: { number: 1, name: 'default', sample, ...(warmup ? { warmup } : {}) },
  ...{ exit: 0, duration: 1, timedOut: false, ...more }
})
const iops = (value: number) => ({ metrics: [{ name: 'iops', value, samples: 1 }] })

/** @returns the record of such a run, with what it came to */
function recordOf(given: object, workload: RunRecord['workload'], more: Partial<RunRecord> = {}): RunRecord {
  const record = { spec: specOf(given), workload, ...more } as RunRecord
  noteIterations(record)
  return record
}
const varying = { samples: 2, max_stddev: { metric: 'iops', percent: 5, samples: 3 } }

test('a run that repeats nothing has nothing to say of its iterations', () => {
  assert.is(recordOf({}, [result(1)]).iterations, undefined)
})

test('a metric that came close is said on the last lines, one that did not is missing', () => {
  const close = recordOf(varying, [result(1, { exit: 1 }, true), result(1, iops(100)), result(2, iops(101))])
  assert.equal(close.iterations?.[0]?.samples, 2)
  assert.equal(deviationsOf(close), [])
  assert.equal(describeIterations(close.iterations ?? [], 4), ['deviation of iops: 1-default 0.7 % (2 samples)'])
  const far = recordOf(varying, [result(1, iops(1)), result(2, iops(3)), result(3, iops(1))])
  assert.equal(deviationsOf(far).map(describeShortfall), [
    'deviation of iops in 1-default: 69 % after 3 samples, more than 5 %'
  ])
  const silent = recordOf(varying, [result(1), result(2, iops(3)), result(3)])
  assert.equal(deviationsOf(silent).map(describeShortfall), [
    'deviation of iops in 1-default: iops was stated in 1 of 3 good samples'
  ])
})

test('several instances of a sample are one value, their mean, and one failure', () => {
  const { iterations } = recordOf({ ...varying, max_sample_failures: 3 }, [
    ...[result(1, iops(100)), result(1, iops(300)), result(2, iops(200)), result(2, iops(200))],
    ...[result(3, { exit: 1 }), result(3, { exit: 1 })]
  ])
  assert.equal(iterations, [
    {
      number: 1,
      name: 'default',
      samples: 3,
      failed: 1,
      deviation: { metric: 'iops', values: 2, percent: 0, met: true }
    }
  ])
})

const endings: Array<[what: string, given: object, workload: RunRecord['workload'], reason: string | undefined]> = [
  ['a failed warm-up', {}, [result(1, { exit: 1 }, true), result(1)], undefined],
  ['a failed sample', {}, [result(1, { exit: 4 })], 'exit 4 in 1-default/sample1'],
  ['a failed sample that was repeated', { max_sample_failures: 1 }, [result(1, { exit: 4 }), result(2)], undefined],
  [
    'more than may fail',
    { max_sample_failures: 1 },
    [result(1, { exit: 4 }), result(2, { exit: 5 })],
    '2 samples of 1-default failed, max_sample_failures is 1; the last: exit 5 in 1-default/sample2'
  ]
]
for (const [what, given, workload, reason] of endings) {
  test(`${what} ${reason == null ? 'fails no run' : 'fails the run'}`, () => {
    assert.equal(
      endingOfWorkload(recordOf(given, workload)),
      reason == null ? { verdict: 'ok' } : { verdict: 'workload-failed', reason }
    )
  })
}

test('samples of the run that it goes on with are counted', () => {
  const step = { number: 1, name: 'default', sample: 1 }
  const resumes = { run: 'r', record: 'd', taken: [{ step, failed: true }], before: 0 }
  const record = recordOf({ max_sample_failures: 0 }, [], { resumes })
  assert.equal(record.iterations, [{ number: 1, name: 'default', samples: 1, failed: 1 }])
})

test.run()
