import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Rebroadcast } from '../../../node/mesh/membership/rebroadcast.ts'

const test = suite('news that are passed on')
/** The longest that news wait. */
const LONGEST = 2_300

test('of each peer only the newest is passed on, once, however many came', async () => {
  const news = new Rebroadcast()
  const told: string[] = []
  for (let version = 0; version < 10_000; version++) news.plan('a', version, () => told.push(`a${version}`))
  news.plan('a', 3, () => told.push('old'))
  news.plan('b', 1, () => told.push('b1'))
  await sleep(LONGEST + 200)
  assert.equal(told.sort(), ['a9999', 'b1'])
})

test('what the topic has told already is not passed on, what is newer is', async () => {
  const news = new Rebroadcast()
  const told: string[] = []
  for (const [peer, version] of [
    ['a', 5],
    ['b', 5],
    ['c', 5]
  ] as const) {
    news.plan(peer, version, () => told.push(peer))
  }
  news.heard('a', 5)
  news.heard('b', 6)
  news.heard('c', 4)
  await sleep(LONGEST + 200)
  assert.equal(told, ['c'])
})

test('nothing is passed on once it has stopped', async () => {
  const news = new Rebroadcast()
  const told: string[] = []
  news.plan('a', 1, () => told.push('a'))
  news.stop()
  await sleep(LONGEST + 200)
  assert.equal(told, [])
})

test.run()
