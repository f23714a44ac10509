/** What several peers send is put in the order of its times, and nobody who is silent holds it up. */
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OutputMerge } from '../../node/run/output-merge.ts'
import { BakError } from '../../protocols/errors.ts'
import type { OutputMark, OutputPortion } from '../../protocols/output.ts'
import { Queue } from '../../protocols/queue.ts'

const test = suite('merged output')

const portion = (member: string, at: number | undefined, text = ''): OutputPortion => ({
  ...{ path: `1-default/sample1/workload/${member}/stdout.txt`, member, stream: 'stdout', at, text }
})
async function* sends(...each: (OutputPortion | OutputMark)[]) {
  yield* each
}
/** Sends what a test puts, until it ends that. */
function source() {
  const queue = new Queue<OutputPortion | OutputMark>(64)
  async function* portions() {
    for (let next = await queue.take(); next != null; next = await queue.take()) yield next
  }
  return { queue, portions: portions() }
}
const never = new AbortController().signal

test('of sources that end is in order, each in its own', async () => {
  const times = fc.array(fc.array(fc.nat(50), { maxLength: 12 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(times, async lists => {
      const merge = new OutputMerge<never>(never)
      const sorted = lists.map(each => each.toSorted((a, b) => a - b))
      for (const [i, each] of sorted.entries())
        merge.add(sends(...each.map((at, n) => portion(`m${i}`, at, String(n)))))
      merge.close()
      const out = await Array.fromAsync(merge)
      assert.equal(
        out.map(({ at }) => at),
        sorted.flat().sort((a, b) => a - b)
      )
      for (const [i, each] of sorted.entries())
        assert.equal(
          out.filter(({ member }) => member === `m${i}`).map(({ text }) => text),
          each.map((_, n) => String(n))
        )
    }),
    { numRuns: 50 }
  )
})

test('does not wait for a member that is silent for longer than a moment', async () => {
  const [talks, silent] = [source(), source()]
  const merge = new OutputMerge<never>(never)
  merge.add(talks.portions)
  merge.add(silent.portions)
  const began = performance.now()
  const now = Date.now()
  await talks.queue.put({ caughtUp: now })
  await silent.queue.put({ caughtUp: now })
  await talks.queue.put(portion('talks', now))
  const reader = merge[Symbol.asyncIterator]()
  assert.is((await reader.next()).value?.member, 'talks')
  assert.ok(performance.now() - began < 2_000)
  // what was written earlier and comes later comes out late
  await silent.queue.put(portion('silent', now - 60_000))
  assert.is((await reader.next()).value?.member, 'silent')
  await reader.return(undefined)
})

test('puts what comes within that moment where it belongs', async () => {
  const [one, other] = [source(), source()]
  const merge = new OutputMerge<never>(never)
  merge.add(one.portions)
  merge.add(other.portions)
  const now = Date.now()
  for (const { queue } of [one, other]) await queue.put({ caughtUp: now })
  await one.queue.put(portion('one', now + 10))
  const reader = merge[Symbol.asyncIterator]()
  const first = reader.next()
  await sleep(100)
  await other.queue.put(portion('other', now + 5))
  assert.is((await first).value?.member, 'other')
  assert.is((await reader.next()).value?.member, 'one')
  await reader.return(undefined)
})

test('of long ago is not slowed down by a member that is silent', async () => {
  const silent = source()
  const merge = new OutputMerge<never>(never)
  const now = Date.now()
  merge.add(silent.portions)
  await silent.queue.put({ caughtUp: now })
  merge.add(sends({ caughtUp: now }, ...Array.from({ length: 500 }, (_, i) => portion('old', now - 600_000 + i))))
  const began = performance.now()
  let count = 0
  for await (const _ of merge) if (++count === 500) break
  assert.ok(performance.now() - began < 2_000, `took ${performance.now() - began} ms`)
})

test('is not held up by what bears a time to come', async () => {
  const silent = source()
  const merge = new OutputMerge<never>(never)
  const now = Date.now()
  merge.add(silent.portions)
  await silent.queue.put({ caughtUp: now })
  merge.add(sends({ caughtUp: now }, portion('wrong', now + 1e9), portion('wrong', now + 2e9)))
  const began = performance.now()
  let count = 0
  for await (const _ of merge) if (++count === 2) break
  assert.ok(performance.now() - began < 3_000)
})

test('holds one portion of each source, so that a fast one waits for its reader', async () => {
  let given = 0
  async function* endless() {
    for (;;) {
      given++
      yield portion('a', given)
    }
  }
  const merge = new OutputMerge<never>(never)
  merge.add(endless())
  await sleep(20)
  assert.is(given, 1)
  const reader = merge[Symbol.asyncIterator]()
  for (let i = 0; i < 5; i++) await reader.next()
  await sleep(20)
  assert.ok(given <= 7, `${given}`)
  await reader.return(undefined)
  await sleep(20)
  assert.ok(given <= 7, 'the source ends with its reader')
})

test('says a note at once, and ends with the error of a source or the signal', async () => {
  const silent = source()
  const merge = new OutputMerge<{ missing: string }>(never)
  merge.add(silent.portions)
  merge.say({ missing: 'b' })
  const reader = merge[Symbol.asyncIterator]()
  assert.equal((await reader.next()).value, { missing: 'b' })
  silent.queue.fail(new BakError('damaged', 'x'))
  assert.is(await reader.next().catch(error => error.code), 'damaged')

  const leaving = new AbortController()
  const left = new OutputMerge<never>(leaving.signal)
  left.add(source().portions)
  const next = left[Symbol.asyncIterator]()
    .next()
    .catch(error => error.code)
  leaving.abort(new BakError('interrupted', 'gone'))
  assert.is(await next, 'interrupted')
})

test.run()
