/** What a report has of tasks: lines over the run, curves by percentile, and the numbers of each sample. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gatherReport } from '../../../../cli/report/gather.ts'
import { sourceOf } from '../../../../cli/report/report-run.ts'
import { CURVE_STEPS, shareAt } from '../../../../cli/report/tasks/tasks-data.ts'
import { openFolder } from '../../../../cli/result/open-result.ts'
import { tasksFileOf } from '../../../../protocols/layout.ts'
import type { TasksFile } from '../../../../protocols/tasks/tasks-file.ts'
import { type LoadShape, loadResult } from '../../../helpers/load-result.ts'
import { blockOf } from '../page-data.ts'

const test = suite('what a report has of tasks')

const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function result(shape: Partial<LoadShape> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bak-report-tasks-'))
  folders.push(folder)
  const made = loadResult({ folder, seconds: 8, ...shape })
  const gather = async (points = 1e6) => {
    const { data, block } = await gatherReport(await sourceOf(await openFolder(folder)), points)
    if (data.tasks == null) throw new Error('no tasks')
    return { data, tasks: data.tasks, ...blockOf(data, block) }
  }
  return { ...made, gather }
}

const linesOf = ({ files }: ReturnType<typeof result>, sample: number, task: string) => {
  const found = files[sample]?.tasks.tasks.find(each => each.task === task)
  if (found == null) throw new Error(`no ${task}`)
  return found
}

test('a task has its lines over the run, sample by sample, with a gap in between', async () => {
  const made = result()
  const { tasks, pointsOf, data } = await made.gather()
  assert.equal(
    tasks.tasks.map(({ task, unit }) => [task, unit]),
    [
      ['index', 'docs'],
      ['search', 'ops'],
      ['update', 'ops']
    ]
  )
  const [index] = tasks.tasks
  const { t, v } = pointsOf(index?.series.throughput ?? -1)
  // what ended a little later is in a ninth second, which is no second of throughput
  const rows = [0, 1].map(sample => [...linesOf(made, sample, 'index').seconds.throughput.slice(0, 8), undefined])
  assert.equal(
    v.map(value => (Number.isNaN(value) ? undefined : value)),
    [...(rows[0] ?? []), undefined, ...(rows[1] ?? [])]
  )
  assert.is(t[0], (tasks.elements[0]?.from ?? 0) + 0.5, 'a row stands for the middle of its second')
  const { rows: all, tools, metrics, labels, units } = data.series
  const named = all.map(([, tool, metric, label, unit]) =>
    [tools[tool], metrics[metric], labels[label], units[unit]].join(' ')
  )
  assert.ok(named.includes('load latency.p99 task=search ms'), 'and all of them are among the series')
})

test('errors are a rate, and a second without a request is a gap', async () => {
  const made = result({ samples: 1, tasks: [{ task: 'get', clients: 2, rate: 1, service: 5, failing: 1 }], seconds: 6 })
  const { tasks, pointsOf } = await made.gather()
  const series = tasks.tasks[0]?.series
  const file = linesOf(made, 0, 'get')
  assert.equal(pointsOf(series?.errors ?? -1).v, [1, 1, 1, 1, 1, Number.NaN])
  assert.equal(file.seconds.failed, [1, 1, 1, 1, 1, 1], 'the last second has a few ms only')
  assert.equal(
    pointsOf(series?.p99 ?? -1).v.map(value => !Number.isNaN(value)),
    file.seconds.latency.p99.map(value => value != null)
  )
})

test('join points are where elements begin, with the skew of their clients and the end of their warm-up', async () => {
  const made = result({ samples: 1 })
  const { tasks } = await made.gather()
  assert.equal(
    tasks.elements.map(({ element, tasks: names, skew }) => [element, names, skew]),
    [
      [1, ['index'], 0.8],
      [2, ['search', 'update'], 0.9]
    ]
  )
  const [take] = tasks.tasks[1]?.takes ?? []
  assert.is(take?.from, tasks.elements[1]?.from)
  const warm = (take?.counted ?? 0) - (take?.from ?? 0)
  assert.ok(warm >= 2 && warm < 3.1, `the warm-up of 2 s ends after ${warm} s`)
  const update = tasks.tasks[2]?.takes[0]
  assert.is(update?.counted, update?.from, 'a task without a warm-up counts from its begin')
})

test('a curve has the percentiles of the file, each nine of the share in the same room', async () => {
  const made = result({ stall: { at: 4, ms: 350 } })
  const { tasks, valuesOf } = await made.gather()
  for (const [sample, take] of (tasks.tasks[1]?.takes ?? []).entries()) {
    const { latency } = linesOf(made, sample, 'search')
    const curve = valuesOf(take.latency?.curve)
    assert.is(curve.length, Math.floor(CURVE_STEPS * Math.log10(take.requests)) + 1)
    for (const [nines, percentile] of [
      [1, '90'],
      [2, '99'],
      [3, '99.9']
    ] as const) {
      const value = curve[nines * CURVE_STEPS] as number
      const exact = latency?.percentiles[percentile] as number
      assert.ok(Math.abs(value / exact - 1) < 0.002, `${percentile} %: ${value} of the curve, ${exact} of the file`)
      assert.ok(Math.abs(shareAt(nines) * 100 - Number(percentile)) < 1e-9)
    }
    assert.ok((curve.at(-1) as number) <= (take.latency?.max as number))
    assert.equal(
      curve,
      curve.toSorted((a, b) => a - b)
    )
  }
})

test('the members of a task have lines and curves of their own, and how their driver kept up', async () => {
  const made = result({ busy: ['m2'], lost: 'm1', samples: 1 })
  const { tasks, valuesOf } = await made.gather()
  const [, search] = tasks.tasks
  assert.equal(
    search?.members.map(({ member }) => member),
    [0, 1]
  )
  const [first, second] = search?.takes[0]?.members ?? []
  assert.is(first?.lost, true)
  assert.is(second?.health?.busy, 0.99)
  const warned = tasks.warnings.filter(({ task }) => task === 'search').map(({ text }) => text)
  assert.ok(
    warned.some(text => /^the driver of m2 was the bottleneck: its busiest thread worked 99 % of the time/.test(text))
  )
  assert.ok(warned.includes('nothing came any more of m1'))
  assert.is(new Set(warned).size, warned.length, 'a warning is told once')
  assert.ok(valuesOf(second?.latency?.curve).length > CURVE_STEPS)
})

test('what has no room is thinned, and no peak is lost', async () => {
  const made = result({ seconds: 60, samples: 1, stall: { at: 30, ms: 500 } })
  const { tasks, pointsOf } = await made.gather(2_000)
  const { v } = pointsOf(tasks.tasks[1]?.series.max ?? -1)
  assert.ok(v.length < 60, `${v.length} points`)
  const highest = Math.max(...(linesOf(made, 0, 'search').seconds.latency.max as number[]))
  assert.ok(Math.abs(Math.max(...v) - highest) < 0.001)
})

test('a file and a histogram that are damaged are named, and all else is on the page', async () => {
  const made = result()
  const [first, second] = made.samples.map(({ step }) => join(made.folder, tasksFileOf(step)))
  writeFileSync(first as string, '{')
  const file: TasksFile = JSON.parse(readFileSync(second as string, 'utf8'))
  if (file.tasks[0]?.latency != null) file.tasks[0].latency.histogram = 'AAAA'
  writeFileSync(second as string, JSON.stringify(file))
  const { tasks, data } = await made.gather()
  assert.equal(
    tasks.tasks.map(({ takes }) => takes.length),
    [1, 1, 1]
  )
  assert.is(tasks.tasks[0]?.takes[0]?.latency?.curve, undefined)
  assert.ok(tasks.tasks[0]?.takes[0]?.service?.curve != null)
  const unread = data.tables.find(({ title }) => title === 'not read into series')?.rows ?? []
  assert.equal(
    unread.filter(([, file]) => String(file).endsWith('tasks.json')).map(([, file]) => file),
    ['1-default/sample1/tasks.json', '1-default/sample2/tasks.json']
  )
})

test.run()
