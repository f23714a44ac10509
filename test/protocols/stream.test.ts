import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { encode } from '../../protocols/codec.ts'
import { BakError } from '../../protocols/errors.ts'
import { bytes } from '../../protocols/fields.ts'
import { ask, askOne, call, type Handler, type Opener, type Protocol, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('stream')
const { peer } = newSigner()
const sleepAgain = stayAwake()
test.after(sleepAgain)

interface Question {
  n: number
}
interface Answer {
  n: number
  bytes?: Uint8Array
}
const echo: Protocol<Question, Answer> = {
  id: '/bak/echo/1.0.0',
  request: v.object({ n: v.number() }),
  response: v.object({ n: v.number(), bytes: v.optional(bytes(128 * 1024)) }),
  timeout: 5_000,
  maxFrame: 128 * 1024 + 64
}
const hasty = { ...echo, timeout: 100 }

const countTo: Handler<Question, Answer> = async function* ({ n }) {
  for (let i = 1; i <= n; i++) yield { n: i }
}
const double: Handler<Question, Answer> = async function* (first, { receive }) {
  for (let next: Question | undefined = first; next !== undefined; next = await receive()) yield { n: 2 * next.n }
}
/** Answers nothing until its stream is gone. */
const mute: Handler<Question, Answer> = async function* (_, { signal }) {
  await new Promise(resolve => signal.addEventListener('abort', resolve))
}

function frame(body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(4 + body.length)
  new DataView(whole.buffer).setUint32(0, body.length)
  whole.set(body, 4)
  return whole
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return (error as BakError).code
  }
}

async function collect(open: Opener, protocol: Protocol<Question, Answer>, n: number): Promise<number[]> {
  const answers: number[] = []
  for await (const answer of ask(open, protocol, { n })) answers.push(answer.n)
  return answers
}

for (const yamux of [false, true]) {
  const muxer = yamux ? 'yamux' : 'the mock'
  test(`a caller gets the responses of one request in order, then the end, over ${muxer}`, async () => {
    assert.equal(await collect(linkTo(serve(echo, countTo), peer, { yamux }).open, echo, 5), [1, 2, 3, 4, 5])
  })

  test(`both sides talk in turn until the caller closes, over ${muxer}`, async () => {
    const exchange = await call(linkTo(serve(echo, double), peer, { yamux }).open, echo)
    for (const n of [1, 20, 300]) {
      await exchange.send({ n })
      assert.equal(await exchange.receive(), { n: 2 * n })
    }
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
  })
}

/** Answers each question with the sum of the plain bytes behind it, as many as it says. */
const sums: Handler<Question, Answer> = async function* (first, { receive, receivePlain }) {
  for (let next: Question | undefined = first; next !== undefined; next = await receive()) {
    const plain = new Uint8Array(next.n)
    await receivePlain(plain)
    yield { n: plain.reduce((sum, byte) => sum + byte, 0) }
  }
}

for (const yamux of [false, true]) {
  test(`plain bytes behind a message come as they are, ${yamux ? 'through windows' : 'as large as they are'}`, async () => {
    const exchange = await call(linkTo(serve(echo, sums), peer, { yamux }).open, echo)
    for (const n of [3, 0, 1, 700_000]) {
      await exchange.send({ n }, new Uint8Array(n).fill(2))
      assert.equal(await exchange.receive(), { n: 2 * n })
    }
    await exchange.close()
  })
}

test('plain bytes that come in pieces of one are put together, and those that are too many are the next message', async () => {
  const way = linkTo(serve(echo, sums), peer)
  const stream = await way.open(echo.id)
  const [question, ...rest] = [{ n: 5 }, { n: 0 }].map(each => frame(encode(each)))
  stream.send(question as Uint8Array)
  for (const byte of [1, 2, 3, 4, 5]) {
    await sleep(2)
    stream.send(new Uint8Array([byte]))
  }
  stream.send(rest[0] as Uint8Array)
  const answers: number[] = []
  stream.addEventListener('message', ({ data }) => answers.push(data.byteLength))
  while (answers.length < 2) await sleep(5)
  stream.abort(new Error('over'))
})

test('plain bytes that end early, stall or break off end the exchange with a code', async () => {
  for (const [how, code] of [
    ['end', 'unreachable'],
    ['stall', 'timeout'],
    ['break', 'unreachable']
  ] as const) {
    const failed = Promise.withResolvers<BakError>()
    const way = linkTo(serve(hasty, sums, failed.resolve), peer)
    const exchange = await call(way.open, hasty)
    await exchange.send({ n: 9 }, new Uint8Array(8))
    if (how === 'end') void exchange.close()
    if (how === 'break') exchange.abort(new Error('cut'))
    assert.is((await failed.promise).code, code, how)
    exchange.abort(new Error('over'))
  }
})

