import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { seriesFolder } from '../../../protocols/layout.ts'
import { readRecord } from '../../../protocols/record.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { labelsText, type SeriesId } from '../../../protocols/series/series-file.ts'
import { SeriesWriter } from '../../../protocols/series/write-series.ts'
import { seriesResult } from '../../helpers/series-result.ts'
import { writeSwollenSeries } from '../../helpers/swollen-series.ts'
import { codeOf, scratch } from '../../store/scratch.ts'

const test = suite('files of series')
const info = { run: '20261122T213015-k3f9ab', member: 'm1', clock: { offset: 1.5, bound: 0.25 }, began: 1e12 }
const id = (metric: string, labels: Record<string, string> = {}): SeriesId => ({
  ...{ tool: 'proc', metric, labels, unit: '%', kind: 'gauge' as const }
})

/** @returns the path of a file with these points, and what was said of it */
function write(points: Array<[id: SeriesId, t: number, value: number]>) {
  const path = join(scratch(), 'series.parquet')
  const writer = new SeriesWriter(path, { ...info, step: { number: 1, name: 'bs=4k', sample: 2 } })
  for (const [of, t, value] of points) writer.add(writer.series(of) as number, t, value)
  return { path, ...writer.finish([{ file: 'proc/stat.txt', line: 7, why: 'cut off' }]) }
}

test('what was written is read again: of what it is, its series, their points in the order of time', async () => {
  const busy = id('cpu.busy', { cpu: '0' })
  const { path, ...written } = write([
    [busy, 1e12 + 2000.125, 3],
    [id('load.1'), 1e12 + 1000, 7],
    [busy, 1e12 + 1000, 1],
    [busy, 1e12 + 3000, -2]
  ])
  assert.equal(written, { series: 2, points: 4 })
  const file = await openSeries(path)
  assert.equal(file.info, {
    ...{ ...info, step: { number: 1, name: 'bs=4k', sample: 2 } },
    remarks: [{ file: 'proc/stat.txt', line: 7, why: 'cut off' }]
  })
  assert.equal(
    file.series.map(({ metric, labels, kind, ...rest }) => [metric, labels, kind, rest]),
    [
      [
        'cpu.busy',
        { cpu: '0' },
        'gauge',
        { tool: 'proc', unit: '%', min: -2, max: 3, mean: 2 / 3, last: -2, count: 3 }
      ],
      ['load.1', {}, 'gauge', { tool: 'proc', unit: '%', min: 7, max: 7, mean: 7, last: 7, count: 1 }]
    ]
  )
  const [one, other] = await file.points([id('load.1'), busy])
  assert.equal([[...(one?.t ?? [])], [...(one?.v ?? [])]], [[1e12 + 1000], [7]])
  assert.equal([...(other?.t ?? [])], [1e12 + 1000, 1e12 + 2000.125, 1e12 + 3000])
  assert.equal([...(other?.v ?? [])], [1, 3, -2])
  await file.close()
})

test('any points of any series come back as they were, sorted by time', async () => {
  const names = fc.constantFrom('a', 'b.c', 'µ', 'x y')
  const labels = fc.dictionary(fc.constantFrom('cpu', 'device', 'irq'), fc.string({ unit: 'grapheme', maxLength: 8 }))
  const value = fc.double({ noNaN: true, noDefaultInfinity: true })
  const t = fc.integer({ min: 1, max: 8.64e15 - 1 }).map(each => Math.min(each, 4e12))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, labels, t, value), { minLength: 1, maxLength: 60 }), async points => {
      const { path } = write(points.map(([metric, of, t, value]) => [id(metric, of), t, value]))
      const file = await openSeries(path)
      const read = await file.points(file.series)
      const expected = Map.groupBy(points, ([metric, of]) => metric + labelsText(of))
      assert.is(file.series.length, expected.size)
      for (const [i, series] of file.series.entries()) {
        const of = expected.get(series.metric + labelsText(series.labels)) ?? []
        const sorted = of.toSorted(([, , a], [, , b]) => a - b)
        assert.equal(
          [...(read[i]?.t ?? [])],
          sorted.map(each => each[2])
        )
        assert.ok((read[i]?.v ?? new Float64Array()).every((each, k) => each === sorted[k]?.[3]))
        assert.ok(series.mean >= series.min && series.mean <= series.max && series.count === of.length)
      }
      await file.close()
    }),
    { numRuns: 60 }
  )
})

