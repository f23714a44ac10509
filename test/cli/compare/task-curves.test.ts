/** Latency by percentile of the groups of a comparison. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readGroups } from '../../../cli/compare/groups.ts'
import { readCurves } from '../../../cli/compare/task-curves.ts'
import { CURVE_STEPS } from '../../../cli/report/tasks/tasks-data.ts'
import { openFolder } from '../../../cli/result/open-result.ts'
import { tasksFileOf } from '../../../protocols/layout.ts'
import { quantileOf } from '../../../protocols/quantiles.ts'
import { writeRecord } from '../../../protocols/record.ts'
import { type LoadShape, loadResult, TASKS } from '../../helpers/load-result.ts'
import { samplesOf } from '../../helpers/load-samples.ts'

const test = suite('curves of a comparison')
const folder = mkdtempSync(join(tmpdir(), 'bak-curves-'))
test.after(() => rmSync(folder, { recursive: true }))

const search = TASKS.filter(({ task }) => task === 'search')
const make = (name: string, shape: Partial<LoadShape> = {}) =>
  loadResult({ folder: join(folder, name), tasks: search, seconds: 6, ...shape })
const curves = async (...names: string[]) =>
  readCurves(
    await readGroups(
      names.map(name => join(folder, name)),
      openFolder,
      () => true
    )
  )

make('a')
const other = make('b', { run: '20261122T223015-bbbbbb', seed: 2, slower: 2 })

test('a group has a line of all its samples together, one of the service time, and one of each sample', async () => {
  const [found, ...more] = await curves('a', 'b')
  assert.equal(more, [])
  assert.equal([found?.task, found?.iteration], ['search', ''])
  assert.equal(
    found?.lines.map(({ label, kind }) => `${label} ${kind}`),
    ['A sample', 'A sample', 'A latency', 'A service', 'B sample', 'B sample', 'B latency', 'B service']
  )
  // the latencies themselves, of both samples of the seed
  const latencies = [1, 1001]
    .flatMap(seed => samplesOf(search[0] as never, { seconds: 6, seed }))
    .filter(({ warmup }) => !warmup)
    .map(({ due, ended }) => ended - due)
    .sort((a, b) => a - b)
  const whole = found?.lines[2]
  for (const [nines, share] of [
    [0, 0],
    [1, 0.9],
    [2, 0.99]
  ] as const) {
    const [value, exact] = [whole?.curve.values[nines * CURVE_STEPS] as number, quantileOf(latencies, share)]
    assert.ok(Math.abs(value / exact - 1) < 0.003, `${share}: ${value} of the curve, ${exact} of the samples`)
  }
  assert.is(whole?.max, latencies.at(-1))
})

test('samples that failed are left out, and a task that one group has only is none', async () => {
  const failed = make('failed', { run: '20261122T233015-cccccc', seed: 3 })
  const workload = failed.record.workload.map(each => (each.step.sample === 1 ? { ...each, error: 'cut short' } : each))
  writeFileSync(join(folder, 'failed', 'run.json'), writeRecord({ ...failed.record, workload }))
  const [found] = await curves('a', 'failed')
  assert.equal(
    found?.lines.filter(({ label }) => label === 'B').map(({ kind }) => kind),
    ['latency', 'service']
  )
  make('else', { run: '20261122T234015-dddddd', tasks: [{ task: 'put', clients: 1, rate: 10, service: 3 }] })
  assert.equal(await curves('a', 'else'), [])
})

test('a histogram that is none is no line', async () => {
  const [first] = other.files
  const path = join(folder, 'b', tasksFileOf(first?.step as never))
  const file = JSON.parse(readFileSync(path, 'utf8'))
  file.tasks[0].latency.histogram = 'AAAA'
  writeFileSync(path, JSON.stringify(file))
  const [found] = await curves('a', 'b')
  assert.equal(
    found?.lines.filter(({ label }) => label === 'B').map(({ kind }) => kind),
    ['latency', 'service']
  )
})

test.run()
