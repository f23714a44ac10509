/** The first lines of a report, and its table of metrics. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { headOf, iterationsOf, missingIn } from '../../../cli/report/head.ts'
import { metricsIn } from '../../../cli/report/metrics.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { runRecord, specOf } from '../../protocols/samples.ts'

const test = suite('the head of a report')

const step = (number: number, sample: number, warmup?: true) => ({
  ...{ number, name: `i${number}`, sample },
  ...(warmup == null ? {} : { warmup })
})
const entry = (number: number, sample: number, metrics: Record<string, number> = {}, warmup?: true) => ({
  ...{ step: step(number, sample, warmup), exit: 0, timedOut: false, duration: 5 },
  metrics: Object.entries(metrics).map(([name, value]) => ({ name, value, samples: 1 }))
})
const ok: RunRecord = { ...runRecord, verdict: 'ok', status: 0, took: 36_800 }
const head = (change: Partial<RunRecord>) => {
  const record = { ...ok, ...change }
  return headOf(record, { record, events: [], phases: [] })
}

test('what ran is the command as it is typed, or the workloads', () => {
  assert.is(head({ spec: specOf({ command: ['sh', '-c', 'sleep 1'] }) }).ran, "sh -c 'sleep 1'")
  const workload = (name: string) => specOf({ command: undefined, workload: [{ name, command: ['x'], on: 'a' }] })
  assert.is(head({ spec: workload('load') }).ran, 'client load on a: x')
  assert.is(head({ spec: workload('client') }).ran, 'client on a: x', 'no word twice')
  const task = [{ operation: 'get' }, { name: 'all', operation: { type: 'http', url: 'http://a' } }]
  assert.is(head({ spec: specOf({ command: undefined, task }) }).ran, 'tasks get, all')
})

test('machines that were not fit to measure are named with why', () => {
  const finding = (fact: string, level: 'unfit' | 'note') => ({ fact, value: 'x', level })
  const noise = [
    { name: 'a', findings: [finding('load', 'unfit'), finding('governor', 'note')] },
    { name: 'b', findings: [finding('load', 'unfit')] }
  ]
  assert.is(head({ noise }).unfit, 'load of a, b')
  assert.is(head({}).unfit, undefined)
})

test('tags that were given later stand beside those that are sealed', () => {
  const record = { ...ok, spec: specOf({ tags: { kernel: '6.18' } }) }
  const told = { record, events: [], phases: [] }
  assert.equal(headOf(record, told, { kernel: 'another', keep: 'yes' }).tags, { kernel: '6.18', keep: 'yes' })
  assert.is(headOf(ok, { ...told, record: ok }).tags, undefined)
})

const sizes: Array<[string, Array<[number, number, true?]>]> = [
  ['no sample, on 0 members', []],
  ['1 sample, on 0 members', [[1, 1]]],
  [
    '1 sample, on 0 members',
    [
      [1, 1, true],
      [1, 1]
    ]
  ],
  [
    '2 iterations, 1 sample each, on 0 members',
    [
      [1, 1],
      [2, 1]
    ]
  ],
  [
    '2 iterations, 3 samples, on 0 members',
    [
      [1, 1],
      [1, 2],
      [2, 1]
    ]
  ]
]
for (const [size, taken] of sizes)
  test(`the size of a run is in words: ${size} of ${taken.length}`, () => {
    const workload = taken.map(([number, sample, warmup]) => entry(number, sample, {}, warmup))
    assert.is(head({ workload }).size, size)
  })

const wholes: Array<[string, Partial<RunRecord>, boolean]> = [
  ['has all', {}, false],
  ['lacks members', { partial: true }, true],
  ['lacks a tool', { shortfalls: [{ kind: 'tool', what: 'x', member: 'a', reason: 'y' }] }, true],
  ['lacks files', { missing: [{ peer: 'P', name: 'a', what: 'x', files: 2 }] }, true],
  ['did not end', { state: 'running', verdict: undefined }, true]
]
for (const [what, change, partial] of wholes)
  test(`a run that ${what} is ${partial ? '' : 'not '}partial`, () => {
    assert.is(head(change).partial, partial)
  })

test('how long it took is what all else says, and the verdict is in words', () => {
  const { took, verdict, status } = head({ verdict: 'workload-failed', status: 1 })
  assert.equal([took, verdict, status], [36.8, 'workload failed', 1])
})

test('what is missing is named, a sentence each', () => {
  const record: RunRecord = {
    ...ok,
    excluded: [{ peer: 'P', name: 'd', phase: 'start', code: 'lost', reason: 'silent' }],
    shortfalls: [{ kind: 'tool', what: 'perf', member: 'a', reason: 'not found' }],
    missing: [{ peer: 'P', name: 'a', what: 'default', files: 2 }],
    refused: [{ path: 'x/y', reason: 'too long' }]
  }
  assert.equal(missingIn(record), [
    'd is out of the run since start: lost, silent',
    'perf on a: not found',
    '2 files of default of a: its missing.txt names them',
    'files of members that were not taken: x/y'
  ])
})

test('metrics have median and spread by iteration; what is not of a distribution comes first, then its tail', () => {
  const names = { 'f.lat.mean': 1, 'f.lat.p50': 2, 'f.lat.p99': 3, 'f.iops': 4, 'f.lat.min': 5 }
  const workload = [entry(2, 1, names), entry(2, 2, { 'f.iops': 8 }), entry(2, 3, { 'f.iops': 6 })]
  const found = metricsIn({ ...ok, workload }, iterationsOf({ workload }))
  assert.equal(
    found.map(({ metric }) => metric),
    ['f.iops', 'f.lat.p99', 'f.lat.mean', 'f.lat.p50', 'f.lat.min']
  )
  const [iops, p99] = found
  assert.equal([iops?.iteration, iops?.median, iops?.iqr], [0, 6, 2])
  assert.ok(Math.abs((iops?.cv ?? 0) - 1 / 3) < 1e-12, 'a share')
  assert.equal([p99?.median, p99?.iqr, p99?.cv], [3, undefined, undefined], 'one value has no spread')
})

test.run()
