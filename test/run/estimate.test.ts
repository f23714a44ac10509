/** How long a run will take, and its matrix, before it begins. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeMatrix, drawMatrix } from '../../cli/matrix.ts'
import { estimateOf, isOfTheSame, runsToCompare } from '../../node/run/estimate.ts'
import { forecast } from '../../node/run/forecast.ts'
import type { RunRecord, RunSummary } from '../../protocols/record.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('the estimate of a run')

/** @returns a run of so many samples, of two workloads each, that took so many ms */
const earlier = (samples: number, took: number) => ({
  took,
  workload: Array.from({ length: 2 * samples }, (_, i) => ({
    step: { number: 1, name: 'default', sample: Math.floor(i / 2) + 1 },
    ...{ exit: 0, duration: 1, timedOut: false }
  }))
})

test('it is the median of what a sample took in earlier runs, as often as the run has samples', () => {
  const spec = specOf({ samples: 3, warmup: 1, iterations: [{ name: 'a' }, { name: 'b' }] })
  const runs = [earlier(2, 2_000), earlier(1, 9_000), earlier(4, 8_000)]
  assert.equal(estimateOf(spec, runs), { from: 'runs', seconds: 16, runs: 3 })
  assert.equal(estimateOf(spec, runs.slice(0, 2)), { from: 'runs', seconds: 40, runs: 2 })
})

test('without such a run it is the timeout, of all samples that there may be; without that nothing is known', () => {
  const spec = specOf({ samples: 3, max_sample_failures: 2, policy: { timeout: 10 } })
  assert.equal(estimateOf(spec, []), { from: 'timeout', seconds: 50 })
  assert.equal(estimateOf(spec, [earlier(0, 5)]), { from: 'timeout', seconds: 50 })
  assert.is(estimateOf(specOf(), []), undefined)
})

test('of tasks it is their periods, one element after the other, and beside them the longest time', () => {
  const task = (period: object, more: object = {}) => ({
    ...{ operation: { type: 'http', url: 'http://10.0.0.7/', timeout: 5 }, ...period },
    ...more
  })
  const [one, other] = [
    task({ warmup_time_period: 2, time_period: 10 }, { name: 'a' }),
    task({ time_period: 60 }, { name: 'b' })
  ]
  const tasks = (given: object[], more: object = {}) => specOf({ command: undefined, task: given, samples: 3, ...more })
  const load = { probe_timeout: 1 }
  assert.equal(estimateOf(tasks([one, other], { load }), []), {
    from: 'periods',
    seconds: 216,
    most: 3 * (1 + 17 + 65)
  })
  assert.equal(estimateOf(tasks([one]), [earlier(2, 2_000)])?.from, 'runs')
  const params = ['4', '6'].map(value => ({ name: value, params: { 'a.time_period': value } }))
  assert.is(estimateOf(tasks([one], { iterations: params }), [])?.seconds, 3 * (2 + 4) + 3 * (2 + 6))
  assert.is(estimateOf(tasks([task({ iterations: 5 })]), []), undefined, 'nobody knows how long iterations take')
  assert.match(
    printed({ command: undefined, task: [one], load }),
    /time: about 12\.0 s in the workload, by the periods of its tasks, at most 18\.0 s/
  )
  const endless = { ...one, operation: { ...one.operation, timeout: 0 } }
  assert.match(printed({ command: undefined, task: [endless] }), /by the periods of its tasks$/)
})

test('the last five runs of the name that succeeded are looked at', () => {
  const summary = (run: string, more: object = {}) =>
    ({ run, name: 'x', verdict: 'ok', took: 1, ...more }) as RunSummary
  const all = ['1', '2', '3', '4', '5', '6'].map(run => summary(run))
  const others = [
    summary('7', { name: 'y' }),
    summary('8', { verdict: 'cancelled' }),
    summary('9', { took: undefined })
  ]
  assert.equal(runsToCompare([...all, ...others], 'x'), ['2', '3', '4', '5', '6'])
})

test('a run of the same name is compared where it started the same programs, on whatever members and however often', () => {
  const spec = (more: object) => specOf({ command: ['x', '1'], ...more })
  const client = { name: 'c', command: ['y'] }
  assert.ok(isOfTheSame(spec({}), spec({ samples: 4, on: 'b', iterations: [{ name: 'a' }] })))
  assert.not.ok(isOfTheSame(spec({}), spec({ command: ['x', '2'] })))
  assert.not.ok(isOfTheSame(spec({}), spec({ load: { test_mode: true } })), 'one iteration takes no time')
  const clients = (more: object) => specOf({ workload: [{ ...client, ...more }] })
  assert.ok(isOfTheSame(clients({}), clients({ on: 'b', timeout: 9 })))
  const graph = (script: string, role = 'work') => specOf({ command: ['x'], job: [{ name: 'j', script, role }] })
  assert.not.ok(isOfTheSame(graph('a'), graph('b')))
  assert.ok(isOfTheSame(graph('a', 'setup'), graph('b', 'report')), 'what is around it is not what is measured')
  for (const more of [{ name: 'd' }, { command: 'y' }, { instances: 2 }])
    assert.not.ok(isOfTheSame(clients({}), clients(more)))
})

/** @returns what is printed of the matrix of a run that nobody takes part in */
function printed(given: object, records: RunRecord[] = []): string {
  const self = { peer: 'p', name: 'a' }
  const plan = forecast({ spec: specOf(given), members: [], self, checked: new Map(), earlier: records })
  return [drawMatrix(plan), ...describeMatrix(plan)].join('\n')
}

test('a run of one plain sample has no matrix', () => {
  assert.not.match(printed({}), /ITERATION|samples:/)
  assert.match(printed({}), /phases: join, stage, .*start 1-default\/1, work 1-default\/1/)
})

test('a large matrix is drawn in part, and its phases once', () => {
  const iterations = Array.from({ length: 900 }, (_, i) => ({ name: `x=${i}`, params: { x: `${i}` } }))
  const text = printed({ iterations, samples: 10, order: 'random', seed: 5 })
  assert.match(text, /40-x=39 +x=39 +- +10\nand 860 more iterations\n/)
  assert.match(text, /init, for each of 9000 samples \(start, work, stop, send\), end/)
  assert.match(text, /samples: 9000, in random order, seed 5/)
  assert.ok(text.length < 5_000)
})

test('samples that may be repeated are a range', () => {
  const text = printed({ samples: 2, max_stddev: { metric: 'iops', percent: 5, samples: 9 }, max_sample_failures: 1 })
  assert.match(text, /1-default +- +- +2 to 10\n/)
  assert.match(text, /samples: at least 2, /)
})

test.run()