test('many points are sorted in blocks and read over the borders of blocks and row groups', async () => {
  const path = join(scratch(), 'series.parquet')
  const writer = new SeriesWriter(path, info)
  const ids = ['a', 'b', 'c'].map(metric => writer.series(id(metric)) as number)
  const COUNT = 400_000
  for (let i = 0; i < COUNT; i++) for (const series of ids) writer.add(series, 1e12 + i * 10, i + series)
  writer.finish([])
  const file = await openSeries(path)
  const [b] = await file.points([id('b')])
  assert.is(b?.t.length, COUNT)
  assert.ok(b?.v.every((each, i) => each === i + 1 && b.t[i] === 1e12 + i * 10))
  await file.close()
})

test('a file without a point says of what it is, and what could not be read', async () => {
  const { path } = write([])
  const file = await openSeries(path)
  assert.equal([file.series, file.info.remarks[0]?.line], [[], 7])
  await file.close()
})

const { path: good } = write(Array.from({ length: 500 }, (_, i) => [id('a', { cpu: String(i % 7) }), 1e12 + i, i]))
const bytes = readFileSync(good)

async function readAll(content: Uint8Array): Promise<void> {
  const path = join(scratch(), 'series.parquet')
  writeFileSync(path, content)
  const file = await openSeries(path)
  try {
    await file.points(file.series)
  } finally {
    await file.close()
  }
}

test('a file that is cut off anywhere is damaged', async () => {
  for (let length = 0; length < bytes.length; length += 37)
    assert.is(await codeOf(readAll(bytes.subarray(0, length))), 'damaged', `${length} bytes`)
})

test('a file with bytes that were changed is read or is damaged, and nothing else happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4
      }),
      async changes => {
        const changed = Uint8Array.from(bytes)
        for (const [at, to] of changes) changed[at] = to
        assert.ok(['none', 'damaged'].includes(await codeOf(readAll(changed))))
      }
    ),
    { numRuns: 400 }
  )
})

const lies: Array<[what: string, from: string | RegExp, to: string]> = [
  ['an index beyond its rows', '"rows":[[0,72]]', '"rows":[[9,72]]'],
  ['fewer rows in its index', '"rows":[[0,72]]', '"rows":[[0,71]]'],
  ['a series twice', '{"cpu":"1"}', '{"cpu":"0"}'],
  ['another format', 'bak.format\x18\x011', 'bak.format\x18\x012']
]
for (const [what, from, to] of lies)
  test(`a file with ${what} is damaged`, async () => {
    const text = bytes.toString('latin1')
    const index = text.lastIndexOf('[{"tool"')
    const at = what.includes('format') ? 0 : index
    const changed = text.slice(0, at) + text.slice(at).replace(from, to)
    assert.is.not(changed, text)
    assert.is(await codeOf(readAll(Buffer.from(changed, 'latin1'))), 'damaged')
  })

test('a small file that says that it has more points than can be read at once is opened, and its points are not read', async () => {
  const path = join(scratch(), 'series.parquet')
  writeSwollenSeries(path, { ...info, remarks: [] }, 500)
  const file = await openSeries(path)
  assert.is(file.series[0]?.count, 50_000_000)
  const error = await file.points(file.series).catch(cause => cause)
  assert.is(error.code, 'damaged')
  assert.match(error.message, /series\.parquet: has 50000000 points that are read at once/)
  await file.close()
})

test('the result of the helper has a record and what it says of each sample', async () => {
  const { folder, members, samples } = seriesResult({ folder: scratch(), seconds: 5, persistent: true })
  assert.equal([members.length, samples.length], [3, 6])
  assert.is(readRecord(readFileSync(join(folder, 'run.json'), 'utf8')).workload.length, 18)
  const step = samples[0]?.step as never
  const file = await openSeries(join(folder, seriesFolder(step, 'm2'), 'series.parquet'))
  assert.ok(file.series.some(({ metric, labels }) => metric === 'disk.util' && labels.device === 'sda'))
  assert.is(file.info.remarks.length, 1)
  await file.close()
  const whole = await openSeries(join(folder, 'series/m1/series.parquet'))
  assert.is(whole.info.step, undefined)
  await whole.close()
})

test.run()
