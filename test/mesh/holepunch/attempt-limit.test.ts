import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AttemptLimit } from '../../../node/mesh/holepunch/attempt-limit.ts'
import { BakError } from '../../../protocols/errors.ts'
import { stayAwake } from '../../helpers/streams.ts'

const test = suite('a limit of attempts')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const never = new AbortController().signal
const settled = () => new Promise(resolve => setTimeout(resolve, 5))

test('a bounded number runs at once, and a waiting one begins when one ends', async () => {
  const limit = new AttemptLimit({ maxConcurrent: 2, maxPerPeriod: 100, periodMs: 60_000 })
  const ends = [await limit.acquire(never), await limit.acquire(never)]
  let third: (() => void) | undefined
  const waiting = limit.acquire(never).then(end => {
    third = end
  })
  await settled()
  assert.is(third, undefined)
  ends[0]?.()
  await waiting
  assert.ok(third != null)
})

test('a second release of the same attempt does nothing', async () => {
  const limit = new AttemptLimit({ maxConcurrent: 1, maxPerPeriod: 100, periodMs: 60_000 })
  const end = await limit.acquire(never)
  end()
  end()
  await limit.acquire(never)
  let second = false
  limit.acquire(never).then(() => {
    second = true
  })
  await settled()
  assert.not(second)
})

test('more than a bounded number in a period are refused, until the period ends', async () => {
  const limit = new AttemptLimit({ maxConcurrent: 10, maxPerPeriod: 2, periodMs: 50 })
  for (let i = 0; i < 2; i++) (await limit.acquire(never))()
  const error = await limit.acquire(never).then(
    () => undefined,
    cause => cause as BakError
  )
  assert.is(error?.code, 'busy')
  await new Promise(resolve => setTimeout(resolve, 60))
  await limit.acquire(never)
})

test('an attempt that is aborted while it waits does not block others', async () => {
  const limit = new AttemptLimit({ maxConcurrent: 1, maxPerPeriod: 100, periodMs: 60_000 })
  const end = await limit.acquire(never)
  const control = new AbortController()
  const reason = new BakError('interrupted', 'enough')
  const first = limit.acquire(control.signal).catch(cause => cause)
  const second = limit.acquire(never)
  control.abort(reason)
  assert.is(await first, reason)
  end()
  await second
})

test.run()
