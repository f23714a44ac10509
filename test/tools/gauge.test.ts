import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gauge } from '../../node/tools/gauge.ts'
import { runLoad, summaryOf } from '../../node/tools/gauge-load.ts'
import type { ToolContext } from '../../node/tools/tool.ts'
import { BakError } from '../../protocols/errors.ts'

const gauging = suite<{ folder: string }>('the tool gauge')

gauging.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-gauge-'))
})
gauging.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const never = new AbortController().signal
const contextIn = (folder: string, signal = never) =>
  ({ folder, interval: 1, options: {}, signal, programs: {} }) as unknown as ToolContext

gauging('times each kind of load, and leaves them in its folder and nothing else', async ({ folder }) => {
  const told = await gauge.before?.(contextIn(folder))
  assert.ok(told?.reading != null && told.model !== '' && told.took > 0)
  const { integer, memory, disk, held } = told.reading
  for (const time of [integer, memory, disk]) assert.ok(time > 0 && time < 10_000)
  assert.ok(held >= 0 && held <= 1)
  const stored = JSON.parse(readFileSync(join(folder, 'before.json'), 'utf8'))
  assert.is(stored.integers.length, 20)
  assert.is(stored.copies.length, 32)
  assert.equal(stored.reading, told.reading)
  assert.not.ok(existsSync(join(folder, 'gauge.tmp')))
})

gauging('the thread in which it works does not keep the daemon from its own', async ({ folder }) => {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 2)
  const { took } = await runLoad(join(folder, 'scratch'), never)
  clearInterval(timer)
  // in one thread it would stand still for all of it
  assert.ok(longest < took / 2, `${longest} of ${took} ms`)
})

gauging('is over at once where there is no more time for it, and says so', async ({ folder }) => {
  const began = performance.now()
  const told = await gauge.before?.(contextIn(folder, AbortSignal.timeout(30)))
  assert.ok(performance.now() - began < 1_500)
  assert.is(told?.reading, undefined)
  assert.match(readFileSync(join(folder, 'before.json'), 'utf8'), '"error"')
  assert.not.ok(existsSync(join(folder, 'gauge.tmp')))
})

gauging('a disk that cannot be written ends it with its reason', async ({ folder }) => {
  try {
    await runLoad(join(folder, 'gone', 'scratch'), never)
    assert.unreachable()
  } catch (cause) {
    assert.instance(cause, BakError)
    assert.match((cause as BakError).message, 'no such file')
  }
  const told = await gauge.after?.(contextIn(join(folder, 'gone')))
  assert.is(told?.reading, undefined)
})

gauging('does nothing between start and stop', async ({ folder }) => {
  const running = await gauge.start(contextIn(folder))
  await running.ready
  assert.equal(await running.stop(), [])
  assert.ok((await gauge.check({})).usable)
})

gauging('its figures are the medians of the pieces, and the share that they waited', () => {
  const pieces = { integers: [5, 5, 9, 5, 50], copies: [1, 2], syncs: [0.2, 8, 0.3] }
  assert.equal(summaryOf({ ...pieces, wall: 200, waited: 50 }).reading, {
    ...{ integer: 5, memory: 1.5, disk: 0.3, held: 0.25 }
  })
  assert.is(summaryOf({ ...pieces, wall: 0, waited: 50 }).reading.held, 1)
})

gauging.run()
