import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answerClock, best, better, driftOf, measureClock, offsetOf } from '../../node/clock/clock.ts'
import { now } from '../../node/now.ts'
import { clockProtocol } from '../../protocols/clock.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const pure = suite('clock offsets')

const way = fc.double({ min: 0, max: 10_000, noNaN: true })
pure('the true offset lies within the bound, whatever it is and however long each direction takes', () => {
  const offsets = fc.double({ min: -1e9, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(offsets, way, way, way, (truth, there, back, thinking) => {
      const asked = 1_795_383_015_123
      const heard = asked + there + truth
      const answered = heard + thinking
      const { offset, bound } = offsetOf(asked, heard, answered, asked + there + thinking + back)
      // doubles of this size are a quarter of a microsecond apart
      assert.ok(Math.abs(offset - truth) <= bound + 0.002, `${offset} +- ${bound}, truth ${truth}`)
      assert.ok(Math.abs(bound - (there + back) / 2) <= 0.002)
    }),
    { numRuns: 2_000 }
  )
})

pure('directions of the same length give the exact offset', () => {
  assert.equal(offsetOf(1_000, 6_010, 6_030, 1_040), { offset: 5_000, bound: 10 })
})

pure('a clock that was set between two stamps gives no negative bound', () => {
  assert.is(offsetOf(1_000, 1_000, 1_500, 1_010).bound, 0)
})

pure('the fastest question and the fastest answer count, of whichever exchanges', () => {
  // there and back: 5 and -1, 1.5 and -0.5, 2.75 and -1.25
  const samples = [
    { offset: 3, bound: 2 },
    { offset: 1, bound: 0.5 },
    { offset: 2, bound: 0.75, at: 7 }
  ]
  assert.equal(best(samples), { offset: 1.375, bound: 0.125, at: 7 })
  assert.equal(best(samples.slice(1, 2)), { offset: 1, bound: 0.5, at: undefined })
})

pure('the combined bound holds the true offset and is no larger than that of any exchange', () => {
  const ways = fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), ways, (truth, each) => {
      const samples = each.map(([there, back]) => offsetOf(0, there + truth, there + truth, there + back))
      const { offset, bound } = best(samples)
      assert.ok(Math.abs(offset - truth) <= bound + 1e-6, `${offset} +- ${bound}, truth ${truth}`)
      assert.ok(bound <= Math.min(...samples.map(sample => sample.bound)) + 1e-6)
    })
  )
})

pure('the later of two measurements counts, unless the earlier has a smaller error and they agree', () => {
  const early = { offset: 10, bound: 1, at: 1_000 }
  const after = (offset: number, bound: number, at = 2_000) => better(early, { offset, bound, at }).offset
  assert.is(after(10.5, 0.5), 10.5)
  assert.is(after(12, 3), 10)
  assert.is(after(20, 3), 20, 'they contradict each other')
  assert.is(after(12, 3, 1_000 + 10_000), 10)
  assert.is(after(12, 3, 1_000 + 60_000), 12, 'the earlier may have drifted by more since')
  assert.is(better({ offset: 10, bound: 1 }, { offset: 12, bound: 3 }).offset, 12)
})

pure('the drift of a clock is found within the bound, whatever its offset', () => {
  const ppm = fc.double({ min: -100_000, max: 100_000, noNaN: true })
  const wrong = fc.double({ min: -1, max: 1, noNaN: true })
  const bound = fc.double({ min: 0, max: 1_000, noNaN: true })
  const passed = fc.double({ min: 1_000, max: 1e8, noNaN: true })
  fc.assert(
    fc.property(ppm, passed, fc.tuple(bound, bound), fc.tuple(wrong, wrong), (truth, length, bounds, errors) => {
      const offset = (i: number, after: number) => (truth / 1e6) * after + (errors[i] as number) * (bounds[i] as number)
      const at = 1_795_383_015_123
      const begin = { offset: offset(0, 0), bound: bounds[0], at }
      const end = { offset: offset(1, length), bound: bounds[1], at: at + length }
      const found = driftOf(begin, end)
      assert.ok(found != null)
      // instants are exact to a quarter of a microsecond
      assert.ok(Math.abs(found.drift - truth) <= found.bound + 1, `${found.drift} +- ${found.bound}, truth ${truth}`)
    }),
    { numRuns: 2_000 }
  )
})

