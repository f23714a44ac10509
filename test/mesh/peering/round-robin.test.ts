import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RoundRobin } from '../../../node/mesh/peering/round-robin.ts'

const rota = suite('taking turns')
const newRota = () => new RoundRobin<string>(each => each)

rota('goes through all before it begins again', () => {
  const each = newRota()
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

rota('who is new has a turn before those that had one; who is gone has none', () => {
  const each = newRota()
  assert.equal(each.next(['a', 'b', 'c'], 2), ['a', 'b'])
  assert.equal(each.next(['a', 'b', 'x'], 1), ['x'])
  assert.equal(each.next(['a', 'b', 'x'], 1), ['a'])
})

rota('of nothing it takes nothing', () => {
  assert.equal(newRota().next([], 3), [])
  assert.equal(newRota().next(['a'], 0), [])
  assert.equal(newRota().next(['a'], 5), ['a'])
})

rota('gives each once a round, never more than asked for, and in n/k rounds all of them', () => {
  const sets = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 8 }), (all, count) => {
      const each = newRota()
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
rota.run()
