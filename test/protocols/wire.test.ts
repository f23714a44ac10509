import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { encode } from '../../protocols/codec.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { answer, type Call, call, type Handler, type Protocol } from '../../protocols/stream.ts'
import { Wire } from '../../protocols/wire.ts'
import { stayAwake } from '../helpers/streams.ts'

const MIB = 2 ** 20
const test = suite('a connection of its own')
const sleepAgain = stayAwake()
const server = createServer()
const sockets: Socket[] = []
test.before(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
test.after(() => {
  sleepAgain()
  for (const socket of sockets) socket.destroy()
  server.close()
})

async function pair(): Promise<[Socket, Socket]> {
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [Socket]
  sockets.push(near, far)
  return [near, far]
}

interface Message {
  n: number
}
const message = v.object({ n: v.number() })
const counts: Protocol<Message, Message> = {
  id: '/bak/counts/1.0.0',
  request: message,
  response: message,
  timeout: 5_000,
  maxFrame: 1024
}

/** Answers each message with its double. */
const double: Handler<Message, Message> = async function* (first, { receive }) {
  for (let next: Message | undefined = first; next !== undefined; next = await receive()) yield { n: 2 * next.n }
}

/** Two ends, of which one is served until it is gone. */
async function between(handler: Handler<Message, Message>, protocol = counts) {
  const [near, far] = await pair()
  const [caller, served] = [new Wire(near), new Wire(far)]
  const errors: BakError[] = []
  let exchanges = 0
  const serving = (async () => {
    while (await served.untilCalled()) {
      exchanges++
      const channel = served.begin(protocol as never)
      await answer(protocol, handler, channel, { peer: 'a', carrier: 'tls' }, error => errors.push(error))
    }
  })()
  const begin = (): Promise<Call<Message, Message>> =>
    call(async () => caller.begin(protocol as never), protocol as Protocol<Message, Message>)
  return { near, far, caller, served, errors, serving, begin, count: () => exchanges }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    cause => asBakError(cause).code
  )

test('one exchange comes after the other, and each hears its own answers', async () => {
  const { begin, caller, count } = await between(double)
  for (let i = 1; i <= 5; i++) {
    const exchange = await begin()
    for (const n of [i, 100 * i]) {
      await exchange.send({ n })
      assert.equal(await exchange.receive(), { n: 2 * n })
    }
    await exchange.close()
    assert.ok(caller.isFree)
  }
  assert.is(count(), 5)
})

test('a second exchange does not begin before the first one is over', async () => {
  const { begin } = await between(double)
  const first = await begin()
  await first.send({ n: 1 })
  await first.receive()
  assert.is(await codeOf(begin()), 'busy')
  await first.close()
  const second = await begin()
  await second.send({ n: 2 })
  assert.equal(await second.receive(), { n: 4 })
})

test('plain bytes come as they are, however they are cut, and what follows them is a message again', async () => {
  const plain = new Uint8Array(300_000).map((_, i) => i % 251)
  const got: Uint8Array[] = []
  const { begin, near } = await between(async function* (first, { receive, receivePlain }) {
    for (let next: Message | undefined = first; next !== undefined; next = await receive()) {
      const into = new Uint8Array(next.n)
      await receivePlain(into)
      got.push(into)
      yield { n: into.length }
    }
  })
  const write = near.write.bind(near) as (piece: Uint8Array) => boolean
  near.write = ((piece: Uint8Array) => {
    for (let at = 0; at < piece.length; at += 7_777) write(piece.subarray(at, at + 7_777))
    return true
  }) as never
  const exchange = await begin()
  for (const length of [0, 1, plain.length]) {
    await exchange.send({ n: length }, plain.subarray(0, length))
    assert.equal(await exchange.receive(), { n: length })
  }
  assert.is(Buffer.compare(got[2] as Uint8Array, plain), 0)
  await exchange.close()
})

test('who sends faster than is read must wait, and nothing is lost', async () => {
  const go = Promise.withResolvers<void>()
  let sum = 0
  const { begin, far } = await between(async function* (first, { receive, receivePlain }) {
    await go.promise
    for (let next: Message | undefined = first; next !== undefined; next = await receive()) {
      const into = new Uint8Array(next.n)
      await receivePlain(into)
      sum += into.length
    }
  })
  const exchange = await begin()
  let sent = 0
  const sending = (async () => {
    for (let i = 0; i < 64; i++) {
      await exchange.send({ n: MIB }, new Uint8Array(MIB))
      sent++
    }
  })()
  while (!far.isPaused()) await sleep(10)
  await sleep(100)
  assert.ok(sent < 32, `${sent} of 64 were taken`)
  go.resolve()
  await sending
  await exchange.close()
  assert.is(sum, 64 * MIB)
})

test('what had to wait and is then read at once lets the sender go on', async () => {
  const [near, far] = await pair()
  const wire = new Wire(far)
  const sent = new Uint8Array(MIB).fill(1)
  near.write(sent)
  for (let tries = 0; !far.isPaused() && tries < 500; tries++) await sleep(10)
  assert.ok(far.isPaused(), 'it holds as much as it may')
  const part = new Uint8Array(64 * 1024)
  let read = 0
  while (wire.fillNow(part)) read += part.length
  assert.ok(read > 0)
  assert.not(far.isPaused())
  assert.ok(await wire.untilCalled(), 'the rest comes without being asked for')
  const rest = new Uint8Array(sent.length - read)
  assert.ok(await wire.fill(rest, AbortSignal.timeout(5_000)))
  assert.ok(rest.every(byte => byte === 1))
  wire.destroy()
})

test('a refusal reaches who called, with its code, while it is still sending, and ends the connection', async () => {
  const { begin, errors, caller, serving } = await between(async function* () {
    yield { n: 1 }
    throw new BakError('no-space', 'no room')
  })
  const exchange = await begin()
  await exchange.send({ n: 1 }, new Uint8Array(100_000))
  exchange.send({ n: 2 }, new Uint8Array(100_000)).catch(() => {})
  assert.equal(await exchange.receive(), { n: 1 })
  assert.is(await codeOf(exchange.receive()), 'no-space')
  assert.is(errors[0]?.code, 'no-space')
  await serving
  while (caller.isOpen) await sleep(5)
})

const nonsense: [string, Uint8Array][] = [
  ['a frame that is too large', Uint8Array.of(0, 0, 255, 255, 1)],
  ['a frame that is no CBOR', Uint8Array.of(0, 0, 0, 2, 0xff, 0xff)],
  ['a message of another protocol', Uint8Array.of(0, 0, 0, 1, 0xa0)]
]
for (const [title, bytes] of nonsense) {
  test(`${title} is bad-message, and ends the connection`, async () => {
    const { near, errors, serving } = await between(double)
    near.write(bytes)
    await serving
    assert.is(errors[0]?.code, 'bad-message')
  })
}

test('a message that breaks off in the middle is unreachable', async () => {
  const { near, errors, serving } = await between(double)
  near.end(Uint8Array.of(0, 0, 0, 100, 1, 2))
  await serving
  assert.is(errors[0]?.code, 'unreachable')
})

test('silence in an exchange ends the connection, silence between two does not', async () => {
  const { begin, errors, serving, caller } = await between(double, { ...counts, timeout: 500 })
  const first = await begin()
  await first.send({ n: 1 })
  await first.receive()
  await first.close()
  await sleep(800)
  assert.ok(caller.isFree)
  const second = await begin()
  await second.send({ n: 1 })
  await serving
  assert.is(errors[0]?.code, 'timeout')
  second.abort(new Error('over'))
})

test('an exchange that is aborted ends the connection on both sides, and the handler hears of it', async () => {
  const heard = Promise.withResolvers<void>()
  const { begin, caller, serving } = await between(async function* (_, { signal }) {
    signal.addEventListener('abort', () => heard.resolve())
    yield { n: 1 }
    await heard.promise
  })
  const exchange = await begin()
  await exchange.send({ n: 1 })
  await exchange.receive()
  exchange.abort(new Error('enough'))
  await heard.promise
  await serving
  assert.not(caller.isOpen)
  assert.is(await codeOf(begin()), 'busy')
})

test('who says more after the end of an exchange loses the connection', async () => {
  const { near, served, serving } = await between(async function* () {})
  near.write(Buffer.concat([Uint8Array.of(0, 0, 0, 4), encode({ n: 1 }), Uint8Array.of(0, 0, 0, 1, 0)]))
  await serving
  assert.not(served.isOpen)
})

test('a connection that is ended brings what was written, and hears no more', async () => {
  const { caller, served, serving } = await between(double)
  caller.end()
  await serving
  assert.equal([caller.isOpen, served.isOpen], [false, false])
})

test.run()
