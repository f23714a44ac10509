/** When the gauge times its load around a sample, what it leaves out when there is no time, and what the member tells of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GaugeHistory } from '../../node/agent/gauge-history.ts'
import { type Around, doAfter, doBefore } from '../../node/agent/gauging.ts'
import { turnsDuration } from '../../node/clock/schedule.ts'
import { now } from '../../node/now.ts'
import { gauge } from '../../node/tools/gauge.ts'
import type { ToolContext } from '../../node/tools/tool.ts'

const around = suite<{ folder: string; history: GaugeHistory }>('what tools do around a sample')

around.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-around-'))
  context.history = new GaugeHistory(join(context.folder, 'gauges.json'), { warn: () => {} })
})
around.after.each(({ folder }) => rmSync(folder, { recursive: true }))

const never = new AbortController().signal
const contextIn = (folder: string) =>
  ({ folder, interval: 1, options: {}, signal: new AbortController().signal }) as unknown as ToolContext
const member = (folder: string, times = 1) => ({
  clock: { offset: 0 },
  roster: [{}, {}],
  around: Array.from({ length: times }, (): Around => ({ tool: gauge, context: contextIn(folder) }))
})

around('without such tools nothing is done', async ({ folder, history }) => {
  const one = member(folder, 0)
  assert.equal(await doBefore(one, now(), history), { gauge: undefined, warnings: [] })
  assert.equal(await doAfter(one, history, never), { gauge: undefined, warnings: [] })
})

around(
  'the gauge is over before the clocks are compared, in two groups once, and remembered',
  async ({ folder, history }) => {
    const one = member(folder, 2)
    const at = now() + 4_000
    const { gauge: told, warnings } = await doBefore(one, at, history)
    assert.ok(told?.reading)
    assert.is(told.usual, undefined)
    assert.equal(warnings, [])
    assert.is(one.around.length, 1)
    assert.ok(now() < at - turnsDuration(2))
    const after = await doAfter(one, history, never)
    assert.ok(after.gauge?.reading)
    assert.is((await history.usual(told.model))?.samples, 1)
    assert.equal(one.around, [])
  }
)

around('where there is no time for it, it is not begun, or cut off, and said so', async ({ folder, history }) => {
  const late = await doBefore(member(folder), now() + 20, history)
  assert.is(late.gauge, undefined)
  assert.match(late.warnings[0] as string, 'the command came too late')
  const at = now() + turnsDuration(2) + 25 + 120
  const cut = await doBefore(member(folder), at, history)
  assert.is(cut.gauge?.reading, undefined)
  assert.match(cut.warnings[0] as string, /^gauge: cut off after \d+ ms/)
})

around('a tool that hangs does not delay the start', async ({ folder, history }) => {
  const hangs: Around = { tool: { ...gauge, before: () => new Promise(() => {}) }, context: contextIn(folder) }
  const one = { ...member(folder, 0), around: [hangs] }
  const told = await doBefore(one, now() + turnsDuration(2) + 25 + 120, history)
  assert.is(told.gauge, undefined)
  assert.match(told.warnings[0] as string, /^gauge: cut off after \d+ ms/)
})

around(
  'nobody waits for it any more: it is over, and nothing is remembered of a sample without a figure',
  async ({ folder, history }) => {
    const one = member(folder)
    const began = performance.now()
    const { gauge: told } = await doAfter(one, history, AbortSignal.abort())
    assert.is(told?.reading, undefined)
    assert.ok(performance.now() - began < 500)
    assert.is(await history.usual(told?.model ?? ''), undefined)
  }
)

around.run()
