/** Tasks in a comparison: what is tested of them, percentiles side by side, and loads that are not alike. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { unlikeIn } from '../../../cli/compare/alike.ts'
import { compareMetrics } from '../../../cli/compare/compare-metrics.ts'
import type { Group } from '../../../cli/compare/groups.ts'
import { compareTasks } from '../../../cli/compare/percentiles.ts'
import { taskSection } from '../../../cli/compare/task-section.ts'
import { metricValueOf } from '../../../protocols/metric-samples.ts'
import { medianOf } from '../../../protocols/quantiles.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { loadOf } from '../../../protocols/tasks/task.ts'
import { type LoadResult, type LoadShape, loadResult } from '../../helpers/load-result.ts'
import { startBak } from '../fake.ts'

const test = suite('tasks in a comparison')
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-compare-tasks-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const TASKS = [{ task: 'search', clients: 4, rate: 100, service: 4, failing: 0.02 }]
const make = (label: 'a' | 'b', shape: Partial<LoadShape> = {}): LoadResult =>
  loadResult({
    ...{ folder: join(folder, label), run: `20261122T213015-${label.repeat(6)}`, seconds: 4, samples: 5, tasks: TASKS },
    ...{ seed: label === 'a' ? 1 : 77, ...shape }
  })
/** One peer is one machine in both. */
const alike = (a: LoadResult, b: LoadResult, change: (record: RunRecord) => RunRecord = record => record): Group[] => {
  const roster = b.record.roster.map((each, i) => ({ ...each, peer: a.record.roster[i]?.peer ?? each.peer }))
  return [group('A', a.record, a.folder), group('B', change({ ...b.record, roster }), b.folder)]
}
const group = (label: string, record: RunRecord, at: string): Group => ({
  label,
  selections: record.spec.iterations.map((iteration, i) => ({
    ...{ result: { run: record.run, folder: at, record }, number: i + 1, iteration, named: false }
  }))
})

test('are tested by throughput and by p50 and p99 of their latency, and judged', () => {
  const { metrics, others } = compareMetrics(alike(make('a'), make('b', { slower: 1.3 })), {
    ...{ threshold: 0.02, betterOf: () => undefined }
  })
  assert.equal(
    metrics.map(({ metric, better }) => `${metric} ${better}`),
    ['search.throughput more', 'search.latency.p50 less', 'search.latency.p99 less']
  )
  assert.is(metrics[1]?.against[0]?.verdict, 'worse')
  assert.is(metrics[0]?.against[0]?.verdict, 'same')
  assert.ok(others.includes('search.error_rate'))
})

test('stand side by side: throughput, failures and percentiles, as medians of the samples', () => {
  const groups = alike(make('a'), make('b', { slower: 1.3 }))
  const rows = compareTasks(groups)
  assert.equal(rows.map(({ what }) => what).slice(0, 6), [
    'throughput',
    'error_rate',
    'latency.mean',
    'latency.p50',
    'latency.p90',
    'latency.p99'
  ])
  const p99 = rows.find(({ what }) => what === 'latency.p99')
  for (const { label, selections } of groups) {
    const { workload = [] } = selections[0]?.result.record ?? {}
    const values = workload.map(each => metricValueOf([each], 'search.latency.p99') as number)
    assert.is(p99?.medians.get(label), medianOf(values))
  }
  const { head, rows: cells } = taskSection(
    { tasks: rows, groups: groups.map(({ label }) => ({ label, runs: [] })) },
    false
  )
  assert.equal(head, ['TASK', 'OF', 'A', 'B', 'CHANGE'])
  const row = cells.find(([, of]) => of === 'latency p50') ?? []
  assert.match(String(row[4]), /^\+\d\d(\.\d)? %$/)
})

test('of one group only are in no table', () => {
  const groups = alike(make('a'), make('b', { tasks: [{ ...(TASKS[0] as (typeof TASKS)[0]), task: 'other' }] }))
  assert.equal(compareTasks(groups), [])
})

test('that are another load are not alike', () => {
  const [a, b] = [make('a'), make('b')]
  const said = (change: (record: RunRecord) => RunRecord) => unlikeIn(alike(a, b, change)).map(({ text }) => text)
  const withSpec = (change: Partial<RunRecord['spec']>) => (record: RunRecord) => ({
    ...record,
    spec: { ...record.spec, ...change }
  })
  const { task, operation } = b.record.spec
  assert.equal(
    said(record => record),
    []
  )
  assert.equal(said(withSpec({ task: task.map(each => ({ ...each, clients: 5 })) })), [
    'workload: other settings of tasks search'
  ])
  assert.equal(said(withSpec({ task: task.map(each => ({ ...each, name: 'find' })) })), [
    'workload: tasks search in A, find in B'
  ])
  assert.equal(said(withSpec({ operation: operation.map(each => ({ ...each, timeout: 7 })) })), [
    'workload: other settings of operations search'
  ])
  assert.equal(
    said(record => ({
      ...record,
      roster: record.roster.map(({ load, ...each }, i) => (i === 0 ? each : { ...each, load }))
    })).length,
    1
  )
})

test('what is kept of their samples does not make them another load', () => {
  const load = loadOf({})
  const change = (record: RunRecord): RunRecord => ({
    ...record,
    spec: { ...record.spec, load: { ...load, samples: 'raw' } }
  })
  assert.equal(unlikeIn(alike(make('a'), make('b'), change)), [])
})

test('are in every form of the command', async () => {
  make('a')
  make('b', { slower: 1.3 })
  const words = ['compare', join(folder, 'a'), join(folder, 'b'), '--despite', 'roster', '--no-resources']
  const bak = (...more: string[]) => startBak(['--home', join(folder, 'none'), ...words, ...more]).ended
  const [text, json, markdown, html] = await Promise.all([
    bak(),
    bak('--json'),
    bak('--format', 'markdown'),
    bak('--format', 'html')
  ])
  assert.match(text?.stdout ?? '', /\nTASK +OF +A +B +CHANGE\nsearch +throughput +[\d.]+ ops\/s +[\d.]+ ops\/s +/)
  const { tasks } = JSON.parse(json?.stdout ?? '')
  assert.equal(Object.keys(tasks[0].medians), ['A', 'B'])
  assert.match(markdown?.stdout ?? '', /### Tasks: medians over the samples\n\n\| TASK \| OF \| A \| B \| CHANGE \|/)
  assert.match(html?.stdout ?? '', /Tasks: medians over the samples/)
})

test.run()
