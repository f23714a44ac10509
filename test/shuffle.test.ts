import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { shuffle } from '../node/shuffle.ts'

const shuffling = suite('shuffle')

shuffling('keeps each item once and leaves the given array as it is', () => {
  const items = Object.freeze([1, 2, 3, 4, 5])
  assert.equal(shuffle(items).sort(), [1, 2, 3, 4, 5])
  assert.equal(shuffle([]), [])
})

shuffling('reaches each order by exactly one course of choices, so that all are equally likely', () => {
  // three items: a choice of three, then of two
  const orders = [0, 1, 2].flatMap(first =>
    [0, 1].map(second => {
      const choices = [first / 3, second / 2]
      return shuffle(['a', 'b', 'c'], () => choices.shift() as number).join('')
    })
  )
  assert.equal(orders.sort(), ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
})

shuffling.run()
