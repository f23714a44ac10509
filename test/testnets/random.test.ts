import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dice } from '../../testnets/random.ts'

const dice = suite('pseudo-random numbers')

dice('are the same for the same seed, others for another seed, and in bounds', () => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const [one, same, other] = [new Dice(seed), new Dice(seed), new Dice(seed + 1)].map(each =>
        Array.from({ length: 20 }, () => each.next())
      )
      assert.equal(one, same)
      assert.not.equal(one, other)
      assert.ok(one?.every(number => number >= 0 && number < 1))
    })
  )
})

dice('pick each of some now and then, and nothing of none', () => {
  const from = new Dice(1)
  const picked = Array.from({ length: 200 }, () => from.pick(['a', 'b', 'c']))
  assert.equal([...new Set(picked)].sort(), ['a', 'b', 'c'])
  assert.is(from.pick([]), undefined)
})

dice.run()
