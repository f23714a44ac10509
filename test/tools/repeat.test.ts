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

repeats('it acts until it is stopped, and a second stop returns false', async () => {
  let acts = 0
  const repeating = repeat(() => acts++, 5)
  await until(() => acts >= 3 || undefined)
  assert.ok(repeating.stop())
  assert.not(repeating.stop())
  const before = acts
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.is(acts, before)
})

repeats.run()
