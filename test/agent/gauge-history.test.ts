/** What the gauge found on a machine in earlier runs: bounded, by kind of machine, and kept on the disk. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GaugeHistory } from '../../node/agent/gauge-history.ts'

const history = suite<{ folder: string; path: string }>('what the gauge found here before')

history.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-gauges-'))
  context.path = join(context.folder, 'gauges.json')
})
history.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const warned: string[] = []
const log = { warn: (what: string) => void warned.push(what) }
const times = (integer: number) => ({ integer, memory: 1, disk: 0.1 })

history('is the median of its samples, by the model of the processor, also after a restart', async ({ path }) => {
  const one = new GaugeHistory(path, log)
  assert.is(await one.usual('X'), undefined)
  for (const each of [5, 5.1, 50]) await one.add('X', 1, times(each))
  await one.add('Y', 1, times(9))
  assert.equal(await one.usual('X'), { ...times(5.1), samples: 3 })
  assert.equal(await new GaugeHistory(path, log).usual('Y'), { ...times(9), samples: 1 })
})

history('has the samples of runs that end at once, all of them', async ({ path }) => {
  const one = new GaugeHistory(path, log)
  await Promise.all([5, 6, 7].map(each => one.add('X', 1, times(each))))
  assert.equal(await one.usual('X'), { ...times(6), samples: 3 })
  assert.is((await new GaugeHistory(path, log).usual('X'))?.samples, 3)
})

history('has so many samples and models at most, the latest', async ({ path }) => {
  const one = new GaugeHistory(path, log)
  for (let i = 0; i < 210; i++) await one.add('X', i, times(i < 150 ? 5 : 8))
  assert.is((await one.usual('X'))?.samples, 200)
  for (let i = 0; i < 12; i++) await one.add(`M${i}`, i, times(1))
  assert.is(await one.usual('X'), undefined)
  assert.is((await one.usual('M11'))?.samples, 1)
  assert.ok(readFileSync(path).length < 64 * 1024)
})

history('one that is damaged or of another version is as none', async ({ path }) => {
  for (const text of ['{', '[]', '{"version":0,"models":{}}', '{"version":1,"models":{"X, node 1":[{"at":1}]}}']) {
    writeFileSync(path, text)
    assert.is(await new GaugeHistory(path, log).usual('X'), undefined)
  }
})

history('a disk that is full is logged, and nothing fails', async ({ folder }) => {
  const one = new GaugeHistory(join(folder, 'gone', 'gauges.json'), log)
  await one.add('X', 1, times(5))
  assert.is(warned.length, 1)
  assert.is((await one.usual('X'))?.samples, 1)
})

history.run()
