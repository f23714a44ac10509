import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GaugeHistory } from '../../node/agent/gauge-history.ts'
import { type Around, doAfter, doBefore } from '../../node/agent/gauging.ts'
import { turnsDuration } from '../../node/clock/schedule.ts'
import { now } from '../../node/now.ts'
import type { ToolContext } from '../../node/tools/tool.ts'

const around = suite<{ folder: string; history: GaugeHistory }>('what tools do around a sample')

around.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-around-'))
  context.history = new GaugeHistory(join(context.folder, 'gauges.json'), { warn: () => {} })
})
around.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const member = () => ({ clock: { offset: 0 }, roster: [{}, {}], around: [] as Around[] })
const tool = (name: string, group = 'default') => ({ group, tool: name, options: {} })
const contextIn = (folder: string) => () =>
  ({ folder, interval: 1, options: {}, signal: new AbortController().signal }) as unknown as ToolContext

around('tools that do nothing there cost nothing', async ({ folder, history }) => {
  const one = member()
  const usable = [tool('proc'), tool('vmstat')]
  assert.equal(await doBefore(one, { usable, at: now(), history }, contextIn(folder)), {
    gauge: undefined,
    warnings: []
  })
  assert.equal(await doAfter(one, history), { gauge: undefined, warnings: [] })
})

around(
  'the gauge is over before the clocks are compared, in several groups once, and remembered',
  async ({ folder, history }) => {
    const one = member()
    const usable = [tool('gauge'), tool('gauge', 'other'), tool('proc')]
    const at = now() + 4_000
    const { gauge, warnings } = await doBefore(one, { usable, at, history }, contextIn(folder))
    assert.ok(gauge?.reading)
    assert.is(gauge.usual, undefined)
    assert.equal(warnings, [])
    assert.is(one.around.length, 1)
    assert.ok(now() < at - turnsDuration(2))
    const after = await doAfter(one, history)
    assert.ok(after.gauge?.reading)
    assert.is((await history.usual(gauge.model))?.samples, 1)
    assert.equal(one.around, [])
  }
)

around('where there is no time for it, it is not begun, or cut off, and said so', async ({ folder, history }) => {
  const usable = [tool('gauge')]
  const late = await doBefore(member(), { usable, at: now() + 20, history }, contextIn(folder))
  assert.is(late.gauge, undefined)
  assert.match(late.warnings[0] as string, 'the command came too late')
  const at = now() + turnsDuration(2) + 25 + 120
  const cut = await doBefore(member(), { usable, at, history }, contextIn(folder))
  assert.is(cut.gauge?.reading, undefined)
  assert.match(cut.warnings[0] as string, /^gauge: cut off after \d+ ms/)
  assert.ok(now() < at)
})

around.run()
