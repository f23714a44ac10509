import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { alternate, type Contender, enter, median, quantile, summarise } from '../../../scripts/bench/measure.ts'

const numbers = suite('numbers out of repetitions')
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })

numbers('the median is the one in the middle, or lies halfway between the two', () => {
  assert.is(median([5]), 5)
  assert.is(median([9, 1, 5]), 5)
  assert.is(median([4, 1, 2, 3]), 2.5)
})

numbers('a quantile lies on the line between its neighbours', () => {
  assert.is(quantile([0, 10], 0.25), 2.5)
  assert.is(quantile([0, 10, 20], 1), 20)
  assert.is(quantile([7], 0.9), 7)
})

numbers('the order of samples does not matter, and the middle lies between the ends', () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 40 }), samples => {
      const summary = summarise(samples)
      assert.equal(summarise(samples.toReversed()), summary)
      assert.ok(summary.low <= summary.median && summary.median <= summary.high)
      assert.is(summary.count, samples.length)
    })
  )
})

numbers('nothing is said of no samples, nor of something that is no number', () => {
  assert.throws(() => summarise([]), /no figure/)
  assert.throws(() => summarise([1, Number.NaN]), /no figure/)
})

numbers.run()

const turns = suite('contenders in turn')
const counting = (name: string, order: string[], more: Partial<Contender> = {}): Contender => ({
  name,
  async round() {
    order.push(name)
    return { took: order.length }
  },
  ...more
})

turns('each warms up, then they alternate, the second time round in the opposite order', async () => {
  const order: string[] = []
  const outcomes = await alternate([counting('a', order), counting('b', order)], { rounds: 3, warmUps: 1 })
  assert.is(order.join(''), 'baabbaab')
  assert.equal(
    outcomes.map(outcome => ('samples' in outcome ? outcome.samples.took : [])),
    [
      [3, 6, 7],
      [4, 5, 8]
    ]
  )
})

turns('one that takes long is measured less often, and not warmed up', async () => {
  const order: string[] = []
  await alternate([counting('a', order), counting('b', order, { rounds: 1 })], { rounds: 3, warmUps: 1 })
  assert.is(order.join(''), 'aabaa')
})

turns('one that fails is absent with the reason, and the others go on', async () => {
  const order: string[] = []
  const failing = { name: 'b', round: () => Promise.reject(new Error('it broke')) }
  const outcomes = await alternate([counting('a', order), failing], { rounds: 2, warmUps: 1 })
  assert.equal(outcomes[1], { name: 'b', absent: 'it broke' })
  assert.is(order.join(''), 'aaa')
})

turns('what cannot be started is absent from the beginning', async () => {
  const entrant = await enter('c', () => Promise.reject(new Error('no such program')))
  assert.equal(await alternate([entrant], { rounds: 1, warmUps: 0 }), [{ name: 'c', absent: 'no such program' }])
})

turns.run()
