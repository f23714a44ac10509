import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Limit } from '../node/limit.ts'
import { BakError } from '../protocols/errors.ts'

const test = suite('lanes')

/** Work that goes on until it is told to end. */
function workOn(lanes: Limit) {
  const going = new Map<string, () => void>()
  const begin = (name: string, key: string, signal?: AbortSignal) =>
    lanes
      .use(key, () => new Promise<void>(resolve => going.set(name, resolve)), { signal })
      .finally(() => going.delete(name))
  const end = async (name: string) => {
    going.get(name)?.()
    await sleep(0)
  }
  return { begin, end, going: () => [...going.keys()].sort().join(' ') }
}

test('so much goes on at once, of one key less, and the others wait for their turn', async () => {
  const { begin, end, going } = workOn(new Limit({ most: 3, mostOfOne: 2 }))
  const all = ['a1', 'a2', 'a3', 'b1', 'b2'].map(name => begin(name, name[0] as string))
  await sleep(0)
  assert.is(going(), 'a1 a2 b1', 'b did not wait behind a')
  await end('b1')
  assert.is(going(), 'a1 a2 b2')
  await end('a1')
  assert.is(going(), 'a2 a3 b2')
  for (const name of ['a2', 'a3', 'b2']) await end(name)
  await Promise.all(all)
})

test('who waits may give up, and takes nobody’s place', async () => {
  const { begin, end, going } = workOn(new Limit({ most: 1, mostOfOne: 1 }))
  const first = begin('a', 'a')
  const giveUp = new AbortController()
  const second = begin('b', 'b', giveUp.signal).catch(error => error)
  const third = begin('c', 'c')
  giveUp.abort(new BakError('timeout', 'too long'))
  assert.is((await second).code, 'timeout')
  await end('a')
  assert.is(going(), 'c')
  await end('c')
  await Promise.all([first, third])
  const late = await begin('d', 'd', AbortSignal.abort(new BakError('cancelled', 'no'))).catch(error => error)
  assert.is(late.code, 'cancelled')
})

test('work that fails gives its place back', async () => {
  const lanes = new Limit({ most: 1, mostOfOne: 1 })
  const failed = await lanes.use('a', () => Promise.reject(new Error('no'))).catch(error => error)
  assert.is(failed.message, 'no')
  assert.is(await lanes.use('a', async () => 7), 7)
})

test.run()
