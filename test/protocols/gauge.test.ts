import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeSlow, type GaugedMember, type GaugeReading, median, readingOf, slowIn } from '../../protocols/gauge.ts'

const gauge = suite('which times of the gauge stand out')

const reading = (factor = 1, other: Partial<GaugeReading> = {}): GaugeReading => ({
  ...{ integer: 5 * factor, memory: 1.5 * factor, disk: 0.3 * factor, held: 0 },
  ...other
})
const member = (
  name: string,
  before = reading(),
  after = reading(),
  more: Partial<GaugedMember> = {}
): GaugedMember => ({
  ...{ name, model: 'X', before, after },
  ...more
})
const usual = (samples = 20) => ({ integer: 5, memory: 1.5, disk: 0.3, samples })
const sample = (n: number, ...members: GaugedMember[]) => ({ sample: `1-default/sample${n}`, members })

gauge('a machine that is 1.7 x as slow as it was before is seen after one sample', () => {
  const slow = slowIn([sample(1, member('b', reading(1.7), reading(1.75), { usual: usual() }))])
  assert.equal(
    slow.map(({ member, kind, than }) => [member, kind, than]),
    [['b', 'integer', 'before']]
  )
  assert.equal(describeSlow(slow), ['b is 1.7 x as slow as it was before (arithmetic)'])
})

gauge('what a machine did before has none of the samples of this run', () => {
  const of = (n: number, before: ReturnType<typeof usual>) =>
    sample(n, member('b', reading(2), reading(2), { usual: before }))
  const slow = slowIn([of(1, usual()), of(2, { ...usual(), integer: 10 }), of(3, { ...usual(), integer: 10 })])
  assert.ok(slow.some(({ kind, than }) => kind === 'integer' && than === 'before'))
})

gauge('what was slow for a moment, on one side of the sample only, is not', () => {
  assert.equal(slowIn([sample(1, member('b', reading(3), reading(1.05), { usual: usual() }))]), [])
})

gauge('the ordinary noise of a virtual machine is not, nor a slow sync of a few ms', () => {
  const noisy = reading(1.34, { memory: 1.5 * 1.6, disk: 4.5 })
  assert.equal(slowIn([sample(1, member('b', noisy, noisy, { usual: usual() }))]), [])
})

gauge('a history of a few samples says nothing', () => {
  assert.equal(slowIn([sample(1, member('b', reading(2), reading(2), { usual: usual(4) }))]), [])
  assert.equal(slowIn([sample(1, member('b', reading(2), reading(2)))]), [])
})

gauge('members with the same processor are compared, others are not', () => {
  const all = [member('a'), member('b', reading(1.8), reading(1.8)), member('c')]
  assert.equal(describeSlow(slowIn([sample(1, ...all)]).filter(({ kind }) => kind === 'integer')), [
    'b is 1.8 x as slow as a and c with the same processor (arithmetic)'
  ])
  assert.equal(slowIn([sample(1, member('a'), member('b', reading(1.8), reading(1.8), { model: 'Y' }))]), [])
})

gauge('a sample in which a member was slower than in its others is named', () => {
  const times = [1, 1.02, 1.9, 1, 0.98]
  const slow = slowIn(times.map((each, i) => sample(i + 1, member('b', reading(each), reading(each)))))
  assert.equal(describeSlow(slow.filter(({ kind }) => kind === 'integer')), [
    'b is 1.9 x as slow as in its other samples in 1-default/sample3 (arithmetic)'
  ])
})

gauge('who waited for a processor that other programs had is named for that, once for all members', () => {
  const busy = reading(1, { held: 0.5 })
  const one = slowIn([sample(1, member('a', busy, busy), member('b'))])
  assert.equal(describeSlow(one), ['a is 2.0 x as slow as it would be alone (other programs run)'])
  const both = slowIn([
    sample(1, member('a', busy, busy), member('b', reading(1, { held: 0.75 }), reading(1, { held: 0.9 })))
  ])
  assert.equal(describeSlow(both), ['b, a are up to 4.0 x as slow as each would be alone (other programs run)'])
})

gauge('a gauging that was cut off is not needed where there is another, and none says nothing', () => {
  assert.equal(readingOf({ after: reading(2) }), reading(2))
  assert.is(readingOf({}), undefined)
  assert.equal(slowIn([sample(1, { name: 'a', model: 'X', usual: usual() })]), [])
})

gauge('the median is a value in the middle', () => {
  const numbers = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
  fc.assert(
    fc.property(numbers, values => {
      const found = median(values)
      assert.ok(values.filter(each => each <= found).length * 2 >= values.length)
      assert.ok(values.filter(each => each >= found).length * 2 >= values.length)
    })
  )
  assert.ok(Number.isNaN(median([])))
})

gauge('machines that are alike are never slow, however fast they are', () => {
  const factor = fc.double({ min: 0.01, max: 100, noNaN: true })
  const jitter = fc.array(fc.double({ min: 1, max: 1.2, noNaN: true }), { minLength: 3, maxLength: 8 })
  fc.assert(
    fc.property(factor, jitter, (speed, times) => {
      const of = (each: number) => reading(speed * each, { disk: 0.3 })
      const all = times.map((each, i) => sample(i + 1, member('a', of(each), of(each)), member('b', of(1), of(1.1))))
      assert.equal(slowIn(all), [])
    })
  )
})

gauge.run()
