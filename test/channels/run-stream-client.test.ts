import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunStreamClient, type RunStreamClientInit } from '../../node/channels/run-stream-client.ts'
import { type Envelope, peek, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { ackSubject } from '../../protocols/phase.ts'
import { Queue } from '../../protocols/queue.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { type Handler, type Opener, serve } from '../../protocols/stream.ts'
import { linkTo, stayAwake } from '../helpers/streams.ts'
import { ack, member, run } from '../protocols/samples.ts'

const test = suite('the run stream of a member')
const sleepAgain = stayAwake()
const clients = new Set<RunStreamClient>()
test.after.each(async () => {
  for (const client of clients) await client.stop()
  clients.clear()
})
test.after(sleepAgain)

const ackOf = (seq: number): Envelope => seal(ackSubject, { ...ack, seq }, member)
const isOf = (message: FromMember | undefined, ...acks: Envelope[]) =>
  message?.type === 'acks' &&
  message.sealed.length === acks.length &&
  acks.every((ack, i) => Buffer.compare(message.sealed[i]?.signature as Uint8Array, ack.signature) === 0)

/** A controller that shows what it hears, one list for all streams, and says what it is given. */
function controllerOf(answer?: (opened: number) => BakError | undefined) {
  const heard = new Queue<FromMember>(1_000)
  const streams: Queue<FromController>[] = []
  const handler: Handler<FromMember, FromController> = async function* (first, { receive, signal }) {
    const refusal = answer?.(streams.length)
    const say = new Queue<FromController>()
    streams.push(say)
    signal.addEventListener('abort', () => say.end())
    await heard.put(first)
    if (refusal != null) throw refusal
    const reading = async () => {
      for (let next = await receive(); next !== undefined; next = await receive()) await heard.put(next)
    }
    reading().then(
      () => say.end(),
      () => say.end()
    )
    yield { type: 'lease' }
    for (let next = await say.take(); next !== undefined; next = await say.take()) yield next
  }
  return { heard, streams, way: linkTo(serve(runStreamProtocol, handler), member.peer) }
}

function clientTo(open: Opener, init: Partial<RunStreamClientInit> = {}): RunStreamClient {
  const client = new RunStreamClient({ run, open, ...init })
  clients.add(client)
  client.start()
  return client
}

test('it stays until the controller closes it, so that the last messages arrive, and is not opened again', async () => {
  const { streams, way } = controllerOf()
  const [up, certificates] = [Promise.withResolvers<void>(), [] as Envelope[]]
  const client = clientTo(way.open, { onLease: up.resolve, onCertificate: sealed => certificates.push(sealed) })
  await up.promise
  const last = ackOf(7)
  const finished = client.finish(20_000)
  await streams[0]?.put({ type: 'certificate', sealed: last })
  streams[0]?.end()
  await finished
  assert.equal(certificates, [last])
  assert.ok(client.closed)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.is(streams.length, 1)
})

test('a controller that never closes it is not waited for longer than asked', async () => {
  const { way } = controllerOf()
  const up = Promise.withResolvers<void>()
  const client = clientTo(way.open, { onLease: up.resolve })
  await up.promise
  const began = performance.now()
  await client.finish(100)
  assert.ok(performance.now() - began < 5_000)
  assert.ok(client.closed)
})

test('it names its run first, and then sends each acknowledgement', async () => {
  const { heard, way } = controllerOf()
  const up = Promise.withResolvers<void>()
  const client = clientTo(way.open, { onLease: up.resolve })
  assert.equal(await heard.take(), { type: 'open', run })
  await up.promise
  for (const seq of [1, 2, 3]) {
    const sealed = ackOf(seq)
    client.send([sealed], peek(ackSubject, sealed).seq)
    assert.ok(isOf(await heard.take(), sealed))
  }
  assert.is(way.streams.length, 1)
})

test('an acknowledgement that is there before the stream is open goes out as soon as it is; only the latest counts', async () => {
  const { heard, way } = controllerOf()
  const road = Promise.withResolvers<void>()
  const late: Opener = async (id, options) => {
    await road.promise
    return await way.open(id, options)
  }
  const client = clientTo(late)
  client.send([ackOf(1)], 1)
  const latest = ackOf(2)
  client.send([latest], 2)
  road.resolve()
  assert.is((await heard.take())?.type, 'open')
  assert.ok(isOf(await heard.take(), latest))
})

test('a stream that breaks is opened again, and the latest acknowledgement sent again', async () => {
  const { heard, way } = controllerOf()
  const client = clientTo(way.open)
  const sealed = ackOf(4)
  client.send([sealed], peek(ackSubject, sealed).seq)
  for (let broken = 0; broken < 3; broken++) {
    assert.is((await heard.take())?.type, 'open')
    assert.ok(isOf(await heard.take(), sealed))
    way.streams.at(-1)?.cut()
  }
  assert.is((await heard.take())?.type, 'open')
  assert.is(way.streams.length, 4)
})

test('acknowledgements of many members are sent in messages that fit into a frame, also when the stream is back', async () => {
  const { heard, way } = controllerOf()
  const client = clientTo(way.open)
  assert.is((await heard.take())?.type, 'open')
  const warnings = Array.from({ length: 4 }, () => 'w'.repeat(1_000))
  const acks = Array.from({ length: 100 }, (_, i) => seal(ackSubject, { ...ack, warnings, done: i }, member))
  client.send(acks, 5)
  for (let opened = 1; opened <= 2; opened++) {
    const got: Envelope[] = []
    while (got.length < acks.length) {
      const message = await heard.take()
      if (message?.type === 'acks') got.push(...message.sealed)
    }
    assert.equal(
      got.map(({ signature }) => Buffer.from(signature).toString('hex')),
      acks.map(({ signature }) => Buffer.from(signature).toString('hex'))
    )
    assert.is(way.streams.length, opened)
    way.streams.at(-1)?.cut()
  }
})

test('a stream that breaks is reported once, however often it cannot be opened again', async () => {
  const { heard, way } = controllerOf()
  let tries = 0
  let broken = 0
  clientTo(
    async (id, options) => {
      tries++
      if (tries === 1 || tries === 4) return await way.open(id, options)
      throw new BakError('unreachable', 'no way there')
    },
    { onDown: () => void broken++ }
  )
  await heard.take()
  way.streams[0]?.cut()
  await heard.take()
  assert.equal([tries, broken], [4, 1])
})

test('where it may, it tries again although it was refused, without a word to the run', async () => {
  const { heard, way } = controllerOf(opened => (opened < 2 ? new BakError('no-such-run', 'not yet') : undefined))
  const refused: string[] = []
  clientTo(way.open, { retryRefused: true, onRefused: ({ code }) => refused.push(code) })
  for (let opened = 0; opened < 3; opened++) assert.is((await heard.take())?.type, 'open')
  assert.equal([way.streams.length, refused], [3, []])
})

test('a controller that cannot be reached is tried until it can', async () => {
  const { heard, way } = controllerOf()
  let tries = 0
  clientTo(async (id, options) => {
    if (++tries < 3) throw new BakError('unreachable', 'no way there')
    return await way.open(id, options)
  })
  assert.is((await heard.take())?.type, 'open')
  assert.is(tries, 3)
})

test('leases, contents and refusals are passed on', async () => {
  const { heard, way, streams } = controllerOf()
  const leases = new Queue<number>()
  const refusals = new Queue<string>()
  const contents = new Queue<Uint8Array>()
  clientTo(way.open, {
    onLease: () => void leases.put(1),
    onContent: bytes => void contents.put(bytes),
    onRefused: ({ by, seq, code }) => void refusals.put(`${by} ${seq} ${code}`)
  })
  await heard.take()
  await leases.take()
  await streams[0]?.put({ type: 'refused', by: member.peer, seq: 5, code: 'old-epoch', reason: 'it is over' })
  assert.is(await refusals.take(), `${member.peer} 5 old-epoch`)
  await streams[0]?.put({ type: 'content', bytes: Uint8Array.of(1, 2, 3) })
  assert.equal([...((await contents.take()) ?? [])], [1, 2, 3])
  await streams[0]?.put({ type: 'lease' })
  await leases.take()
})

const patient = () => new AbortController().signal

test("it asks for the controller's clock as soon as the stream is open", async () => {
  const { heard, streams, way } = controllerOf()
  const client = clientTo(way.open)
  const asking = client.clock.ask(patient())
  assert.is((await heard.take())?.type, 'open')
  const question = await heard.take()
  assert.ok(question?.type === 'time')
  const { asked } = question
  await streams[0]?.put({ type: 'time', asked: asked - 1, heard: 1, answered: 1 })
  await streams[0]?.put({ type: 'time', asked, heard: asked + 5_000, answered: asked + 5_000 })
  const { offset, bound, at } = await asking
  assert.ok(bound >= 0 && Math.abs(offset - 5_000) <= bound + 0.01, `${offset} +- ${bound}`)
  assert.ok(at != null && at >= asked + 5_000)
})

test('a question whose stream broke is asked again on the next', async () => {
  const { heard, streams, way } = controllerOf()
  const asking = clientTo(way.open).clock.ask(patient())
  await heard.take()
  const first = await heard.take()
  way.streams[0]?.cut()
  assert.is((await heard.take())?.type, 'open')
  const second = await heard.take()
  assert.ok(first?.type === 'time' && second?.type === 'time' && second.asked > first.asked)
  await streams[1]?.put({ type: 'time', asked: second.asked, heard: second.asked, answered: second.asked })
  assert.ok((await asking).bound < 20_000)
})

test('a clock that does not come is waited for as long as the signal says, and no longer than 30 s', async () => {
  const { heard, way } = controllerOf()
  const client = clientTo(way.open)
  const giveUp = new AbortController()
  const asking = client.clock.ask(giveUp.signal).catch(error => error.message)
  await heard.take()
  await heard.take()
  giveUp.abort(new BakError('cancelled', 'the run is over'))
  assert.is(await asking, 'the run is over')
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const silent = client.clock.ask(patient()).catch(error => `${error.code}: ${error.message}`)
    mock.timers.tick(30_000)
    assert.is(await silent, "timeout: the controller's clock did not come within 30 s")
  } finally {
    mock.timers.reset()
  }
})

