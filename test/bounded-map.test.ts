import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BoundedMap } from '../node/bounded-map.ts'

const bounded = suite('bounded map')

bounded('keeps all entries up to its capacity', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2)
  assert.equal(
    [...map],
    [
      ['a', 1],
      ['b', 2]
    ]
  )
})

bounded('drops the entry that was set longest ago', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('c', 3)
  assert.equal([...map.keys()], ['b', 'c'])
})

bounded('counts an entry that is set again as the newest', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('a', 3).set('c', 4)
  assert.equal(
    [...map],
    [
      ['a', 3],
      ['c', 4]
    ]
  )
})

bounded('does not count reading as setting', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2)
  map.get('a')
  assert.is(map.set('c', 3).has('a'), false)
})

bounded.run()
