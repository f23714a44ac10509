import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { overlapsOf } from '../../node/run/overlap.ts'

const test = suite('runs on the same members')
const followed = (run: string, by: string, ...members: string[]) => ({
  ...{ run, lead: { by, epoch: 1 } },
  members: new Set(members)
})
const runs = [
  followed('own', 'x', 'a', 'b'),
  followed('two', 'y', 'b', 'c'),
  followed('three', 'z', 'c'),
  followed('over', 'y')
]

test('are those that have a member in common, with these members', () => {
  assert.equal(
    overlapsOf('own', ['a', 'b'], runs, () => true),
    [{ run: 'two', controller: 'y', peers: ['b'] }]
  )
})
test('are not those whose controller is lost: they do not go on', () => {
  assert.equal(
    overlapsOf('own', ['a', 'b'], runs, peer => peer !== 'y'),
    []
  )
})
test('are none for a run that is alone', () => {
  assert.equal(
    overlapsOf('own', ['a'], runs, () => true),
    []
  )
})
test.run()
