/** Many small pieces of work, so many at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inParallel } from '../node/in-parallel.ts'

const test = suite('work in parallel')

test('each item is done once, and no more at once than may be', async () => {
  const done: number[] = []
  let [running, most] = [0, 0]
  await inParallel(Array.from({ length: 100 }).keys(), 7, async item => {
    most = Math.max(most, ++running)
    await sleep(item % 3)
    running--
    done.push(item)
  })
  assert.equal(
    done.sort((a, b) => a - b),
    [...Array(100).keys()]
  )
  assert.equal([running, most], [0, 7])
})

test('the first failure is thrown when nothing is being done any more, and nothing is begun after it', async () => {
  const begun: number[] = []
  let running = 0
  const failed = await inParallel([0, 1, 2, 3, 4, 5, 6, 7], 3, async item => {
    begun.push(item)
    running++
    await sleep(item === 1 ? 1 : 20)
    running--
    if (item === 1) throw new Error('one')
    if (item > 1) throw new Error('later')
  }).then(
    () => undefined,
    error => error.message
  )
  assert.equal([failed, running, begun], ['one', 0, [0, 1, 2]])
})

test('without items there is nothing to do', () => inParallel([], 3, async () => assert.unreachable()))

test.run()