test('a handler learns which peer speaks', async () => {
  let seen = ''
  const handler: Handler<Question, Answer> = async function* (_, exchange) {
    seen = exchange.peer
    yield { n: 1 }
  }
  await askOne(linkTo(serve(echo, handler), peer).open, echo, { n: 1 })
  assert.is(seen, peer)
})

test('an error of the handler reaches the caller with its code and text, after the responses before it', async () => {
  const handler: Handler<Question, Answer> = async function* () {
    yield { n: 1 }
    throw new BakError('no-such-run', 'there is no run x')
  }
  const seen: string[] = []
  const { open } = linkTo(
    serve(echo, handler, (error, by) => seen.push(`${error.code} ${by}`)),
    peer
  )
  const answers = ask(open, echo, { n: 1 })
  assert.equal((await answers.next()).value, { n: 1 })
  const error = await answers.next().catch(error => error)
  assert.is(error.code, 'no-such-run')
  assert.is(error.message, 'there is no run x')
  assert.equal(seen, [`no-such-run ${peer}`])
})

test('a request that is not of the schema is refused as bad-message', async () => {
  const { open } = linkTo(serve(echo, countTo), peer)
  assert.is(await codeOf(askOne(open, echo, { n: 'x' } as never)), 'bad-message')
})

test('a response that is not of the schema is bad-message at the caller', async () => {
  const handler: Handler<Question, Answer> = async function* () {
    yield { n: 'x' } as never
  }
  assert.is(await codeOf(askOne(linkTo(serve(echo, handler), peer).open, echo, { n: 1 })), 'bad-message')
})

test('bytes that are no message are refused as bad-message', async () => {
  const way = linkTo(serve(echo, countTo), peer)
  way.onSend = piece => piece.with(piece.length - 1, 0xff)
  assert.is(await codeOf(askOne(way.open, echo, { n: 1 })), 'bad-message')
})

test('a length that is beyond the bound is refused before the bytes come', async () => {
  const way = linkTo(serve(echo, countTo), peer)
  way.onSend = piece => piece.with(0, 0x7f)
  assert.is(await codeOf(askOne(way.open, echo, { n: 1 })), 'bad-message')
})

test('a message that is too large is refused by who would send it', async () => {
  const handler: Handler<Question, Answer> = async function* () {
    yield { n: 1, bytes: new Uint8Array(200 * 1024) }
  }
  const { open } = linkTo(serve(echo, handler), peer)
  assert.is(await codeOf(askOne(open, echo, { n: 1 })), 'bad-message')
})

test('an answer without a response is bad-message for who needs one', async () => {
  assert.is(await codeOf(askOne(linkTo(serve(echo, countTo), peer).open, echo, { n: 0 })), 'bad-message')
})

test('a caller that gets no answer in time gets timeout', async () => {
  const { open } = linkTo(serve(echo, mute), peer)
  assert.is(await codeOf(askOne(open, hasty, { n: 1 })), 'timeout')
})

test('a handler whose caller falls silent gets timeout', async () => {
  const failed = Promise.withResolvers<BakError>()
  const { open } = linkTo(serve(hasty, double, failed.resolve), peer)
  const exchange = await call(open, echo)
  await exchange.send({ n: 1 })
  assert.is((await failed.promise).code, 'timeout')
  exchange.abort(new Error('over'))
})

/** Waits of these lengths are over at once while `act` runs. */
async function hurried<T>(lengths: number[], act: () => Promise<T>): Promise<T> {
  const { setTimeout: real } = globalThis
  const hasty = (run: () => void, ms?: number) => real(run, lengths.includes(ms as number) ? 50 : ms)
  globalThis.setTimeout = hasty as typeof real
  return act().finally(() => {
    globalThis.setTimeout = real
  })
}

test('a stream on which nothing is said is let go, though the protocol may be silent for ever', async () => {
  const failed = Promise.withResolvers<BakError>()
  const endless = { ...echo, timeout: Number.POSITIVE_INFINITY }
  const { code, message } = await hurried([15_000], async () => {
    await call(linkTo(serve(endless, double, failed.resolve), peer).open, endless)
    return failed.promise
  })
  assert.is(code, 'timeout')
  assert.match(message, /within 15 s/)
})

test('the rest of a message that has begun must come, though the protocol may be silent for ever', async () => {
  const failed = Promise.withResolvers<BakError>()
  const endless = { ...echo, timeout: Number.POSITIVE_INFINITY }
  const way = linkTo(serve(endless, double, failed.resolve), peer)
  const exchange = await call(way.open, endless)
  await exchange.send({ n: 1 })
  await exchange.receive()
  const { code } = await hurried([30_000], async () => {
    way.onSend = piece => piece.subarray(0, piece.length - 1)
    await exchange.send({ n: 2 })
    return failed.promise
  })
  assert.is(code, 'timeout')
})

