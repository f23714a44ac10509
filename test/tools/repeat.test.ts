import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nextTick, repeat } from '../../node/tools/repeat.ts'
import { until } from '../helpers/workspace.ts'

const repeats = suite('repeat')

repeats('a late tick does not delay the next', () => {
  assert.is(nextTick(3, 300, 100), 4)
  assert.is(nextTick(3, 350, 100), 4)
})

repeats('a tick whose timer fired early is not repeated', () => {
  assert.is(nextTick(3, 299.6, 100), 4)
})

repeats('missed ticks are skipped', () => {
  assert.is(nextTick(3, 777, 100), 8)
})

repeats('calls that were due while nothing could be called are counted, also up to the stop', async () => {
  const hold = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  let acts = 0
  const repeating = repeat(() => acts++, 50)
  hold(275)
  await until(() => acts > 0 || undefined)
  hold(250)
  const { missed = 0, due = 0 } = repeating.stop() ?? {}
  assert.ok(due >= 10)
  // the one that the stop came before is not missed: whoever stops acts once more
  assert.ok(due - missed - acts <= 1 && missed >= 7, `${missed} of ${due} were missed, ${acts} made`)
})

repeats('it acts until it is stopped, and there is no second stop', async () => {
  let acts = 0
  const repeating = repeat(() => acts++, 5)
  await until(() => acts >= 3 || undefined)
  assert.ok(repeating.stop() != null)
  assert.is(repeating.stop(), undefined)
  const before = acts
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.is(acts, before)
})

repeats.run()
