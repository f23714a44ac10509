import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  MAX_STREAMS_OF_PEER,
  MAX_STREAMS_OF_PROTOCOL,
  MAX_UNREAD_OF_PEER,
  STREAMS
} from '../../../node/mesh/limits/constants.ts'
import { StreamLimits } from '../../../node/mesh/limits/stream-limits.ts'

const test = suite('streams of one peer')

function boundsOf() {
  const noted: string[] = []
  const clock = { now: 0 }
  const bounds = new StreamLimits({ note: (peer, offence) => noted.push(`${peer} ${offence}`) }, () => clock.now)
  return { bounds, noted, clock }
}

test('so many are open at once, of one protocol and of all; each that ends makes room for one', () => {
  const { bounds, noted } = boundsOf()
  const ofOne = Array.from({ length: MAX_STREAMS_OF_PROTOCOL }, () => bounds.admit('a', '/x'))
  assert.ok(ofOne.every(release => release != null))
  assert.is(bounds.admit('a', '/x'), undefined)
  assert.ok(bounds.admit('b', '/x') != null)
  let all = MAX_STREAMS_OF_PROTOCOL
  for (let i = 0; bounds.admit('a', `/${i % 10}`) != null; i++) all++
  assert.is(all, MAX_STREAMS_OF_PEER)
  assert.equal(noted, ['a too-many-streams', 'a too-many-streams'])
  ofOne[0]?.()
  ofOne[0]?.()
  assert.ok(bounds.admit('a', '/x') != null)
  assert.is(bounds.admit('a', '/x'), undefined)
})

test('so many are opened in a time, though each ends at once', () => {
  const { bounds, noted, clock } = boundsOf()
  const open = () => bounds.admit('a', '/x')?.()
  for (let i = 0; i < STREAMS.burst; i++) open()
  assert.equal(noted, [])
  open()
  assert.is(noted.length, 1)
  clock.now += 1_000
  for (let i = 0; i < STREAMS.each; i++) open()
  assert.is(noted.length, 1)
  assert.is(bounds.size, 0, 'nothing is kept of who has none open')
})

test('what lies unread is counted over all streams of a peer', () => {
  const { bounds } = boundsOf()
  const release = bounds.admit('a', '/x')
  bounds.admit('a', '/y')
  const [x, y] = [bounds.unread('a'), bounds.unread('a')]
  assert.ok(x(MAX_UNREAD_OF_PEER / 2))
  assert.ok(y(MAX_UNREAD_OF_PEER / 2))
  assert.not(x(1))
  assert.ok(y(-1))
  release?.()
  assert.ok(bounds.unread('b')(MAX_UNREAD_OF_PEER))
})

test.run()
