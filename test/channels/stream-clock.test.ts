import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StreamClock } from '../../node/channels/stream-clock.ts'
import { BakError } from '../../protocols/errors.ts'
import type { FromMember } from '../../protocols/run-stream.ts'
import { stayAwake } from '../helpers/streams.ts'

const test = suite('a clock compared over the run stream')
test.after(stayAwake())

const forever = () => new AbortController().signal
const turn = () => new Promise(setImmediate)

/** A clock on an open stream, with the questions that were sent on it. */
function clockOf() {
  const clock = new StreamClock()
  const asked: number[] = []
  const send = async (message: FromMember) => {
    if (message.type === 'time') asked.push(message.asked)
  }
  /** The controller's clock is so many ms ahead. */
  const answer = (question: number, ahead: number) =>
    clock.onAnswer({ type: 'time', asked: question, heard: question + ahead, answered: question + ahead })
  return { clock, asked, send, answer }
}

test('several questions may be under way at once, and each gets its own answer, in whatever order they come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), async (count, order) => {
      const { clock, asked, send, answer } = clockOf()
      clock.up(send)
      const samples = Array.from({ length: count }, () => clock.ask(forever()))
      await turn()
      assert.is(new Set(asked).size, count, 'a question is known by its clock')
      const left = asked.map((question, i) => ({ question, ahead: 10_000 * (i + 1) }))
      while (left.length > 0) {
        const [next] = left.splice((order.next().value as number) % left.length, 1)
        answer(next?.question as number, next?.ahead as number)
      }
      const offsets = (await Promise.all(samples)).map(({ offset, bound }) => [offset, bound])
      for (const [i, [offset, bound]] of offsets.entries()) {
        const ahead = 10_000 * (i + 1)
        assert.ok(Math.abs((offset as number) - ahead) <= (bound as number) + 0.01, `${offset} is not ${ahead}`)
      }
    }),
    { numRuns: 50 }
  )
})

test('a caller waits until the stream is open', async () => {
  const { clock, asked, send, answer } = clockOf()
  const sample = clock.ask(forever())
  await turn()
  assert.equal(asked, [])
  clock.up(send)
  await turn()
  answer(asked[0] as number, 5_000)
  assert.ok(Math.abs((await sample).offset - 5_000) < 1_000)
})

test('an answer to no question changes nothing', async () => {
  const { clock, asked, send, answer } = clockOf()
  clock.up(send)
  const sample = clock.ask(forever())
  await turn()
  const [question = 0] = asked
  answer(question + 1, 99_000)
  answer(question, 5_000)
  answer(question, 77_000)
  assert.ok(Math.abs((await sample).offset - 5_000) < 1_000)
})

test('all questions that a broken stream lost are asked again on the next', async () => {
  const { clock, asked, send, answer } = clockOf()
  clock.up(send)
  const samples = [clock.ask(forever()), clock.ask(forever())]
  await turn()
  clock.down()
  await turn()
  assert.is(asked.length, 2, 'nothing is asked while there is no stream')
  clock.up(send)
  await turn()
  assert.is(asked.length, 4)
  for (const question of asked.slice(2)) answer(question, 5_000)
  for (const { offset } of await Promise.all(samples)) assert.ok(Math.abs(offset - 5_000) < 1_000)
})

test('an exchange that is primed begins when the stream opens, and is for the next caller only', async () => {
  const { clock, asked, send, answer } = clockOf()
  clock.prime()
  clock.up(send)
  await turn()
  assert.is(asked.length, 1)
  answer(asked[0] as number, 5_000)
  assert.ok(Math.abs((await clock.ask(forever())).offset - 5_000) < 1_000)
  assert.is(asked.length, 1)
  const second = clock.ask(forever())
  await turn()
  assert.is(asked.length, 2)
  answer(asked[1] as number, 7_000)
  assert.ok(Math.abs((await second).offset - 7_000) < 1_000)
})

test('a caller that waits for a primed exchange may give up', async () => {
  const { clock } = clockOf()
  clock.prime()
  const giveUp = new AbortController()
  const lost = clock.ask(giveUp.signal).catch(error => error.code)
  giveUp.abort(new BakError('cancelled', 'the run is over'))
  assert.is(await lost, 'cancelled')
})

test('a caller that gives up disturbs no other', async () => {
  const { clock, asked, send, answer } = clockOf()
  clock.up(send)
  const giveUp = new AbortController()
  const lost = clock.ask(giveUp.signal).catch(error => error.code)
  const kept = clock.ask(forever())
  await turn()
  giveUp.abort(new BakError('cancelled', 'the run is over'))
  assert.is(await lost, 'cancelled')
  assert.is(
    await clock.ask(AbortSignal.abort(new BakError('interrupted', 'x'))).catch(error => error.code),
    'interrupted'
  )
  answer(asked[1] as number, 5_000)
  assert.ok(Math.abs((await kept).offset - 5_000) < 1_000)
})
test.run()