test('a link that loses everything ends in timeout on both sides', async () => {
  const failed = Promise.withResolvers<BakError>()
  const way = linkTo(serve(hasty, double, failed.resolve), peer)
  way.onSend = () => undefined
  assert.is(await codeOf(askOne(way.open, hasty, { n: 1 })), 'timeout')
  assert.ok(['timeout', 'unreachable'].includes((await failed.promise).code))
})

test('a caller that aborts gets its own reason, and the handler is told', async () => {
  const told = Promise.withResolvers<void>()
  const handler: Handler<Question, Answer> = async function* (_, { signal }) {
    signal.addEventListener('abort', () => told.resolve())
    await told.promise
  }
  const { open } = linkTo(serve(echo, handler), peer)
  const giveUp = new AbortController()
  const asked = askOne(open, echo, { n: 1 }, { signal: giveUp.signal })
  setTimeout(() => giveUp.abort(new BakError('cancelled', 'enough')), 20)
  assert.is(await codeOf(asked), 'cancelled')
  await told.promise
})

test('a stream that breaks is unreachable for the caller, and ends the handler', async () => {
  const failed = Promise.withResolvers<BakError>()
  const way = linkTo(serve(echo, double, failed.resolve), peer)
  const exchange = await call(way.open, echo)
  await exchange.send({ n: 1 })
  await exchange.receive()
  way.streams[0]?.cut()
  assert.is(await codeOf(exchange.receive()), 'unreachable')
  assert.is((await failed.promise).code, 'unreachable')
})

test('a frame that is cut off by the end of the stream is unreachable, not a message', async () => {
  const way = linkTo(serve(echo, countTo), peer)
  way.onAnswer = piece => piece.subarray(0, piece.length - 1)
  assert.is(await codeOf(askOne(way.open, echo, { n: 1 })), 'unreachable')
})

test('a message is read whole, however it is cut up on the way and wherever its bytes lie', async () => {
  const pool = Buffer.alloc(4096, 0xee)
  let at = 100
  const way = linkTo(serve(echo, double), peer, { yamux: true })
  way.onSend = piece => {
    const moved = pool.subarray(at, at + piece.length)
    moved.set(piece)
    at += piece.length
    return moved
  }
  assert.equal(await askOne(way.open, echo, { n: 21 }), { n: 42 })
})

test('a reader that is slower than the writer gets every message, and holds the writer back', async () => {
  const total = 512
  let written = 0
  const flood: Handler<Question, Answer> = async function* () {
    for (; written < total; written++) yield { n: written, bytes: new Uint8Array(64 * 1024) }
  }
  const exchange = await call(linkTo(serve(echo, flood), peer, { yamux: true }).open, echo)
  await exchange.send({ n: 1 })
  assert.is((await exchange.receive())?.n, 0)
  await sleep(200)
  assert.ok(written < total, `${written} messages of 64 KiB were written while one was read`)
  for (let i = 1; i < total; i++) assert.is((await exchange.receive())?.n, i)
  assert.is(await exchange.receive(), undefined)
  await exchange.close()
})

test('a reader that goes on being slower holds the writer back each time it reads on', async () => {
  const total = 1_500
  let written = 0
  const flood: Handler<Question, Answer> = async function* () {
    for (; written < total; written++) yield { n: written, bytes: new Uint8Array(64 * 1024) }
  }
  const narrow = { ...echo, maxFrame: 65 * 1024 }
  const exchange = await call(linkTo(serve(narrow, flood), peer, { yamux: true }).open, narrow)
  await exchange.send({ n: 1 })
  let ahead = 0
  for (let i = 0; i < 50; i++) {
    assert.is((await exchange.receive())?.n, i)
    await sleep(10)
    ahead = Math.max(ahead, written - i)
  }
  assert.ok(ahead < 100, `${ahead} messages of 64 KiB were written ahead`)
  for (let i = 50; i < total; i++) assert.is((await exchange.receive())?.n, i)
  await exchange.close()
})

test('a handler that is slower than its caller gets every message', async () => {
  const sum: Handler<Question, Answer> = async function* (first, { receive }) {
    await sleep(50)
    let n = 0
    for (let next: Question | undefined = first; next !== undefined; next = await receive()) n += next.n
    yield { n }
  }
  const wide = { ...echo, maxFrame: 1024 }
  const exchange = await call(linkTo(serve(wide, sum), peer, { yamux: true }).open, wide)
  for (let i = 0; i < 2000; i++) await exchange.send({ n: 1 })
  await exchange.close()
  assert.equal(await exchange.receive(), { n: 2000 })
})

test.run()
