import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Limit } from '../node/limit.ts'
import { BakError } from '../protocols/errors.ts'

const test = suite('limit')

/** Work that runs until the test ends it. */
function workOn(limit: Limit) {
  const going = new Map<string, () => void>()
  const begin = (name: string, key: string, signal?: AbortSignal) =>
    limit
      .run(key, () => new Promise<void>(resolve => going.set(name, resolve)), { signal })
      .finally(() => going.delete(name))
  const end = async (name: string) => {
    going.get(name)?.()
    await sleep(0)
  }
  return { begin, end, going: () => [...going.keys()].sort().join(' ') }
}

test('the total and the limit of each key bound what runs at once, and the rest waits in order', async () => {
  const { begin, end, going } = workOn(new Limit({ total: 3, perKey: 2 }))
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

test('an aborted wait leaves the queue and rejects with the reason of its signal', async () => {
  const { begin, end, going } = workOn(new Limit({ total: 1 }))
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

test('work that fails makes room for the next', async () => {
  const limit = new Limit({ total: 1 })
  const failed = await limit.run('a', () => Promise.reject(new Error('no'))).catch(error => error)
  assert.is(failed.message, 'no')
  assert.is(await limit.run('a', async () => 7), 7)
})

test('room that is given back twice counts once', async () => {
  const limit = new Limit({ total: 1 })
  const release = await limit.acquire('a')
  release()
  release()
  const { begin, end, going } = workOn(limit)
  const all = ['b', 'c'].map(name => begin(name, name))
  await sleep(0)
  assert.is(going(), 'b')
  await end('b')
  await end('c')
  await Promise.all(all)
})

test.run()
