import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RoundRobin } from '../../../node/mesh/peering/round-robin.ts'

const test = suite('round robin')
const create = () => new RoundRobin<string>(each => each)

test('takes all items before it begins again', () => {
  const each = create()
  const all = ['a', 'b', 'c', 'd', 'e']
  assert.equal(
    [1, 2, 3, 4].map(() => each.next(all, 2)),
    [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'a'],
      ['b', 'c']
    ]
  )
})

test('takes a new item before those that had a turn, and none that is gone', () => {
  const each = create()
  assert.equal(each.next(['a', 'b', 'c'], 2), ['a', 'b'])
  assert.equal(each.next(['a', 'b', 'x'], 1), ['x'])
  assert.equal(each.next(['a', 'b', 'x'], 1), ['a'])
})

test('takes no more than there is', () => {
  assert.equal(create().next([], 3), [])
  assert.equal(create().next(['a'], 0), [])
  assert.equal(create().next(['a'], 5), ['a'])
})

test('takes each item once in a call, never more than asked for, and all of them in n/k calls', () => {
  const sets = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 8 }), (all, count) => {
      const each = create()
      const had = new Set<string>()
      for (let i = 0; i < Math.ceil(all.length / count); i++) {
        const taken = each.next(all, count)
        assert.is(taken.length, Math.min(count, all.length))
        assert.is(new Set(taken).size, taken.length)
        for (const one of taken) had.add(one)
      }
      assert.is(had.size, all.length)
    })
  )
})
test.run()