for (const code of ['no-such-run', 'not-on-roster'] as const) {
  test(`a controller that answers ${code} is not asked again, and the run hears of it once`, async () => {
    const { way } = controllerOf(() => new BakError(code, 'not here'))
    const refused: string[] = []
    const over = Promise.withResolvers<void>()
    const client = clientTo(way.open, {
      onRefused: refusal => {
        refused.push(`${refusal.seq} ${refusal.code}`)
        over.resolve()
      }
    })
    await over.promise
    await client.stop()
    assert.equal(refused, [`undefined ${code}`])
    assert.is(way.streams.length, 1)
  })
}

test('a controller that answers with another error is asked again', async () => {
  const { heard, way } = controllerOf(opened => (opened === 0 ? new BakError('busy', 'later') : undefined))
  const refused: string[] = []
  clientTo(way.open, { onRefused: ({ code }) => refused.push(code) })
  await heard.take()
  await heard.take()
  assert.is(way.streams.length, 2)
  assert.equal(refused, [])
})

test('a message that is none breaks the stream, and it is opened again', async () => {
  const { heard, way } = controllerOf()
  way.onAnswer = piece => (way.streams.length === 1 ? piece.with(4, 0xff) : piece)
  const up = Promise.withResolvers<void>()
  clientTo(way.open, { onLease: up.resolve })
  await heard.take()
  await heard.take()
  await up.promise
  assert.is(way.streams.length, 2)
})

