/** Files of series in a place of a result that is not theirs. */
import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SERIES_FILE, seriesFolder } from '../../../protocols/layout.ts'
import { whyElsewhere } from '../../../protocols/series/place.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { seriesResult } from '../../helpers/series-result.ts'
import { scratch } from '../../store/scratch.ts'

const places = suite('places of series')

const step = { number: 2, name: 'bs=4k', sample: 1 }
const run = '20261122T213015-k3f9ab'
const table: Array<[string, Parameters<typeof whyElsewhere>[1], string | undefined]> = [
  ['/r/2-bs=4k/sample1/series/a/series.parquet', { run, member: 'a', step }, undefined],
  [`/r/${run}/2-bs=4k/sample1/series/a/series.parquet`, { run, member: 'a', step }, undefined],
  ['/r/20261122T213015-k3f9ac/2-bs=4k/sample1/series/a/series.parquet', { run, member: 'a', step }, `is of run ${run}`],
  ['2-bs=4k/sample1/series/b/series.parquet', { run, member: 'a', step }, 'is of member a'],
  ['2-bs=4k/sample2/series/a/series.parquet', { run, member: 'a', step }, 'is of 2-bs=4k/sample1'],
  ['2-bs=4k/warmup1/series/a/series.parquet', { run, member: 'a', step }, 'is of 2-bs=4k/sample1'],
  ['2-bs=4k/sample1/series/a/series.parquet', { run, member: 'a' }, 'is of persistent tools'],
  ['/r/series/a/series.parquet', { run, member: 'a' }, undefined],
  ['/r/series/a/series.parquet', { run, member: 'a', step }, 'is of 2-bs=4k/sample1'],
  ['/r/collectors/prometheus-series/a/series.parquet', { run, member: 'a' }, undefined],
  ['/r/collectors/prometheus-series/b/series.parquet', { run, member: 'a' }, 'is of member a'],
  ['/tmp/anything.parquet', { run, member: 'a', step }, undefined]
]
for (const [path, info, why] of table)
  places(`${path} of ${info.member}${info.step == null ? '' : ' in a sample'}: ${why ?? 'is right'}`, () =>
    assert.is(whyElsewhere(path, info), why)
  )

places('a file of one sample in the folder of another is damaged', async () => {
  const folder = scratch()
  const { samples } = seriesResult({ folder, iterations: ['bs=4k'], samples: 2, members: 1, seconds: 3 })
  const [one, other] = samples.map(({ step }) => join(folder, seriesFolder(step, 'm1'), SERIES_FILE)) as [
    string,
    string
  ]
  mkdirSync(dirname(other), { recursive: true })
  cpSync(one, other)
  await (await openSeries(one)).close()
  try {
    await openSeries(other)
    assert.unreachable()
  } catch (cause) {
    assert.match((cause as Error).message, /sample2\/series\/m1\/series.parquet: is of 1-bs=4k\/sample1$/)
  }
})

places.run()
