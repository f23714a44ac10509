import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Rejoin } from '../../../node/mesh/membership/rejoin.ts'

const test = suite('rejoin after a partition')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

function create() {
  let count = 0
  const rejoin = new Rejoin(() => count++)
  return { rejoin, announced: () => count }
}

test('announces twice within four seconds, however many peers are met again', () => {
  const { rejoin, announced } = create()
  for (let i = 0; i < 100; i++) rejoin.onRejoined()
  assert.is(announced(), 0, 'not all peers at the same instant')
  mock.timers.tick(1_000)
  assert.is(announced(), 1)
  mock.timers.tick(3_000)
  assert.is(announced(), 2)
})

test('announces again only ten seconds later', () => {
  const { rejoin, announced } = create()
  rejoin.onRejoined()
  mock.timers.tick(9_999)
  rejoin.onRejoined()
  mock.timers.tick(4_000)
  assert.is(announced(), 2)
  rejoin.onRejoined()
  mock.timers.tick(4_000)
  assert.is(announced(), 4)
})

test('announces nothing after the stop', () => {
  const { rejoin, announced } = create()
  rejoin.onRejoined()
  rejoin.stop()
  mock.timers.tick(10_000)
  assert.is(announced(), 0)
})

test.run()