test('stopping lets the last acknowledgement go out, and opens nothing more', async () => {
  const { heard, way, streams } = controllerOf()
  const up = Promise.withResolvers<void>()
  const client = clientTo(way.open, { onLease: up.resolve })
  await heard.take()
  await up.promise
  const last = ackOf(9)
  client.send([last], 9)
  await client.stop()
  assert.ok(isOf(await heard.take(), last))
  assert.is(await streams[0]?.take(), undefined)
  assert.is(way.streams.length, 1)
})

test('stopping ends the wait between two tries, and the wait for a way there', async () => {
  const tried = Promise.withResolvers<void>()
  const failing = clientTo(async () => {
    tried.resolve()
    throw new BakError('unreachable', 'no way there')
  })
  await tried.promise
  await failing.stop()
  const asked = Promise.withResolvers<void>()
  const waiting = clientTo((_, options) => {
    asked.resolve()
    return new Promise((_resolve, reject) =>
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
    )
  })
  await asked.promise
  await waiting.stop()
})

test('stopping takes no further wait, however long the last tries have failed', async () => {
  const { way } = controllerOf()
  const up = Promise.withResolvers<void>()
  const client = clientTo(way.open, { onLease: up.resolve })
  await up.promise
  let limit: NodeJS.Timeout | undefined
  const tooLong = new Promise<string>(resolve => {
    limit = setTimeout(() => resolve('waits'), 10_000)
  })
  // from here on no timer comes but that one
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    assert.is(await Promise.race([client.stop().then(() => 'stopped'), tooLong]), 'stopped')
  } finally {
    mock.timers.reset()
    clearTimeout(limit)
  }
})

test.run()
