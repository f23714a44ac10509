import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AlignedTimer, untilNext } from '../../../node/mesh/idle/timer.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'

const test = suite('aligned timer')
test.after(stayAwake())

test('timers with the same period fire at the same instants, and never twice within a quarter of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 1e6 }), (now, period) => {
      const left = untilNext(now, period)
      assert.ok(left >= period / 4 && left <= period * 1.25)
      const off = (now + left) % period
      assert.ok(Math.min(off, period - off) < 1e-3, `${off} of ${period}`)
    })
  )
})

test('fires with the period of the moment until it is stopped', async () => {
  let period = 5
  let times = 0
  const timer = new AlignedTimer(
    () => times++,
    () => period
  )
  timer.start()
  await until(() => (times >= 3 ? times : undefined))
  period = 600_000
  // one more was planned already
  await new Promise(resolve => setTimeout(resolve, 50))
  const slow = times
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.is(times, slow)
  period = 5
  timer.start()
  await until(() => (times > slow ? times : undefined))
  timer.stop()
  const stopped = times
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.is(times, stopped)
})

test('does not fire again after it was stopped by its own action', async () => {
  let times = 0
  const timer: AlignedTimer = new AlignedTimer(
    () => {
      times++
      timer.stop()
    },
    () => 5
  )
  timer.start()
  await until(() => (times > 0 ? times : undefined))
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.is(times, 1)
})

test.run()