pure('without two instants there is no drift', () => {
  const clock = { offset: 1, bound: 1 }
  assert.is(driftOf(clock, { ...clock, at: 5 }), undefined)
  assert.is(driftOf({ ...clock, at: 5 }, clock), undefined)
  assert.is(driftOf({ ...clock, at: 5 }, { ...clock, at: 5 }), undefined)
})

pure('without an exchange the bound is endless', () => {
  assert.ok(best([]).bound > 1e12)
})
pure.run()

const test = suite('measuring a clock')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const { peer } = newSigner()

type Asked = { asked: number }
type Answered = { asked: number; heard: number; answered: number }

/** The same, by a clock that is wrong by so many ms. */
const wrongBy = (ms: number): Handler<Asked, Answered> =>
  async function* (first, { receive }) {
    for (let next: Asked | undefined = first; next !== undefined; next = await receive()) {
      yield { asked: next.asked, heard: now() + ms, answered: now() + ms }
    }
  }

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    error => error.code
  )
}

test('two peers of one machine differ by no more than their bound', async () => {
  const { open } = linkTo(serve(clockProtocol, answerClock), peer, { delay: 2 })
  const { offset, bound } = await measureClock(open)
  assert.ok(bound > 0 && bound < 5_000, `bound ${bound}`)
  assert.ok(Math.abs(offset) <= bound + 0.01, `${offset} +- ${bound}`)
})

test('a clock that is an hour ahead is found to be, within the bound', async () => {
  const { open } = linkTo(serve(clockProtocol, wrongBy(3_600_000)), peer)
  const { offset, bound } = await measureClock(open)
  assert.ok(Math.abs(offset - 3_600_000) <= bound + 0.01, `${offset} +- ${bound}`)
})

test('six exchanges share one stream, which is closed afterwards', async () => {
  let asked = 0
  const ended = Promise.withResolvers<void>()
  const counting: Handler<Asked, Answered> = async function* (first, exchange) {
    const receive = async () => {
      const next = await exchange.receive()
      if (next !== undefined) asked++
      return next
    }
    asked++
    yield* wrongBy(0)(first, { ...exchange, receive })
    ended.resolve()
  }
  const all = linkTo(serve(clockProtocol, counting), peer)
  await measureClock(all.open)
  await ended.promise
  assert.is(asked, 6)
  assert.is(all.streams.length, 1)
})

test('invalid timestamps are bad-message', async () => {
  const { open } = linkTo(
    serve(clockProtocol, async function* ({ asked }) {
      yield { asked, heard: -1, answered: Number.MAX_VALUE }
    }),
    peer
  )
  assert.is(await codeOf(measureClock(open)), 'bad-message')
})

test('the measurement of a silent peer ends with the signal', async () => {
  const { open } = linkTo(
    serve(clockProtocol, async function* (_, { signal }) {
      yield* [] as Answered[]
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    }),
    peer
  )
  const giveUp = new AbortController()
  const measuring = measureClock(open, { signal: giveUp.signal })
  giveUp.abort(new BakError('cancelled', 'the run is over'))
  assert.is(await codeOf(measuring), 'cancelled')
})

test('a stream that breaks is unreachable', async () => {
  const all = linkTo(serve(clockProtocol, wrongBy(0)), peer)
  all.onAnswer = (_, stream) => void stream.cut()
  assert.is(await codeOf(measureClock(all.open)), 'unreachable')
})

test.run()
