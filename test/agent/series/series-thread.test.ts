/** The thread that reads files into series, and what ends it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FileToRead, SeriesJob } from '../../../node/agent/series/job.ts'
import { makeSeries } from '../../../node/agent/series/series-thread.ts'
import type { Reading } from '../../../protocols/reading.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { codeOf, scratch } from '../../store/scratch.ts'

const test = suite('the thread that makes series')
const BEGAN = 1_795_383_015_000
const never = new AbortController().signal

/** A job with files of text, each with its reading. */
function jobOf(files: Array<[text: string, reading: Reading]>, given: Partial<SeriesJob> = {}): SeriesJob {
  const folder = scratch()
  return {
    output: join(folder, 'series.parquet'),
    info: { run: '20261122T213015-k3f9ab', member: 'm1', clock: { offset: 500, bound: 1 }, began: BEGAN },
    files: files.map(([text, reading], i): FileToRead => {
      const path = join(folder, `${i}.txt`)
      writeFileSync(path, text)
      const about = { tool: 'mine', file: `${i}.txt`, options: {}, interval: 2, began: BEGAN }
      return { path, shown: `tools-default/mine/${i}.txt`, about, reader: { reading } }
    }),
    ...{ givenUp: [], remarks: [], time: 60_000 },
    ...given
  }
}

const csv: Reading = { format: 'csv', time: 'time', labels: ['queue'], units: { depth: 'B' } }
const good: [string, Reading] = ['time,queue,depth\n1795383016,a,1\n1795383017,a,3\n1795383016,b,5\n', csv]
/** Takes longer than the world on a line of its letters that does not end as it must. */
const hostile: Reading = { format: 'regex', pattern: '^(?<x>(a+)+)$' }
const endless = `${'a'.repeat(60)}!\n`

/** @returns each series with the times and values of its points */
async function read({ output }: SeriesJob) {
  const file = await openSeries(output)
  const points = await file.points(file.series)
  await file.close()
  const all = file.series.map(({ metric, labels, unit }, i) => [
    ...[metric, labels, unit],
    [...(points[i]?.t ?? [])].map(t => t - BEGAN),
    [...(points[i]?.v ?? [])]
  ])
  return { series: all, remarks: file.info.remarks }
}

test('files become series with times of the controller, and lines that are no sample are remarks', async () => {
  const job = jobOf([good, ['depth\n7\nx\n8\n', { format: 'csv', values: ['depth'] }]])
  const made = await makeSeries(job, never)
  assert.equal([made.series, made.points], [3, 5])
  assert.equal(await read(job), {
    series: [
      ['mine.depth', { queue: 'a' }, 'B', [500, 1500], [1, 3]],
      ['mine.depth', { queue: 'b' }, 'B', [500], [5]],
      ['mine.depth', {}, '', [-500, 1500], [7, 8]]
    ],
    remarks: [{ file: 'tools-default/mine/1.txt', line: 3, lines: 1, why: 'depth: "x" is no number' }]
  })
})

test('a pattern that would take for ever costs its file, and all others are read', async () => {
  const job = jobOf([[endless, hostile], good])
  const made = await makeSeries(job, never, { stall: 500 })
  assert.equal(made.remarks, [{ file: 'tools-default/mine/0.txt', why: 'took longer than 0.5 s for a part of it' }])
  assert.is((await read(job)).series.length, 2)
})

test('many patterns that would take for ever cost the series, and no more time than that', async () => {
  const job = jobOf([...Array.from({ length: 9 }, (): [string, Reading] => [endless, hostile]), good])
  const began = performance.now()
  assert.is(await codeOf(makeSeries(job, never, { stall: 300 })), 'io')
  assert.ok(performance.now() - began < 10_000)
  assert.not(existsSync(job.output) || existsSync(`${job.output}.part`))
})

