import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nextTick, repeat } from '../../node/tools/repeat.ts'
import { until } from '../helpers/workspace.ts'

const repeats = suite('repeat')

repeats('a tick that came late does not move the next', () => {
  assert.is(nextTick(3, 300, 100), 4)
  assert.is(nextTick(3, 350, 100), 4)
})

repeats('a tick whose timer was early is not done twice', () => {
  assert.is(nextTick(3, 299.6, 100), 4)
})

repeats('ticks that were missed are left out', () => {
  assert.is(nextTick(3, 777, 100), 8)
})

repeats('it acts until it is stopped, and says that it was stopped before', async () => {
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
