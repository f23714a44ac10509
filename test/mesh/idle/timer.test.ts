import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AlignedTimer, untilNext } from '../../../node/mesh/idle/timer.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'

const beat = suite('what is done again and again')
beat.after(stayAwake())

beat('whatever has the same period is done at the same moments, and never twice within a quarter of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 1e6 }), (now, period) => {
      const left = untilNext(now, period)
      assert.ok(left >= period / 4 && left <= period * 1.25)
      const off = (now + left) % period
      assert.ok(Math.min(off, period - off) < 1e-3, `${off} of ${period}`)
    })
  )
})

beat('goes on until it is stopped, as often as it is asked for just then', async () => {
  let period = 5
  let times = 0
  const each = new AlignedTimer(
    () => times++,
    () => period
  )
  each.start()
  await until(() => (times >= 3 ? times : undefined))
  period = 600_000
  // one was on its way
  await new Promise(resolve => setTimeout(resolve, 50))
  const slow = times
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.is(times, slow)
  period = 5
  each.start()
  await until(() => (times > slow ? times : undefined))
  each.stop()
  const stopped = times
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.is(times, stopped)
})

beat('one that stops itself is not done again', async () => {
  let times = 0
  const each: AlignedTimer = new AlignedTimer(
    () => {
      times++
      each.stop()
    },
    () => 5
  )
  each.start()
  await until(() => (times > 0 ? times : undefined))
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.is(times, 1)
})

beat.run()
