/** What has to go so that something new fits into the cap. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { evictedFor, type Held } from '../../node/artifacts/room.ts'

const test = suite('room for artifacts')
const held = (digest: string, size: number, used: number, more: Partial<Held> = {}): Held => ({
  ...{ digest, size, used, pinned: false, isNeeded: false },
  ...more
})

const cases: Array<[string, number, Held[], number, string[]]> = [
  ['nothing goes where there is room', 10, [held('a', 50, 1)], 100, []],
  ['what was used longest ago goes first', 60, [held('a', 50, 2), held('b', 50, 1)], 115, ['b']],
  ['as many go as are needed', 100, [held('a', 50, 2), held('b', 50, 1)], 110, ['b', 'a']],
  ['what is pinned stays', 60, [held('a', 50, 1, { pinned: true }), held('b', 50, 2)], 110, ['b']],
  ['what is needed stays', 60, [held('a', 50, 1, { isNeeded: true }), held('b', 50, 2)], 110, ['b']]
]
for (const [title, wanted, all, cap, gone] of cases) {
  test(title, () => assert.equal(evictedFor(wanted, all, cap), gone))
}

test('too little room is named with the numbers', () => {
  const all = [held('a', 50, 1, { pinned: true }), held('b', 30, 1, { isNeeded: true }), held('c', 10, 1)]
  assert.throws(
    () => evictedFor(40, all, 100),
    /for 40 bytes: artifacts.bytes is 100, 50 are pinned and 30 are needed now/
  )
})

test('what is left with what comes is never more than the cap, and neither pinned nor needed goes', () => {
  const item = fc.record({
    ...{ digest: fc.uuid(), size: fc.nat({ max: 100 }), used: fc.nat() },
    ...{ pinned: fc.boolean(), isNeeded: fc.boolean() }
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { selector: each => each.digest }),
      fc.nat({ max: 200 }),
      fc.nat({ max: 500 }),
      (all, wanted, cap) => {
        let gone: string[]
        try {
          gone = evictedFor(wanted, all, cap)
        } catch {
          const kept = all.filter(each => each.pinned || each.isNeeded)
          return assert.ok(kept.reduce((sum, each) => sum + each.size, wanted) > cap)
        }
        const left = all.filter(each => !gone.includes(each.digest))
        assert.ok(left.reduce((sum, each) => sum + each.size, wanted) <= cap)
        assert.ok(all.every(each => !gone.includes(each.digest) || (!each.pinned && !each.isNeeded)))
      }
    )
  )
})

test.run()
