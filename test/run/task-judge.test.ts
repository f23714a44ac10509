/** Thresholds of tasks while they go on. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isJudgedLive, TaskJudge } from '../../node/run/task-judge.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { WorkEntry } from '../../protocols/work-entry.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('thresholds of tasks that go on')

const stepOf = (sample: number) => ({ number: 1, name: 'default', sample })
const task = [{ name: 'get', operation: { type: 'http', url: 'http://127.0.0.1/' } }]
const entry = (values: Record<string, number>, sample = 1): WorkEntry => ({
  ...{ step: stepOf(sample), exit: 0, duration: 1, timedOut: false, name: 'get' },
  metrics: Object.entries(values).map(([what, value]) => ({ name: `get.${what}`, value, samples: 1 }))
})
const recordOf = (threshold: object[], more: object = {}, workload: WorkEntry[] = []) =>
  ({
    spec: specOf({ command: undefined, task, threshold: threshold.map(each => ({ stop: true, ...each })), ...more }),
    ...{ workload, roster: [], excluded: [], sent: [] }
  }) as unknown as RunRecord

/** @returns the seconds, of 0 to 30, at which a threshold is missed first; undefined for never */
function firstMiss(record: RunRecord, valuesAt: (second: number) => Record<string, number>): number | undefined {
  const judge = new TaskJudge(record, [])
  const sample = record.workload.length + 1
  for (let second = 0; second <= 30; second++)
    if (judge.missed([entry(valuesAt(second), sample)], 1e6 + second * 1000) != null) return second
  return undefined
}

const slow = () => ({ samples: 9, 'latency.p99': 80 })
const cases: Array<
  [title: string, record: RunRecord, values: (second: number) => Record<string, number>, at: number | undefined]
> = [
  ['ten seconds of samples by default', recordOf([{ metric: 'get.latency.p99', max: 50 }]), slow, 10],
  ['as long as it says', recordOf([{ metric: 'get.latency.p99', max: 50, after: 3 }]), slow, 3],
  [
    'from the first normal sample on',
    recordOf([{ metric: 'get.latency.p99', max: 50, after: 3 }]),
    second => (second < 7 ? { samples: 0 } : slow()),
    10
  ],
  ['what is within its bounds goes on', recordOf([{ metric: 'get.latency.p99', max: 100, after: 3 }]), slow, undefined],
  ['without stop it goes on', recordOf([{ metric: 'get.latency.p99', max: 50, stop: false }]), slow, undefined],
  ['a number of samples still grows', recordOf([{ metric: 'get.samples', min: 50, after: 3 }]), slow, undefined],
  ['and is too large for certain', recordOf([{ metric: 'get.samples', max: 5, after: 3 }]), slow, 3],
  ['a metric of nobody', recordOf([{ metric: 'put.latency.p99', max: 5, after: 3 }]), slow, undefined],
  [
    'the median of three samples may still mend it',
    recordOf([{ metric: 'get.latency.p99', max: 50 }], { samples: 3 }),
    slow,
    undefined
  ],
  [
    'not once a second of them is out',
    recordOf([{ metric: 'get.latency.p99', max: 50 }], { samples: 3 }, [entry({ samples: 9, 'latency.p99': 80 })]),
    slow,
    10
  ],
  [
    'each is out at the first',
    recordOf([{ metric: 'get.latency.p99', max: 50, judge: 'each' }], { samples: 3 }),
    slow,
    10
  ]
]
for (const [title, record, values, at] of cases)
  test(`${title}: ${at == null ? 'nothing ends' : `ended at ${at} s`}`, () => assert.is(firstMiss(record, values), at))

test('warm-ups are not judged, nor runs without a threshold that ends them', () => {
  const { spec } = recordOf([{ metric: 'get.samples', max: 5 }])
  assert.is(isJudgedLive(spec, stepOf(1)), true)
  assert.is(isJudgedLive(spec, { ...stepOf(1), warmup: true }), false)
  assert.is(isJudgedLive(recordOf([{ metric: 'get.samples', max: 5, stop: false }]).spec, stepOf(1)), false)
})

test.run()
