import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AttemptLimit } from '../../../node/mesh/holepunch/attempt-limit.ts'
import { BakError } from '../../../protocols/errors.ts'
import { stayAwake } from '../../helpers/streams.ts'

const test = suite('turns')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const never = new AbortController().signal
const settled = () => new Promise(resolve => setTimeout(resolve, 5))

test('so many go on at once, and who waits has its turn when one ends', async () => {
  const turns = new AttemptLimit({ atOnce: 2, inPeriod: 100, period: 60_000 })
  const ends = [await turns.take(never), await turns.take(never)]
  let third: (() => void) | undefined
  const waiting = turns.take(never).then(end => {
    third = end
  })
  await settled()
  assert.is(third, undefined)
  ends[0]?.()
  await waiting
  assert.ok(third != null)
})

test('an end that is said twice frees one turn', async () => {
  const turns = new AttemptLimit({ atOnce: 1, inPeriod: 100, period: 60_000 })
  const end = await turns.take(never)
  end()
  end()
  await turns.take(never)
  let second = false
  turns.take(never).then(() => {
    second = true
  })
  await settled()
  assert.not(second)
})

test('more than so many in a period are refused, and it is over when it is over', async () => {
  const turns = new AttemptLimit({ atOnce: 10, inPeriod: 2, period: 50 })
  for (let i = 0; i < 2; i++) (await turns.take(never))()
  const error = await turns.take(never).then(
    () => undefined,
    cause => cause as BakError
  )
  assert.is(error?.code, 'busy')
  await new Promise(resolve => setTimeout(resolve, 60))
  await turns.take(never)
})

test('who gives up waiting keeps nobody else from it', async () => {
  const turns = new AttemptLimit({ atOnce: 1, inPeriod: 100, period: 60_000 })
  const end = await turns.take(never)
  const control = new AbortController()
  const reason = new BakError('interrupted', 'enough')
  const first = turns.take(control.signal).catch(cause => cause)
  const second = turns.take(never)
  control.abort(reason)
  assert.is(await first, reason)
  end()
  await second
})

test.run()
