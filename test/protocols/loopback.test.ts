/** The same handlers over both roads that a caller can get: a stream, and the way of a peer to itself. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { callSelf } from '../../protocols/loopback.ts'
import { type Call, call, type Handler, type Protocol, serve, type WaitOptions } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

type Number = { n: number }
type Counting = Handler<Number, Number>

const { peer } = newSigner()
const numbers: Protocol<Number, Number> = {
  id: '/bak/numbers/1.0.0',
  request: v.object({ n: v.number() }),
  response: v.object({ n: v.number() }),
  timeout: 10_000,
  maxFrame: 1024
}
const roads: Record<string, (handler: Counting, options?: WaitOptions) => Promise<Call<Number, Number>>> = {
  'over a stream': (handler, options) =>
    call(linkTo(serve(numbers, handler), peer, { yamux: true }).open, numbers, options),
  'to oneself': async (handler, options) => callSelf(handler, peer, options)
}

/** Waits for its stream to be gone, and says with what. */
function waiting() {
  const gone = Promise.withResolvers<unknown>()
  const cleaned = Promise.withResolvers<void>()
  const handler: Counting = async function* (_, { signal }) {
    try {
      yield { n: 1 }
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      gone.resolve(signal.reason)
    } finally {
      cleaned.resolve()
    }
  }
  return { handler, gone: gone.promise, cleaned: cleaned.promise }
}

const double: Counting = async function* (first, { receive }) {
  for (let next: Number | undefined = first; next !== undefined; next = await receive()) yield { n: 2 * next.n }
}

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  try {
    await work
  } catch (error) {
    return error as BakError
  }
  throw new Error('nothing was thrown')
}