test('what is not read when its time is over stays unread, and says so', async () => {
  const line = '1795383016,a,1\n'
  const job = jobOf([[`time,queue,depth\n${line.repeat(400_000)}`, csv], good], { time: 100 })
  const { remarks, points } = await makeSeries(job, never)
  assert.equal(
    remarks.map(({ file, why }) => [file, why]),
    ['0', '1'].map(i => [`tools-default/mine/${i}.txt`, 'was not read any further: the time for it was over'])
  )
  assert.ok(points > 0)
})

test('a file that takes more memory than the thread may have is given up', async () => {
  // a label a row that is kept, each as long as a label can be in a pattern
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i}${'x'.repeat(4000)} ${i}\n`).join('')
  const greedy: Reading = { format: 'regex', pattern: '^(?<name>\\S+) (?<value>\\d+)$', labels: ['name'] }
  const job = jobOf([[rows, greedy], good])
  const { remarks } = await makeSeries(job, never)
  assert.equal(remarks, [{ file: 'tools-default/mine/0.txt', why: 'took more memory than it may' }])
  assert.is((await read(job)).series.length, 2)
})

/** Of a tool of bak. */
function diskJob(rows: number): SeriesJob {
  const job = jobOf([])
  const path = join(job.output, '../disk.csv')
  const row = (i: number) => `${BEGAN + i * 1000},/,ext4,/dev/vda1,1000,${i},500,10,5\n`
  const head = 'time,mount,type,source,size,used,available,files,files_free\n'
  writeFileSync(path, head + Array.from({ length: rows }, (_, i) => row(i)).join(''))
  const about = { tool: 'disk', file: 'disk.csv', options: {}, interval: 1, began: BEGAN }
  return { ...job, files: [{ path, shown: 'tools-default/disk/disk.csv', about, reader: { tool: 'disk', at: 0 } }] }
}

test('little of tools of bak is read without a thread, and more than that by one', async () => {
  // no thread gets far within that
  const stall = 1
  const isByThread = (job: SeriesJob) =>
    makeSeries(job, never, { stall }).then(
      ({ remarks }) => remarks.length > 0,
      () => true
    )
  const little = diskJob(100)
  assert.not(await isByThread(little))
  const used = (await read(little)).series.find(([metric]) => metric === 'filesystem.used') as unknown[]
  assert.is((used[4] as number[]).length, 100)
  assert.ok(await isByThread(diskJob(10_000)))
  assert.ok(await isByThread(jobOf([good])))
})

/** Its size is said to be 0, and there are megabytes to read, as of a file that grows meanwhile. */
const GROWING = '/proc/kallsyms'
const isLong = existsSync(GROWING) && readFileSync(GROWING).length > 4 * 1024 * 1024
;(isLong ? test : test.skip)('what turns out to be more than it was is read by a thread', async () => {
  const job = diskJob(1)
  const [file] = job.files as [FileToRead]
  const { remarks } = await makeSeries({ ...job, files: [{ ...file, path: GROWING }] }, never, { stall: 1 }).catch(
    () => ({ remarks: [{ why: 'took longer than 0.001 s' }] })
  )
  assert.match(remarks[0]?.why ?? '', /took longer than 0\.001 s/)
})

test('an abort ends the thread and leaves no file', async () => {
  const job = jobOf([[endless, hostile]])
  const over = new AbortController()
  setTimeout(() => over.abort(new Error('enough')), 200)
  const began = performance.now()
  assert.is(await codeOf(makeSeries(job, over.signal)), 'bug')
  assert.ok(performance.now() - began < 5_000)
  assert.not(existsSync(job.output) || existsSync(`${job.output}.part`))
})

test('where the file of series cannot be written it is said why', async () => {
  const job = jobOf([good], { output: join(scratch(), 'missing/series.parquet') })
  assert.is(await codeOf(makeSeries(job, never)), 'io')
})

test('what is no regular file is not opened', async () => {
  const job = jobOf([good])
  const [file] = job.files
  const folder: FileToRead = { ...(file as FileToRead), path: scratch() }
  const { remarks } = await makeSeries({ ...job, files: [folder, file as FileToRead] }, never)
  assert.equal(remarks, [{ file: 'tools-default/mine/0.txt', why: 'is no file' }])
})

test.run()
