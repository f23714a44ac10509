import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { measure, measureAtJoin, measureBefore } from '../../../node/agent/phases/compare-clocks.ts'
import { now } from '../../../node/now.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const phase = suite('a member compares its clock')
phase.after(stayAwake())
const [self, controller] = [newSigner().peer, newSigner().peer]
const never = Number.NEGATIVE_INFINITY

function contextOf(ask: (signal: AbortSignal) => Promise<Clock>, change: object = {}) {
  const candidates = [{ peer: controller }, { peer: self }]
  const clock = { offset: 20, bound: 20, at: now() }
  const context = {
    member: { self, controller, clock, compared: never, offer: { candidates }, ...change },
    ask,
    signal: new AbortController().signal
  }
  return context as unknown as Parameters<typeof measure>[0]
}

/** Answers as a controller would whose clock is the same. */
function exact() {
  let asked = 0
  const ask = async () => {
    asked++
    return { offset: 0, bound: 0.1, at: now() }
  }
  return { ask, times: () => asked }
}

phase('out of several exchanges, and without any where it drives the run itself', async () => {
  const { ask, times } = exact()
  assert.is((await measure(contextOf(ask))).bound, 0.1)
  assert.is(times(), 4)
  assert.is((await measure(contextOf(ask, { controller: self }))).bound, 0)
  assert.is(times(), 4)
})

phase(
  'at join in its turn on a short path; on a long one out of one exchange, and better while the run goes on',
  async () => {
    const { ask, times } = exact()
    assert.is((await measureAtJoin(contextOf(ask))).bound, 0.1)
    assert.is(times(), 5)
    let asked = 0
    const long = contextOf(async () => ({ offset: 0, bound: asked++ === 0 ? 50 : 40, at: now() }))
    assert.is((await measureAtJoin(long)).bound, 50)
    long.member.clock = { offset: 0, bound: 50, at: now() }
    await until(() => (long.member.clock.bound === 40 ? true : undefined))
    assert.is(asked, 5)
    assert.is((await measureAtJoin(contextOf(ask, { controller: self }))).bound, 0)
    assert.is(times(), 5)
  }
)

phase('before an instant, once a minute', async () => {
  const { ask, times } = exact()
  const context = contextOf(ask)
  await measureBefore(now() + 2_000, context)
  assert.equal([context.member.clock.offset, context.member.clock.bound], [0, 0.1])
  await measureBefore(now() + 2_000, context)
  assert.is(times(), 1)
  context.member.compared -= 61_000
  await measureBefore(now() + 2_000, context)
  assert.is(times(), 2)
})

phase('again and again while the answers are late, and no more than eight times', async () => {
  let asked = 0
  // the way there is the shortest at last, the way back at first
  const poor = contextOf(async () => ({ offset: 10 - asked, bound: 12 - asked++, at: now() }))
  await measureBefore(Number.MAX_SAFE_INTEGER, poor)
  assert.is(asked, 8)
  assert.equal([poor.member.clock.offset, poor.member.clock.bound], [3, 5])
  await measureBefore(now() + 2_000, poor)
  assert.is(asked, 8)
})

phase(
  'not where the instant has come, and at once where it is so far away, or so long ago, that a clock was set',
  async () => {
    const { ask, times } = exact()
    const context = contextOf(ask)
    for (const at of [now() - 1_000, now() - 21, now() - 20]) await measureBefore(at, context)
    assert.is(times(), 0)
    await measureBefore(Number.MAX_SAFE_INTEGER, context)
    assert.is(times(), 1)
    // although it was compared just now
    await measureBefore(0, context)
    assert.is(times(), 2)
  }
)

phase('a controller that does not answer makes nobody late, and what was known stays in force', async () => {
  const silent = (signal: AbortSignal) =>
    new Promise<Clock>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const context = contextOf(silent)
  await measureBefore(now() + 200, context)
  assert.is(context.member.clock.offset, 20)
  assert.is(context.member.compared, never)
})

phase('what came before the line broke is used', async () => {
  let asked = 0
  const context = contextOf(async () => {
    if (++asked > 2) throw new BakError('unreachable', 'it broke')
    return { offset: 1, bound: 0.5, at: now() }
  })
  await measureBefore(now() + 2_000, context)
  assert.is(context.member.clock.offset, 1)
})
phase.run()
