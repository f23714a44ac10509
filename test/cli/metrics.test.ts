/** The tables of `bak metrics`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatStated } from '../../cli/commands/metrics.ts'
import { fittingTable } from '../../cli/fitting-table.ts'
import { windowsOf } from '../../cli/result/windows.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { seriesResult } from '../helpers/series-result.ts'
import { startBak } from './fake.ts'

const test = suite('tables of metrics')
let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-metrics-'))
  seriesResult({ folder, members: 2, iterations: ['4k', '1m'], samples: 2, seconds: 3 })
})
test.after(() => rmSync(folder, { recursive: true }))

async function metrics(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await startBak(['--home', join(folder, 'none'), 'metrics', folder, ...words]).ended
  assert.equal([status, stderr], [0, ''])
  return stdout
}

test('without a flag there are the samples of the workload, and a line for each metric of each tool', async () => {
  const text = await metrics()
  assert.match(
    text,
    /^ITERATION +METRIC +MEDIAN +QUARTILES +CV +SAMPLES +VALUES\n1-4k +fio\.read\.iops +[\d.]+ k\/s +\S+ k\/s +- +2 +[\d.]+ [\d.]+ k\/s\n/
  )
  assert.match(text, /\n\nMETRIC +MIN +MEAN +MAX +TOOL +MEMBERS +SERIES\n/)
  assert.match(text, /\ndisk\.util +[\d.]+ % +\d+ % +\d+ % +iostat +2 +16\n/)
})

test('in 80 columns the values of one sample, which are its median, and the one iteration give way before a row is folded', () => {
  const stated = (count: number) => ({
    ...{ iteration: { number: 1, name: 'default' }, metric: `${'search-for-all-products'.repeat(2)}.service_time.p99` },
    ...{ unit: 'ms', across: 'mean' as const },
    samples: Array.from({ length: count }, (_, i) => ({ sample: i + 1, value: 4.5, byMember: [] }))
  })
  assert.equal(formatStated([stated(1)], 80).split('\n').length, 2)
  assert.match(formatStated([stated(1)], 80), /^METRIC +MEDIAN\n\S+ +4\.500 ms$/)
  assert.match(formatStated([stated(1)], 120), /^ITERATION +METRIC .* VALUES\n/)
  assert.match(formatStated([stated(3)], 80), /\bvalues: 4\.500 4\.500 4\.500 ms$/)
})

test('with a pattern there is a line for each series and sample', async () => {
  const text = await metrics('--metric', 'disk.util', '--member', 'm2', '--sample', '2-1m/*')
  const [head, ...lines] = text.trim().split('\n')
  assert.match(head as string, /^SAMPLE +MEMBER +METRIC +LABELS +MIN +MEAN +MAX +LAST +POINTS +TOOL$/)
  assert.equal(
    lines.map(line => line.split(/ {2,}/).slice(0, 4).join(' ')),
    [1, 2].flatMap(k => ['nvme0n1', 'sda'].map(device => `2-1m/sample${k} m2 disk.util device=${device}`))
  )
})

test('metrics of a workload are found by pattern too, and by member', async () => {
  const text = await metrics('--metric', '*.iops', '--member', 'm2,m1', '--sample', '4k')
  assert.match(text, /^MEMBER +ITERATION +METRIC .*\nm2 +1-4k +fio\.read\.iops .*\nm1 +1-4k +fio\.read\.iops .*\n$/)
})

test('what nothing fits is said', async () => {
  assert.match(await metrics('--metric', 'nothing'), /^no metrics of \S+ fit\n$/)
})

test('JSON has an object a line', async () => {
  const lines = (await metrics('--json', '--sample', '1-4k/sample1'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(
    lines
      .filter(each => each.of === 'workload')
      .map(each => [each.metric, each.samples.length, each.samples[0].byMember.length]),
    [
      ['fio.read.iops', 1, 2],
      ['fio.read.clat.p99', 1, 2]
    ]
  )
  const [first] = lines.filter(each => each.of === 'tool')
  assert.equal(Object.keys(first).sort(), [
    ...['count', 'kind', 'labels', 'last', 'max', 'mean', 'member', 'metric', 'min', 'of', 'sample', 'tool', 'unit']
  ])
})

test('a table leaves out what it can spare, and no more than it must', () => {
  const table = (width: number) => fittingTable(['A', 'BB', 'CCC'], [['aaaa', 1, 2]], ['BB', 'CCC'], width)
  assert.is(table(13), 'A     BB  CCC\naaaa  1   2')
  assert.is(table(12), 'A     CCC\naaaa  2')
  assert.is(table(8), 'A\naaaa')
})

test('the window of a sample is from its instant of start, or the end of that phase, to stop', () => {
  const step = (sample: number) => ({ number: 1, name: 'x', sample })
  const events = [
    { type: 'phase-closed', at: 10, phase: 'start', step: step(1) },
    { type: 'skew', at: 11, step: step(1), agreed: 9 },
    { type: 'phase-open', at: 20, phase: 'stop', step: step(1) },
    { type: 'phase-closed', at: 30, phase: 'start', step: step(2) },
    { type: 'phase-open', at: 35, phase: 'stop', step: step(2) },
    { type: 'phase-open', at: 36, phase: 'stop', step: step(2) },
    { type: 'phase-closed', at: 40, phase: 'start', step: step(3) },
    { type: 'phase-open', at: 50, phase: 'stop', step: step(4) },
    { type: 'warning', at: 60, text: 'x' }
  ] as unknown as StoredEvent[]
  assert.equal(
    [...windowsOf(events)].map(([key, { from, to }]) => [key, from, to]),
    [
      ['1-x/sample1', 9, 20],
      ['1-x/sample2', 30, 35],
      ['1-x/sample3', 40, Number.POSITIVE_INFINITY]
    ]
  )
})

test.run()
