import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Rebroadcast } from '../../../node/mesh/membership/rebroadcast.ts'

const test = suite('rebroadcast')
/** The longest delay. */
const LONGEST_MS = 2_300

test('publishes only the newest record of each peer, once', async () => {
  const rebroadcast = new Rebroadcast()
  const published: string[] = []
  for (let version = 0; version < 10_000; version++) rebroadcast.plan('a', version, () => published.push(`a${version}`))
  rebroadcast.plan('a', 3, () => published.push('old'))
  rebroadcast.plan('b', 1, () => published.push('b1'))
  await sleep(LONGEST_MS + 200)
  assert.equal(published.sort(), ['a9999', 'b1'])
})

test('does not publish what another peer has published, but what is newer', async () => {
  const rebroadcast = new Rebroadcast()
  const published: string[] = []
  for (const [peer, version] of [
    ['a', 5],
    ['b', 5],
    ['c', 5]
  ] as const) {
    rebroadcast.plan(peer, version, () => published.push(peer))
  }
  rebroadcast.onPublished('a', 5)
  rebroadcast.onPublished('b', 6)
  rebroadcast.onPublished('c', 4)
  await sleep(LONGEST_MS + 200)
  assert.equal(published, ['c'])
})

test('publishes nothing after the stop', async () => {
  const rebroadcast = new Rebroadcast()
  const published: string[] = []
  rebroadcast.plan('a', 1, () => published.push('a'))
  rebroadcast.stop()
  await sleep(LONGEST_MS + 200)
  assert.equal(published, [])
})

test.run()
