import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BakError } from '../../protocols/errors.ts'
import { Queue } from '../../protocols/queue.ts'

const test = suite('queue')
const turn = () => new Promise(setImmediate)

/** What became of a promise by now. */
async function fateOf(work: Promise<unknown>): Promise<string> {
  const fate = work.then(
    value => `done: ${value}`,
    error => `failed: ${error.code ?? error.message}`
  )
  return await Promise.race([fate, turn().then(() => 'waits')])
}

test('items are taken in order, each once, whichever side is faster', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer()),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.boolean()),
      async (items, bound, lazy) => {
        const queue = new Queue<number>(bound)
        const taken: number[] = []
        const putting = (async () => {
          for (const [i, item] of items.entries()) {
            if (lazy[2 * i]) await turn()
            await queue.put(item)
          }
          queue.end()
        })()
        for (let i = 0; ; i++) {
          if (lazy[2 * i + 1]) await turn()
          const item = await queue.take()
          if (item === undefined) break
          taken.push(item)
        }
        await putting
        assert.equal(taken, items)
      }
    ),
    { numRuns: 200 }
  )
})

test('put waits while the queue is full, take while it is empty', async () => {
  const queue = new Queue<string>(2)
  const taking = queue.take()
  assert.is(await fateOf(taking), 'waits')
  await queue.put('a')
  assert.is(await taking, 'a')
  await queue.put('b')
  await queue.put('c')
  const putting = queue.put('d')
  assert.is(await fateOf(putting), 'waits')
  assert.is(await queue.take(), 'b')
  assert.is(await fateOf(putting), 'done: undefined')
})

test('several waiting takers get one item each', async () => {
  const queue = new Queue<number>(1)
  const taking = [queue.take(), queue.take(), queue.take()]
  for (const n of [1, 2, 3]) await queue.put(n)
  assert.equal((await Promise.all(taking)).sort(), [1, 2, 3])
})

test('after the end, items in the queue can be taken and no more be put', async () => {
  const queue = new Queue<number>(2)
  await queue.put(1)
  await queue.put(2)
  const putting = queue.put(3)
  queue.end()
  assert.is(await fateOf(putting), 'failed: unreachable')
  assert.is(await queue.take(), 1)
  assert.is(await queue.take(), 2)
  assert.is(await queue.take(), undefined)
  assert.is(await queue.take(), undefined)
  assert.is(await fateOf(queue.put(4)), 'failed: unreachable')
})

test('the end wakes a waiting taker', async () => {
  const queue = new Queue<number>()
  const taking = queue.take()
  queue.end()
  assert.is(await taking, undefined)
})

test('a failure rejects all waiting calls and all later ones; the first failure counts', async () => {
  const full = new Queue<number>(1)
  await full.put(1)
  const putting = full.put(2)
  const empty = new Queue<number>()
  const taking = empty.take()
  for (const queue of [full, empty]) {
    queue.fail(new BakError('cancelled', 'enough'))
    queue.fail(new BakError('bug', 'later'))
    queue.end()
  }
  assert.is(await fateOf(putting), 'failed: cancelled')
  assert.is(await fateOf(taking), 'failed: cancelled')
  assert.is(await fateOf(full.take()), 'failed: cancelled')
  assert.is(await fateOf(empty.put(1)), 'failed: cancelled')
})

test.run()
