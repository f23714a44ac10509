/** The first screen of `bak show`, and the last lines of `bak run`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measure } from '../../cli/result/measure.ts'
import { openFolder } from '../../cli/result/open-result.ts'
import { formatComplaints } from '../../cli/show/complaints.ts'
import { formatFirst } from '../../cli/show/first-screen.ts'
import { describeMetrics, readAnswers } from '../../cli/show/last-answers.ts'
import { answersAtEnd, conclude } from '../../cli/verdict.ts'
import type { EndedEvent } from '../../protocols/events.ts'
import type { MetricSamples } from '../../protocols/metric-samples.ts'
import { writeRecord } from '../../protocols/record.ts'
import { seriesResult } from '../helpers/series-result.ts'
import { ended, RUN, startBak } from './fake.ts'

const test = suite('what a run came to')
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-show-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const show = (...words: string[]) => startBak(['--home', join(folder, 'none'), 'show', folder, ...words]).ended

test('the answers come first, without a daemon, and the rest is behind --all', async () => {
  seriesResult({ folder, slower: { m2: 1.3 } })
  const [plain, all] = await Promise.all([show(), show('--all')])
  assert.is(plain.status, 0, plain.stderr)
  const parts = [
    /^run: +\S+ fio\nverdict: +ok\nmembers: +3: m1, m2, m3\nbegan: .*took 2 min 31 s\nsamples: +2 iterations, 3 samples each\n/,
    /\nITERATION +METRIC +MEDIAN +QUARTILES +CV +SAMPLES\n1-bs=4k +fio\.read\.iops +[\d.]+ k\/s +[\d.]+\.\.[\d.]+ k\/s +[\d.]+ % +3\n/,
    /\nbusiest disk: nvme0n1 of m2, busy \d\d % of the time in \S+ \([\d.]+ MiB\/s, [\d.]+ k requests\/s, \d+ µs a read\)\n/,
    /\nprocessors: +not saturated: m3 in 2-bs=64k was busiest, \d\d % of 4 processors\n/,
    /\nMEMBER +CPU +QUEUE +MEMORY +DISK nvme0n1 +NETWORK\nm1 +[▁-█]+ \d\d % +[▁-█]+ \d+ +[▁-█]+ [\d.]+ GiB +[▁-█]+ \d\d % +[▁-█]+ [\d.]+ MiB\/s\nm2 /
  ]
  let at = -1
  for (const part of parts) {
    const found = plain.stdout.search(part)
    assert.ok(found > at, `${part} in ${plain.stdout}`)
    at = found
  }
  assert.not.match(plain.stdout, /CLOCK AHEAD/)
  assert.match(plain.stdout, /\nmore: bak show \S+ --all, bak metrics \S+\n$/)
  assert.ok(all.stdout.search(/\nbusiest disk: /) < all.stdout.search(/\nRANK +MEMBER +OS +CORES +CLOCK AHEAD/))
})

test('all of it is in the JSON, without the points', async () => {
  seriesResult({ folder, members: 2, iterations: ['a'], samples: 2, seconds: 2 })
  const { metrics, resources, unread } = JSON.parse((await show('--json')).stdout)
  assert.equal(
    metrics.map(({ metric, samples }: MetricSamples) => [metric, samples.length]),
    [
      ['fio.read.iops', 2],
      ['fio.read.clat.p99', 2]
    ]
  )
  const cpu = resources.filter((each: { resource: string }) => each.resource === 'cpu')
  assert.is(cpu.length, 4)
  assert.equal(Object.keys(cpu[0]).sort(), ['member', 'number', 'points', 'resource', 'step', 'tool', 'unit', 'value'])
  assert.equal(unread, [])
})

for (const width of [80, 100, 120, 200]) {
  test(`it fits ${width} columns, and the answers of three members a screen of 24 lines`, async () => {
    seriesResult({ folder, slower: { m2: 1.3 } })
    const { measured } = await measure(await openFolder(folder), ['cpu', 'queue', 'memory', 'disk', 'network'])
    const text = formatFirst((await openFolder(folder)).record, measured, width).filter(each => each !== '')
    const lines = text.join('\n\n').split('\n')
    for (const line of lines) assert.ok(line.length <= width, `${line.length}: ${line}`)
    assert.ok(lines.length <= 24, text.join('\n\n'))
  })
}

test('of many metrics those are shown that are asked for first, and the others are counted', async () => {
  const { record } = seriesResult({ folder, iterations: ['a', 'b'], members: 1, samples: 1, seconds: 1 })
  const metrics = ['lat.max', 'lat.mean', 'lat.p50', 'lat.p99', 'lat.p99.9', 'lat.stddev', 'iops', 'bw'].map(name => ({
    ...{ name, value: 1, unit: 'ms', samples: 1 },
    better: name.startsWith('lat') ? ('less' as const) : ('more' as const)
  }))
  const workload = record.workload.map(each => ({ ...each, metrics }))
  const [table = ''] = formatFirst({ ...record, workload }, undefined, 100)
  const names = [...table.matchAll(/^1-a +(\S+)/gm)].map(([, name]) => name)
  assert.equal(names, ['lat.mean', 'lat.p50', 'lat.p99', 'lat.p99.9', 'iops', 'bw'])
  assert.match(table, /\n4 more metrics: bak metrics \S+$/)
})

test('a run whose tools measured nothing of the machines says so', async () => {
  const { record } = seriesResult({ folder, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  assert.match(formatFirst(record, [], 80).join('\n'), /no series of resources: no tool measured/)
  const without = { ...record, roster: record.roster.map(each => ({ ...each, tools: [] })) }
  assert.not.match(formatFirst(without, [], 80).join('\n'), /no series/)
})

test('machines that are not fit to measure are named', () => {
  const { record } = seriesResult({ folder, members: 2, iterations: ['a'], samples: 1, seconds: 1 })
  const finding = (fact: string, level: 'unfit' | 'note') => ({ fact, level, value: 'x' })
  const noise = [
    { name: 'm1', findings: [finding('load', 'unfit'), finding('turbo', 'note')] },
    { name: 'm2', findings: [finding('load', 'unfit'), finding('steal', 'unfit')] }
  ]
  const text = formatComplaints({ ...record, noise }, [], [], false).join('\n')
  assert.match(text, /not fit to measure: load of m1, m2; steal of m2: bak show \S+ --all says why/)
})

test('names of others are printed without what a terminal obeys', async () => {
  const { record } = seriesResult({ folder, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  const evil = '\u001b[2Jx\u202e'
  const workload = record.workload.map(each => ({ ...each, exit: 1, error: evil }))
  writeFileSync(join(folder, 'run.json'), writeRecord({ ...record, reason: evil, remarks: [evil], workload }))
  for (const words of [[], ['--all'], ['--json']]) assert.not.match((await show(...words)).stdout, /[\u001b\u202e]/)
})

test('the last lines have the metrics of each iteration, the busiest disk and the processors', async () => {
  const { record } = seriesResult({ folder, slower: { m2: 1.3 } })
  const event = { ...(ended({ folder }) as EndedEvent) }
  const lines = conclude(RUN, event, undefined, await answersAtEnd(event))
  assert.is(lines.length, 4)
  assert.match(
    lines[1] as string,
    /^1-bs=4k: fio\.read\.iops [\d.]+ k\/s \(CV [\d.]+ %, 3 samples\); 2-bs=64k: fio\.read\.iops /
  )
  assert.match(lines[2] as string, /^busiest disk: nvme0n1 of m2, busy .*; processors: not saturated: m3 /)
  assert.is(lines[3], folder)
  assert.is(record.verdict, 'ok')
})

test('they have neither of a run that failed, nor of a result that is not here', async () => {
  seriesResult({ folder, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  const of = (more: Partial<EndedEvent>) => answersAtEnd({ ...(ended({ folder, ...more }) as EndedEvent) })
  assert.is((await of({})).length, 2)
  assert.equal(await of({ verdict: 'workload-failed' }), [])
  assert.equal(await of({ folder: '', holder: 'b' }), [])
  assert.equal(await of({ folder: '/nowhere' }), [])
})

test('where time is up they have what was read until then', async () => {
  seriesResult({ folder, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  const lines = await readAnswers(folder, true, AbortSignal.abort())
  assert.equal(
    lines.map(line => line.slice(0, 13)),
    ['fio.read.iops']
  )
})

const metric = (name: string, number: number, values: number[], more: Partial<MetricSamples> = {}): MetricSamples => ({
  ...{ iteration: { number, name: 'x' }, metric: name, unit: 'ms', across: 'mean' },
  samples: values.map((value, i) => ({ sample: i + 1, value, byMember: [] })),
  ...more
})
const headlines: Array<[title: string, metrics: MetricSamples[], line: string[]]> = [
  ['no metric is no line', [], []],
  ['one value has no spread', [metric('a', 1, [3])], ['a 3 ms']],
  ['two values have no coefficient of variation', [metric('a', 1, [3, 3])], ['a 3 ms (2 samples)']],
  [
    'of those with a direction the first of which more is better, and the 99th percentile',
    [
      metric('free', 1, [1]),
      metric('lat', 1, [5], { better: 'less' }),
      metric('lat.p99', 1, [9], { better: 'less' }),
      metric('iops', 1, [7], { better: 'more', unit: '/s' }),
      metric('bw', 1, [8], { better: 'more' })
    ],
    ['iops 7 /s, lat.p99 9 ms']
  ],
  [
    'of many iterations some are named',
    [1, 2, 3, 4, 5, 6].map(number => metric('a', number, [number])),
    ['1-x: a 1 ms; 2-x: a 2 ms; 3-x: a 3 ms; 4-x: a 4 ms; and 2 more iterations']
  ]
]
for (const [title, metrics, line] of headlines) test(title, () => assert.equal(describeMetrics(metrics), line))

test.run()
