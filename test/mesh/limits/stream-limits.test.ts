import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  MAX_STREAMS_OF_PEER,
  MAX_STREAMS_OF_PROTOCOL,
  MAX_UNREAD_BYTES_OF_PEER,
  STREAMS
} from '../../../node/mesh/limits/constants.ts'
import { StreamLimits } from '../../../node/mesh/limits/stream-limits.ts'

const test = suite('stream limits')

function create() {
  const noted: string[] = []
  const clock = { now: 0 }
  const limits = new StreamLimits({ note: (peer, violation) => noted.push(`${peer} ${violation}`) }, () => clock.now)
  return { limits, noted, clock }
}

test('limits the open streams of one protocol and of all; each that ends makes room for one', () => {
  const { limits, noted } = create()
  const ofOne = Array.from({ length: MAX_STREAMS_OF_PROTOCOL }, () => limits.admit('a', '/x'))
  assert.ok(ofOne.every(release => release != null))
  assert.is(limits.admit('a', '/x'), undefined)
  assert.ok(limits.admit('b', '/x') != null)
  let all = MAX_STREAMS_OF_PROTOCOL
  for (let i = 0; limits.admit('a', `/${i % 10}`) != null; i++) all++
  assert.is(all, MAX_STREAMS_OF_PEER)
  assert.equal(noted, ['a too-many-streams', 'a too-many-streams'])
  ofOne[0]?.()
  ofOne[0]?.()
  assert.ok(limits.admit('a', '/x') != null)
  assert.is(limits.admit('a', '/x'), undefined)
})

test('limits the rate of new streams, though each ends at once', () => {
  const { limits, noted, clock } = create()
  const open = () => limits.admit('a', '/x')?.()
  for (let i = 0; i < STREAMS.burst; i++) open()
  assert.equal(noted, [])
  open()
  assert.is(noted.length, 1)
  clock.now += 1_000
  for (let i = 0; i < STREAMS.perSecond; i++) open()
  assert.is(noted.length, 1)
  assert.is(limits.size, 0, 'no state is kept of a peer without open streams')
})

test('counts unread bytes over all streams of a peer', () => {
  const { limits } = create()
  const release = limits.admit('a', '/x')
  limits.admit('a', '/y')
  const [x, y] = [limits.unread('a'), limits.unread('a')]
  assert.ok(x(MAX_UNREAD_BYTES_OF_PEER / 2))
  assert.ok(y(MAX_UNREAD_BYTES_OF_PEER / 2))
  assert.not(x(1))
  assert.ok(y(-1))
  release?.()
  assert.ok(limits.unread('b')(MAX_UNREAD_BYTES_OF_PEER))
})

test.run()
