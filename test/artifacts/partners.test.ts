/** Which peers a content is fetched from, and which are tried next. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Partners } from '../../node/artifacts/swarm/partners.ts'
import { ServeBudget } from '../../node/artifacts/swarm/serve-budget.ts'
import { BakError } from '../../protocols/errors.ts'

const test = suite('whom content is fetched from')
const peers = Array.from({ length: 30 }, (_, i) => `p${i}`)

function partners(connected: string[] = []) {
  const state = { now: 0 }
  const made = new Partners({
    ...{ peers, source: 'p0', isConnected: (peer: string) => connected.includes(peer) },
    ...{ now: () => state.now, random: () => 0.5 }
  })
  return { state, made }
}

test('the source is asked, and eight others, those with a connection first', () => {
  const connected = ['p7', 'p9', 'p20']
  const { made } = partners(connected)
  const next = made.next(() => false)
  assert.is(next[0], 'p0')
  assert.is(next.length, 9)
  assert.equal(next.slice(1, 4).sort(), ['p20', 'p7', 'p9'])
})

test('streams that there are count, whoever opened them', () => {
  const { made } = partners()
  assert.equal(
    made.next(peer => peer !== 'p29' && peer !== 'p0'),
    ['p0']
  )
  assert.is(made.next(peer => ['p0', 'p1', 'p2'].includes(peer)).length, 6)
})

test('one that failed is tried again later and later', () => {
  const { state, made } = partners()
  const isDue = () => made.next(() => false).includes('p0')
  for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    made.failed('p0', new BakError('unreachable', 'it is away'))
    state.now += wait - 1
    assert.not.ok(isDue())
    state.now += 1
    assert.ok(isDue())
  }
  assert.match(made.reasons(), /^p0: it is away$/)
  made.opened('p0')
  assert.is(made.reasons(), 'those that are asked do not have it')
})

test('one that is being opened is not opened twice', () => {
  const { made } = partners()
  for (const peer of made.next(() => false)) made.opening(peer, true)
  assert.equal(
    made.next(() => false),
    []
  )
})

test('a peer is sent four times a content in ten minutes, and some bytes of a small one', () => {
  const state = { now: 0 }
  const budget = new ServeBudget(() => state.now)
  const MIB = 1024 * 1024
  const take = (peer: string) => budget.take(peer, 'content', MIB, 10 * MIB)
  let taken = 0
  while (take('a')) taken++
  assert.is(taken, 44)
  assert.ok(take('b'))
  state.now = 600_001
  assert.ok(take('a'))
})

test.run()
