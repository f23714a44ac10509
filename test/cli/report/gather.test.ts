/** What a report gathers from the folder of a result. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gatherReport } from '../../../cli/report/gather.ts'
import { sourceOf } from '../../../cli/report/report-run.ts'
import { makeReport } from '../../../cli/report/write-report.ts'
import { openFolder } from '../../../cli/result/open-result.ts'
import { SERIES_FILE, seriesFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import { type RunRecord, writeRecord } from '../../../protocols/record.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { BEGAN, type ResultShape, seriesResult } from '../../helpers/series-result.ts'
import { specOf } from '../../protocols/samples.ts'
import { dataIn, pointsIn } from './page-data.ts'

const test = suite('what a report gathers')

const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function result(shape: Partial<ResultShape> = {}, change: Partial<RunRecord> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bak-report-'))
  folders.push(folder)
  const made = seriesResult({
    folder,
    members: 3,
    iterations: ['x'],
    samples: 2,
    seconds: 10,
    slower: { m2: 2 },
    ...shape
  })
  if (Object.keys(change).length > 0)
    writeFileSync(join(folder, 'run.json'), writeRecord({ ...made.record, ...change }))
  return { ...made, gather: async (points = 1e6) => gatherReport(await sourceOf(await openFolder(folder)), points) }
}

test('a file whose points are damaged is named, and what all others measured is on the page', async () => {
  const { folder, samples, gather } = result()
  const path = join(folder, seriesFolder(samples[0]?.step as never, 'm1'), SERIES_FILE)
  const bytes = readFileSync(path)
  // its first page; the footer with the index stays
  writeFileSync(path, bytes.fill(0xff, 4, 400))
  const { data } = await gather()
  const unread = data.tables.find(({ title }) => title === 'not read into series')
  assert.equal(
    unread?.rows.filter(([member]) => member === 'm1').map(([, file]) => file),
    [SERIES_FILE]
  )
  const members = new Set(data.series.rows.map(([member]) => member))
  assert.equal([...members].sort(), [0, 1, 2])
})

test('the first screen has metrics, windows and the panels of each member, with its busiest disk', async () => {
  const { gather } = result()
  const { data } = await gather()
  assert.is(data.head.size, '2 samples, on 3 members')
  assert.equal(
    data.metrics.map(({ metric, samples }) => [metric, samples.length, samples[0]?.byMember?.length]),
    [
      ['fio.read.iops', 2, 3],
      ['fio.read.clat.p99', 2, 3]
    ]
  )
  assert.equal(
    data.windows.map(({ kind, label, from, to }) => [kind, label, from, to]),
    [
      ['work', '1-x/sample1', 3, 13],
      ['work', '1-x/sample2', 18, 28]
    ]
  )
  const panel = (id: string) => data.panels.find(each => each.id === id)
  assert.equal(
    panel('disk-util')?.cells.map(({ member, note }) => [member, note]),
    [
      [0, 'nvme0n1'],
      [1, 'nvme0n1'],
      [2, 'nvme0n1']
    ]
  )
  assert.equal(panel('network')?.cells[0]?.note, 'eth0', 'without the loopback')
  assert.equal(panel('cpu')?.parts, ['user', 'system', 'irq', 'iowait', 'steal'], 'no legend for what nothing measures')
  assert.equal(panel('processors')?.cells[0]?.names, ['0', '1', '2', '3'])
})

test('the points of a row are those of the file, in seconds of the run, with a gap between two samples', async () => {
  const { folder, gather, samples } = result()
  const { data, block } = await gather()
  const row = data.series.rows.findIndex(
    ([member, , metric, labels]) =>
      member === 1 && data.series.metrics[metric] === 'disk.util' && data.series.labels[labels] === 'device=nvme0n1'
  )
  const [, , , , , axis = -1, offset = 0, measured] = data.series.rows[row] ?? []
  const { offset: from, length } = data.axes[axis] ?? { offset: 0, length: 0 }
  const { buffer } = Uint8Array.from(block)
  const t = [...new Float64Array(buffer, 8 * from, length)]
  const v = [...new Float32Array(buffer, 8 * data.block.float64 + 4 * offset, length)]
  const expected: Array<[number, number]> = []
  for (const { step } of samples) {
    const file = await openSeries(join(folder, seriesFolder(step, 'm2'), SERIES_FILE))
    const [points] = await file.points([{ tool: 'iostat', metric: 'disk.util', labels: { device: 'nvme0n1' } }])
    await file.close()
    for (const [at, ms] of (points?.t ?? []).entries())
      expected.push([(ms - BEGAN) / 1000, Math.fround(points?.v[at] ?? Number.NaN)])
  }
  const gap = v.findIndex(Number.isNaN)
  assert.is(gap, expected.length / 2)
  assert.is(measured, expected.length)
  const found = t.map((time, at): [number, number] => [time, v[at] as number]).filter((_, at) => at !== gap)
  assert.equal(found, expected)
})

test('series of one tool and member share an axis', async () => {
  const { gather } = result({ members: 1 })
  const { data } = await gather()
  assert.ok(data.series.rows.length > 50)
  assert.is(data.axes.length, 1)
})

test('where there is no room for all points, peaks stay, and it is said', async () => {
  const { gather } = result({ members: 1, seconds: 300, samples: 1 })
  const [whole, thin] = [await gather(), await gather(2000)]
  assert.is(whole.data.head.reduced, undefined)
  assert.match(
    thin.data.head.reduced ?? '',
    /of \d+ series have more points than fit on this page .*bak export has all points/
  )
  assert.ok(thin.data.block.float32 <= 2100, `${thin.data.block.float32} points`)
  const numbers = ({ data, block }: typeof whole) =>
    new Float32Array(Uint8Array.from(block).buffer, 8 * data.block.float64, data.block.float32)
  const highest = (all: Float32Array) => all.reduce((most, each) => (each > most ? each : most), 0)
  assert.is(highest(numbers(thin)), highest(numbers(whole)))
  assert.is(thin.data.series.rows.length, whole.data.series.rows.length, 'none is left out')
})

test('of many samples too there are no more points than there is room for; metrics with the most series are left out by name', async () => {
  const { gather } = result({ members: 1, seconds: 10, samples: 40 })
  const { data } = await gather(6000)
  assert.ok(data.block.float32 <= 7000, `${data.block.float32} points`)
  assert.match(data.head.reduced ?? '', /\d+ series of .*cpu\.\w+ of proc.* are not on this page/)
  assert.ok(
    data.panels.some(({ id }) => id === 'cpu'),
    'what panels draw stays'
  )
})

test('a run that failed or lacks something says so first, and names what is missing', async () => {
  const shortfalls = [{ kind: 'tool' as const, member: 'm1', what: 'perf-stat', reason: 'not found on PATH' }]
  const { gather } = result({}, { verdict: 'quorum', status: 3, partial: true, reason: 'only 2 of 3', shortfalls })
  const { head, missing } = (await gather()).data
  assert.equal([head.verdict, head.partial, head.reason], ['quorum not met', true, 'only 2 of 3'])
  assert.equal(missing, ['perf-stat on m1: not found on PATH'])
})

test('a run that did not end says so', async () => {
  const { gather } = result({}, { state: 'running', verdict: undefined, status: undefined, ended: undefined })
  const { head } = (await gather()).data
  assert.equal([head.verdict, head.partial], ['not ended, running', true])
})

test('thresholds have a table, which is open where one is not met', async () => {
  const spec = specOf({ threshold: [{ metric: 'iops', min: 1000 }] })
  const iteration = { number: 1, name: 'default' }
  const met = { threshold: 0, metric: 'iops', iteration, outcome: 'met' as const, value: 1200, samples: 3 }
  const tableOf = async (thresholds: RunRecord['thresholds']) =>
    (await result({}, { spec, thresholds }).gather()).data.tables.find(({ title }) => title === 'thresholds')
  const row = ['iops', '1-default', 'min 1000', '1200', '', 'median of 3', 'met', '']
  assert.equal((await tableOf([met]))?.rows, [row])
  assert.not((await tableOf([met]))?.open)
  assert.ok((await tableOf([{ ...met, outcome: 'missed', value: 900 }]))?.open)
})

test('a damaged file of series costs that one, by name, and so does what a reader could not read', async () => {
  const { folder, gather, samples } = result()
  const [{ step } = { step: undefined }] = samples
  if (step == null) throw new Error('no sample')
  truncateSync(join(folder, seriesFolder(step, 'm1'), SERIES_FILE), 100)
  appendFileSync(
    join(folder, 'journal.ndjson'),
    '{"n":0,"at":1,"type":"warning","text":"late"}\n5\nnull\n[]\n{"type":"ack"}\n{"n":1,'
  )
  const { data } = await gather()
  const table = (title: string) => data.tables.find(each => each.title === title)
  assert.equal(
    table('not read into series')?.rows.map(([member, file]) => [member, file]),
    [
      ['m1', 'series.parquet'],
      ['m2', 'proc/diskstats.txt:7']
    ]
  )
  assert.equal(table('warnings')?.rows, [['bak', '', 'late']])
  assert.is(data.panels.find(({ id }) => id === 'cpu')?.cells.length, 3, 'its other sample is there')
})

test('folded stacks of perf are on the page, by member and sample; those of nobody in the roster are not', async () => {
  const file = { sha256: 'a'.repeat(64), bytes: 20 }
  const at = (member: string) => `1-x/sample1/tools-default/${member}/perf/perf-folded.txt`
  const { folder, gather } = result({}, { files: { [at('m2')]: file, [at('m3')]: file, [at('nobody')]: file } })
  mkdirSync(join(folder, dirname(at('m2'))), { recursive: true })
  writeFileSync(join(folder, at('m2')), 'a;b 3\nc 1\n')
  const { data, block } = await gather()
  const [flame, ...more] = data.flames
  assert.equal([flame?.member, flame?.title, more], [1, '1-x/sample1, perf', []])
  const { float64, float32 } = data.block
  const text = Buffer.from(block).subarray(8 * float64 + 4 * float32 + (flame?.offset ?? 0))
  assert.is(text.toString('utf8', 0, flame?.length), 'a;b 3\nc 1')
  const unread = data.tables.find(({ title }) => title === 'not read into series')
  assert.ok(
    unread?.rows.some(([member, path]) => member === 'm3' && path === at('m3')),
    'one that is gone is named'
  )
})

test('a file whose numbers are damaged costs that file, though its index can be read', async () => {
  const { folder, gather, samples } = result()
  const path = join(folder, seriesFolder(samples[0]?.step as Step, 'm1'), SERIES_FILE)
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4, 2000)
  writeFileSync(path, bytes)
  const { data } = await gather()
  const unread = data.tables.find(({ title }) => title === 'not read into series')
  assert.equal(
    unread?.rows.map(([member, file]) => [member, file]),
    [
      ['m2', 'proc/diskstats.txt:7'],
      ['m1', 'series.parquet']
    ].sort()
  )
  assert.is(data.panels.find(({ id }) => id === 'cpu')?.cells.length, 3, 'its other sample is there')
})

test('a run without series has a page too', async () => {
  const { gather } = result({}, { roster: [], workload: [] })
  const { data, block } = await gather()
  assert.equal([data.panels, data.series.rows, block.length], [[], [], 0])
})

test('what others wrote cannot end the data of the page', async () => {
  const evil = '</script><script>alert(1)</script>'
  const { folder } = result({}, { name: 'x', reason: evil, remarks: [`<!-- ${evil}`] })
  const html = (await makeReport(await sourceOf(await openFolder(folder)))).toString()
  assert.not.ok(html.includes('alert(1)</'))
  assert.is(dataIn(html).head.reason, evil)
  assert.ok(pointsIn(html, 0).t.length > 0)
})

test.run()
