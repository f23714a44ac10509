/** Results that are opened by their folder, and what the members used. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findResult } from '../../../cli/result/find-result.ts'
import { measure } from '../../../cli/result/measure.ts'
import { openFolder, openResult } from '../../../cli/result/open-result.ts'
import { BakError } from '../../../protocols/errors.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import { seriesResult } from '../../helpers/series-result.ts'

const test = suite('a result that is opened')
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-open-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

test('it has its samples in order, with the series of each member', async () => {
  seriesResult({ folder, members: 2, iterations: ['a', 'b'], samples: 11, seconds: 2 })
  mkdirSync(join(folder, '2-b/warmup1'))
  mkdirSync(join(folder, '2-b/notes'))
  mkdirSync(join(folder, 'sysinfo'))
  const { run, samples, persistent } = await openFolder(folder)
  const names = samples.map(({ step }) => stepFolder(step))
  assert.is(run, '20261122T213015-k3f9ab')
  assert.equal(
    [names[0], names[10], names[11], names[12], names.length],
    ['1-a/sample1', '1-a/sample11', '2-b/warmup1', '2-b/sample1', 23]
  )
  assert.equal([...(samples[0]?.series.keys() ?? [])], ['m1', 'm2'])
  assert.is(samples[11]?.series.size, 0)
  assert.is(persistent.size, 0)
})

test('a link is no file of series', async () => {
  seriesResult({ folder, members: 1, iterations: ['a'], samples: 1, seconds: 2 })
  const path = join(folder, '1-a/sample1/series/m1/series.parquet')
  rmSync(path)
  symlinkSync('/etc/passwd', path)
  assert.is((await openFolder(folder)).samples[0]?.series.size, 0)
})

test('of one that is elsewhere it is said where, and how to get it', async () => {
  const view = { run: '20261122T213015-k3f9ab', controller: 'x', certificates: [] }
  const open = (more: object) =>
    openResult({ home: folder, ask: (async () => ({ ...view, ...more })) as never }, 'last').then(
      () => '',
      error => `${error.code}: ${error.message}`
    )
  assert.match(await open({ holder: 'archive' }), /^no-such-run: .* is on archive: bak copy \S+ FOLDER there$/)
  assert.match(await open({ moved: 'https://x' }), /it was moved to https:\/\/x/)
  assert.match(await open({}), /no peer that can be reached has it$/)
})

test('a folder is opened without a daemon, and one that is none is refused', async () => {
  const ask = (async () => {
    throw new BakError('no-daemon', 'none')
  }) as never
  seriesResult({ folder: join(folder, 'r'), members: 1, iterations: ['a'], samples: 1, seconds: 2 })
  assert.is((await openResult({ home: folder, ask }, join(folder, 'r'))).record.name, 'fio')
  const refused = await openResult({ home: folder, ask }, folder).catch(error => error)
  assert.is(refused.message, `${folder} is a folder without run.json`)
})

test('without a daemon the last run is found on the disk, and so are those before it', async () => {
  const ask = (async () => {
    throw new BakError('no-daemon', 'none')
  }) as never
  const names = ['20261122T213015-k3f9ab', '20261122T213115-aaaaaa', '20261123T000000-zzzzzz']
  for (const name of names) seriesResult({ folder: join(folder, 'runs', name), members: 1, iterations: ['a'] })
  const found = (text: string) =>
    findResult({ home: folder, ask }, text).then(
      ({ folder: at = '' }) => basename(at),
      error => error.code
    )
  assert.equal(await Promise.all(['last', 'last~0', 'last~1', 'last~2'].map(found)), [names[2], ...names.toReversed()])
  assert.equal(await Promise.all(['last~3', 'last~', 'last~x'].map(found)), Array(3).fill('no-such-run'))
  const refused = await findResult({ home: folder, ask }, 'last~3').catch(error => error)
  assert.match(refused.message, /^no last~3 in \S+: 3 are there, and no daemon answers/)
})

test('each member has a series and a number of each resource in each sample', async () => {
  seriesResult({ folder, members: 2, iterations: ['a'], samples: 2, slower: { m2: 1.3 } })
  const { measured, unread } = await measure(await openFolder(folder), ['cpu', 'disk', 'network', 'queue'])
  assert.equal(unread, [])
  assert.is(measured.length, 2 * 2 * 4)
  const of = (resource: string) => measured.filter(each => each.member === 'm2' && each.resource === resource)
  const [cpu] = of('cpu')
  assert.equal([cpu?.tool, cpu?.step.sample, cpu?.t.length], ['proc', 1, 23])
  assert.ok(of('disk').every(each => each.device === 'nvme0n1' && each.value > 60 && each.value < 100))
  // of eth0 alone
  assert.ok(of('network').every(({ value }) => value > 4e6 && value < 5e6))
  const [queue] = of('queue')
  assert.is(queue?.value, Math.max(...(queue?.v ?? [])))
})

test('a persistent tool is cut to the window of each sample', async () => {
  const { samples } = seriesResult({ folder, members: 1, iterations: ['a'], samples: 2, persistent: true })
  const journal = samples.flatMap(({ step, began, ended }, n) => [
    { n: 2 * n, at: began, type: 'skew', step, agreed: began, skew: 0, latest: 0 },
    { n: 2 * n + 1, at: ended, type: 'phase-open', seq: n, phase: 'stop', step, asked: 1, needed: 1 }
  ])
  writeFileSync(join(folder, 'journal.ndjson'), journal.map(each => `${JSON.stringify(each)}\n`).join(''))
  for (const each of samples) rmSync(join(folder, stepFolder(each.step), 'series'), { recursive: true })
  assert.equal((await measure({ ...(await openFolder(folder)), journal: async () => [] }, ['cpu'])).measured, [])
  const { measured } = await measure(await openFolder(folder), ['cpu'])
  assert.equal(
    measured.map(({ step, t }) => [step.sample, t.length > 20 && t.length < 25]),
    [
      [1, true],
      [2, true]
    ]
  )
  for (const [i, { t }] of measured.entries())
    assert.ok(t.every(each => each >= (samples[i]?.began ?? 0) && each <= (samples[i]?.ended ?? 0)))
})

test('a damaged file is named, and the others are read', async () => {
  seriesResult({ folder, members: 2, iterations: ['a'], samples: 1, seconds: 2 })
  truncateSync(join(folder, '1-a/sample1/series/m1/series.parquet'), 1000)
  const { measured, unread } = await measure(await openFolder(folder), ['cpu'])
  assert.equal([measured.map(({ member }) => member), unread.map(({ member }) => member)], [['m2'], ['m1']])
  assert.match(unread[0]?.reason as string, /series\.parquet: is no Parquet file, or was cut off$/)
})

test('what is aborted has what was read until then', async () => {
  seriesResult({ folder, members: 2, iterations: ['a'], samples: 1, seconds: 2 })
  assert.equal((await measure(await openFolder(folder), ['cpu'], AbortSignal.abort())).measured, [])
})

test.run()
