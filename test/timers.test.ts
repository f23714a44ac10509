import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Timers } from '../node/timers.ts'
import { pause } from '../node/wait.ts'

const test = suite('timers')

test('act once after their time', async () => {
  const timers = new Timers()
  const acted: string[] = []
  timers.after(1, () => acted.push('a'))
  timers.after(2, () => acted.push('b'))
  assert.is(timers.size, 2)
  await pause(30)
  assert.equal(acted, ['a', 'b'])
  assert.is(timers.size, 0)
})

test('do not act after they were cleared, and can be used again', async () => {
  const timers = new Timers()
  timers.after(1, () => assert.unreachable())
  timers.clear()
  let acted = false
  timers.after(1, () => {
    acted = true
  })
  await pause(30)
  assert.ok(acted)
})

test.run()