for (const [title, begin] of Object.entries(roads)) {
  const test = suite(`an exchange ${title}`)
  const sleepAgain = stayAwake()
  test.after(sleepAgain)

  test('messages come in order both ways, and then the end, as often as one asks', async () => {
    const exchange = await begin(double)
    for (let n = 0; n < 100; n++)
      await exchange.send({ n }).then(async () => assert.equal(await exchange.receive(), { n: 2 * n }))
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
    assert.is(await exchange.receive(), undefined)
  })

  test('the handler knows who speaks, and hears the end', async () => {
    const heard: unknown[] = []
    const exchange = await begin(async function* (first, { peer: by, receive }) {
      heard.push(by, first.n, await receive(), await receive())
      yield { n: heard.length }
    })
    await exchange.send({ n: 7 })
    await exchange.close()
    assert.equal(await exchange.receive(), { n: 4 })
    assert.equal(heard, [peer, 7, undefined, undefined])
  })

  test('a caller that says nothing gets nothing but the end', async () => {
    let called = false
    const exchange = await begin(async function* () {
      called = true
      yield { n: 1 }
    })
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
    assert.is(called, false)
  })

  test('the handler may end before the caller has', async () => {
    const exchange = await begin(async function* () {
      yield { n: 1 }
    })
    await exchange.send({ n: 0 })
    const all: number[] = []
    for await (const { n } of exchange) all.push(n)
    assert.equal(all, [1])
  })

  test('the handler comes to its end when its last response was taken, though nobody asks for more', async () => {
    const ended = Promise.withResolvers<void>()
    const exchange = await begin(async function* () {
      try {
        yield { n: 1 }
      } finally {
        ended.resolve()
      }
    })
    await exchange.send({ n: 0 })
    assert.equal(await exchange.receive(), { n: 1 })
    await exchange.close()
    await ended.promise
  })

  test('a refusal of the handler comes after what it said before, with code and text', async () => {
    const exchange = await begin(async function* () {
      yield { n: 1 }
      throw new BakError('no-such-run', 'there is none')
    })
    await exchange.send({ n: 0 })
    assert.equal(await exchange.receive(), { n: 1 })
    const error = await errorOf(exchange.receive())
    assert.is(error.code, 'no-such-run')
    assert.is(error.message, 'there is none')
  })

  test('what a handler throws without a code is a bug for the caller too', async () => {
    const exchange = await begin(async function* () {
      yield* [] as Number[]
      throw new TypeError('x is not a function')
    })
    await exchange.send({ n: 0 })
    const error = await errorOf(exchange.receive())
    assert.instance(error, BakError)
    assert.is(error.code, 'bug')
    assert.is(error.message, 'x is not a function')
  })

  test('a caller that gives up gets its own reason, and the handler is told and cleans up', async () => {
    const giveUp = new AbortController()
    const { handler, gone, cleaned } = waiting()
    const exchange = await begin(handler, { signal: giveUp.signal })
    await exchange.send({ n: 0 })
    await exchange.receive()
    const next = errorOf(exchange.receive())
    giveUp.abort(new BakError('cancelled', 'enough'))
    const error = await next
    assert.is(error.code, 'cancelled')
    exchange.abort(error)
    assert.instance(await gone, BakError)
    await cleaned
  })

  test('a caller that gave up before it began gets its reason', async () => {
    const signal = AbortSignal.abort(new BakError('cancelled', 'before'))
    const error = await errorOf(
      begin(double, { signal }).then(async exchange => {
        await exchange.send({ n: 1 })
        return await exchange.receive()
      })
    )
    assert.is(error.code, 'cancelled')
  })

  test('an exchange that is aborted ends the handler where it waits for more', async () => {
    const cleaned = Promise.withResolvers<void>()
    const exchange = await begin(async function* (first, { receive }) {
      try {
        yield { n: first.n }
        await receive()
        yield { n: 2 }
      } finally {
        cleaned.resolve()
      }
    })
    await exchange.send({ n: 1 })
    await exchange.receive()
    const next = errorOf(exchange.receive())
    exchange.abort(new BakError('interrupted', 'enough'))
    assert.instance(await next, BakError)
    await cleaned.promise
  })

  test('a caller that is faster than the handler is held back', async () => {
    const exchange = await begin(async function* (_, { signal }) {
      yield { n: 1 }
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    })
    await exchange.send({ n: 0 })
    await exchange.receive()
    let sent = 0
    const flood = (async () => {
      for (; sent < 1_000_000; sent++) await exchange.send({ n: sent })
    })()
    const ended = flood.then(
      () => 'all was taken',
      () => 'held back'
    )
    for (let before = -1; before < sent; ) {
      before = sent
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    exchange.abort(new BakError('interrupted', 'enough'))
    assert.is(await ended, 'held back')
    assert.ok(sent > 0)
  })

  test.run()
}

const self = suite('an exchange with oneself')
self('a caller that looks no further lets the handler clean up', async () => {
  const cleaned = Promise.withResolvers<void>()
  const exchange = callSelf<Number, Number>(async function* () {
    try {
      for (let n = 1; ; n++) yield { n }
    } finally {
      cleaned.resolve()
    }
  }, peer)
  await exchange.send({ n: 0 })
  for await (const { n } of exchange) if (n === 3) break
  await cleaned.promise
})

self('a handler gets no more than two messages ahead of who reads', async () => {
  let said = 0
  const exchange = callSelf<Number, Number>(async function* () {
    for (; said < 1_000; said++) yield { n: said }
  }, peer)
  await exchange.send({ n: 0 })
  await exchange.receive()
  await new Promise(setImmediate)
  assert.is(said, 2)
  exchange.abort(new BakError('interrupted', 'enough'))
})

self('no more than sixteen messages wait for a handler that takes none', async () => {
  const exchange = callSelf<Number, Number>(async function* (_, { signal }) {
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    yield { n: 1 }
  }, peer)
  let sent = 0
  const flood = (async () => {
    for (; ; sent++) await exchange.send({ n: sent })
  })()
  await new Promise(setImmediate)
  assert.is(sent, 17, 'one was taken, as the first of the exchange')
  exchange.abort(new BakError('interrupted', 'enough'))
  assert.is((await errorOf(flood)).code, 'interrupted')
})

self('a long exchange leaves nothing hanging on the signal of its caller', async () => {
  const giveUp = new AbortController()
  let listening = 0
  const { signal } = giveUp
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening++
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening--
    remove(...args)
  }
  const exchange = callSelf(double, peer, { signal })
  for (let n = 0; n < 1_000; n++) await exchange.send({ n }).then(() => exchange.receive())
  assert.ok(listening <= 1, `${listening} listeners`)
  await exchange.close()
  await exchange.receive()
  assert.is(listening, 0)
})
self.run()
