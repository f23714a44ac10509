import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type RunStreamHandlers, RunStreamServer } from '../../node/channels/run-stream-server.ts'
import { createLog } from '../../node/log.ts'
import { now } from '../../node/now.ts'
import { PhaseRunner } from '../../node/run/phase-runner.ts'
import { encode } from '../../protocols/codec.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Ack, ackSubject, certificateSubject, commandSubject } from '../../protocols/phase.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { type Call, call, type Handler, serve } from '../../protocols/stream.ts'
import { fakeRun } from '../helpers/run.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { certificate, ack as goodAck, member, run, step } from '../protocols/samples.ts'

const test = suite('run streams at the controller')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const stranger = newSigner()

const runners = new Set<PhaseRunner>()
test.after.each(() => {
  for (const runner of runners) runner.open?.close()
  runners.clear()
})

/** The phase of `goodAck` is open, for `member` and another, who never answers. */
async function openPhase() {
  const { run: context, stored } = await fakeRun({ joined: false })
  context.candidates = [member, newSigner()].map(({ peer }, i) => ({ peer, name: `m${i}`, tools: [] }))
  context.subject = { digest: goodAck.subject, bytes: new Uint8Array() }
  for (const each of goodAck.produced ?? []) context.announcements.received(member.peer, each)
  const runner = new PhaseRunner(context, { seq: goodAck.seq - 1 })
  runners.add(runner)
  const at = { phase: goodAck.phase, step, who: 'members', deadline: 0, grace: 0 } as const
  void runner.run(at, { cleanup: true, onAnswers: () => {} })
  const counted = () => stored.flatMap(event => (event.type === 'ack' ? [event.peer] : []))
  return { runner, counted }
}

/** A server on which one phase of one run is open, for `member`; and how to open streams to it. */
async function serverOf(change: Partial<RunStreamHandlers> = {}) {
  let handler: Handler<FromMember, FromController> | undefined
  const streams = {
    serve: async (_: unknown, each: Handler<FromMember, FromController>) => {
      handler = each
    }
  }
  const log: string[] = []
  const server = new RunStreamServer({ streams } as never, { log: createLog('info', line => log.push(line)) })
  await server.start()
  const { runner, counted } = await openPhase()
  const opened: string[] = []
  const closed: string[] = []
  server.open(run, {
    admits: peer => peer === member.peer,
    leaseIntervalMs: 60_000,
    onOpen: peer => opened.push(peer),
    onClose: peer => closed.push(peer),
    onAcks: (_, acks) => runner.receive(acks),
    ...change
  })
  const errors: string[] = []
  const from = (peer: string) =>
    linkTo(
      serve(runStreamProtocol, handler as Handler<FromMember, FromController>, ({ code }) => errors.push(code)),
      peer
    )
  return { server, log, counted, opened, closed, errors, from, handler: handler as Handler<FromMember, FromController> }
}

/** Opens a run stream. */
async function stream(way: ReturnType<typeof linkTo>, of = run): Promise<Call<FromMember, FromController>> {
  const exchange = await call(way.open, runStreamProtocol, { signal: AbortSignal.timeout(20_000) })
  await exchange.send({ type: 'open', run: of })
  return exchange
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    value => `got ${JSON.stringify(value)}`,
    error => error.code
  )
}

const ackOf = (change: Partial<Ack> = {}, signer: Signer = member): Envelope =>
  seal(ackSubject, { ...goodAck, ...change }, signer)

test('a member hears at once that the controller is alive, and its acknowledgement counts', async () => {
  const { from, counted, opened, log } = await serverOf()
  const exchange = await stream(from(member.peer))
  assert.equal(await exchange.receive(), { type: 'lease' })
  await exchange.send({ type: 'acks', sealed: [ackOf()] })
  await exchange.close()
  assert.is(await exchange.receive(), undefined)
  assert.equal(counted(), [member.peer])
  assert.equal(opened, [member.peer])
  assert.equal(log, [])
})

test('a member that asks for the clock on its stream gets it, with what it asked', async () => {
  const { from } = await serverOf()
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  for (const asked of [5, 6]) {
    const before = now()
    await exchange.send({ type: 'time', asked })
    const answer = await exchange.receive()
    assert.ok(answer?.type === 'time' && answer.asked === asked)
    assert.ok(before <= answer.heard && answer.heard <= answer.answered && answer.answered <= now())
  }
  await exchange.close()
})

test('a member hears again and again that the controller is alive', async () => {
  const { from } = await serverOf({ leaseIntervalMs: 5 })
  const exchange = await stream(from(member.peer))
  for (let i = 0; i < 5; i++) assert.equal(await exchange.receive(), { type: 'lease' })
  await exchange.close()
})

test('a peer that is not on the roster is refused', async () => {
  const { from, errors, opened } = await serverOf()
  assert.is(await codeOf((await stream(from(stranger.peer))).receive()), 'not-on-roster')
  assert.equal(errors, ['not-on-roster'])
  assert.equal(opened, [])
})

test('a stream that opens gets the greeting of its run before anything else is sent', async () => {
  const greeting: FromController = { type: 'content', bytes: Uint8Array.of(1, 2, 3) }
  const { from, server } = await serverOf({ greeting: () => [greeting] })
  const exchange = await stream(from(member.peer))
  assert.equal(await exchange.receive(), { type: 'lease' })
  assert.equal(await exchange.receive(), greeting)
  while (!server.isOpen(run, member.peer)) await new Promise(setImmediate)
  await exchange.close()
})

test('a batch of many is handled in portions, each acknowledgement once, with the refusals of all', async () => {
  const portions: number[] = []
  const { from } = await serverOf({
    onAcks: (_, acks) => {
      portions.push(acks.length)
      return acks.map(({ by }) => ({ by, seq: 5, code: 'phase-closed' as const, reason: 'it is over' }))
    }
  })
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  await exchange.send({ type: 'acks', sealed: Array.from({ length: 40 }, () => ackOf()) })
  for (let i = 0; i < 40; i++) assert.is((await exchange.receive())?.type, 'refused')
  assert.equal(portions, [16, 16, 8])
  await exchange.close()
})

test('questions about the clock are answered with the clock of the run', async () => {
  const { from } = await serverOf({ now: () => 17 })
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  await exchange.send({ type: 'time', asked: 5 })
  assert.equal(await exchange.receive(), { type: 'time', asked: 5, heard: 17, answered: 17 })
  await exchange.close()
})

test('a run that is not known is refused, and so is one that is over', async () => {
  const { from, server } = await serverOf()
  assert.is(await codeOf((await stream(from(member.peer), '20261122T213015-aaaaaa')).receive()), 'no-such-run')
  server.close(run)
  assert.is(await codeOf((await stream(from(member.peer))).receive()), 'no-such-run')
})

test('a stream that is open when the run ends is ended', async () => {
  const { from, server } = await serverOf()
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  server.close(run)
  assert.is(await exchange.receive(), undefined)
  await exchange.close()
})

test('what the controller sends reaches those whose stream is open, and it knows which', async () => {
  const { server, from } = await serverOf()
  const message: FromController = { type: 'certificate', sealed: seal(certificateSubject, certificate, stranger) }
  assert.equal(server.send(run, [member.peer], message), [])
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  assert.equal(server.send(run, [stranger.peer, member.peer], message), [member.peer])
  assert.equal(await exchange.receive(), message)
  assert.ok(server.isOpen(run, member.peer))
  await exchange.close()
})

test('a stream is closed when all that was sent on it has been handled', async () => {
  const { server, from, counted, closed } = await serverOf()
  const exchange = await stream(from(member.peer))
  await exchange.receive()
  await exchange.send({ type: 'acks', sealed: [ackOf()] })
  await exchange.close()
  while (server.isOpen(run, member.peer)) await new Promise(setImmediate)
  assert.equal([counted(), closed], [[member.peer], [member.peer]])
})

test('a newer stream of a member ends its older one, and nobody else’s', async () => {
  const { from } = await serverOf()
  const older = await stream(from(member.peer))
  await older.receive()
  const newer = await stream(from(member.peer))
  assert.equal(await newer.receive(), { type: 'lease' })
  assert.is(await older.receive(), undefined)
  await newer.close()
})

test('a stream that does not begin with its run is refused', async () => {
  const { from, counted } = await serverOf()
  const exchange = await call(from(member.peer).open, runStreamProtocol)
  await exchange.send({ type: 'acks', sealed: [ackOf()] })
  assert.is(await codeOf(exchange.receive()), 'bad-message')
  assert.equal(counted(), [])
})

const good = ackOf()
const refused: Array<[title: string, sealed: Envelope, code: string, seq: number]> = [
  ['signed by a peer that is not on the roster', ackOf({}, stranger), 'not-on-roster', 5],
  ['in the name of another peer', { ...ackOf({}, stranger), by: member.peer }, 'bad-signature', 0],
  [
    'with a broken signature',
    { ...good, signature: good.signature.with(7, (good.signature[7] as number) ^ 1) },
    'bad-signature',
    0
  ],
  ['with an altered body', { ...good, body: encode({ ...goodAck, outcome: 'failed' }) }, 'bad-signature', 0],
  [
    'that is signed as something else',
    seal({ ...commandSubject, schema: ackSubject.schema as never }, goodAck as never, member),
    'bad-signature',
    0
  ],
  ['that is none', seal(ackSubject, { ...goodAck, outcome: 'perhaps' } as never, member), 'bad-message', 0],
  [
    'that is none at great length',
    seal(ackSubject, { ...goodAck, outcome: 'x'.repeat(100_000) } as never, member),
    'bad-message',
    0
  ],
  ['for another manifest', ackOf({ subject: 'f'.repeat(64) }), 'wrong-manifest', 5],
  ['of an old epoch', ackOf({ epoch: 0 }), 'old-epoch', 5],
  ['of a phase that is over', ackOf({ seq: 4 }), 'phase-closed', 4],
  ['of a phase to come', ackOf({ seq: 6 }), 'phase-closed', 6],
  ['of another phase under the same number', ackOf({ phase: 'stop' }), 'phase-closed', 5],
  ['of another run', ackOf({ run: '20261122T213015-aaaaaa' }), 'phase-closed', 5]
]
for (const [title, sealed, code, seq] of refused) {
  test(`an acknowledgement ${title} is refused as ${code} of ${seq}, logged, and the stream stays open`, async () => {
    const { from, counted, log } = await serverOf()
    const exchange = await stream(from(member.peer))
    await exchange.receive()
    await exchange.send({ type: 'acks', sealed: [sealed] })
    const answer = (await exchange.receive()) as Extract<FromController, { type: 'refused' }>
    assert.is(`${answer.type} ${answer.by} ${answer.code} ${answer.seq}`, `refused ${sealed.by} ${code} ${seq}`)
    assert.equal(counted(), [])
    assert.match(log.join(''), `run=${run} from=${member.peer} code=${code} by=${sealed.by}`)
    assert.ok(log.join('').length < 2_000, 'a log line of any length')
    await exchange.send({ type: 'acks', sealed: [ackOf()] })
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
    // what cannot be read is the member's own word: it is excluded, and its later answers do not count
    assert.equal(counted(), code === 'bad-message' ? [] : [member.peer])
  })
}

test('an acknowledgement that comes twice counts once, on the same stream and on a new one', async () => {
  const { from, counted, log } = await serverOf()
  const way = from(member.peer)
  for (let i = 0; i < 2; i++) {
    const exchange = await stream(way)
    for (let k = 0; k < 2; k++) await exchange.send({ type: 'acks', sealed: [ackOf()] })
    await exchange.close()
    assert.equal(await exchange.receive(), { type: 'lease' })
    assert.is(await exchange.receive(), undefined)
  }
  assert.equal(counted(), [member.peer])
  assert.equal(log, [])
})

test('a message that is none ends the stream, and a new stream is as good as the first', async () => {
  const { from, counted } = await serverOf()
  const way = from(member.peer)
  const broken = await stream(way)
  await broken.receive()
  way.onSend = piece => piece.with(4, 0xff)
  await broken.send({ type: 'acks', sealed: [ackOf()] })
  assert.is(await broken.receive(), undefined)
  way.onSend = undefined
  const exchange = await stream(way)
  await exchange.send({ type: 'acks', sealed: [ackOf()] })
  await exchange.close()
  await exchange.receive()
  assert.is(await exchange.receive(), undefined)
  assert.equal(counted(), [member.peer])
})

test('a stream that breaks is forgotten and troubles no other', async () => {
  const { from, errors, counted } = await serverOf()
  const way = from(member.peer)
  const first = await stream(way)
  await first.receive()
  way.streams[0]?.cut()
  await first.receive().catch(() => {})
  const second = await stream(way)
  await second.receive()
  await second.send({ type: 'acks', sealed: [ackOf()] })
  await second.close()
  assert.is(await second.receive(), undefined)
  assert.equal(counted(), [member.peer])
  assert.not.ok(errors.includes('bug'))
})

test('a stream that breaks while its member reads nothing is no failure of the daemon', async () => {
  const { handler } = await serverOf()
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    const broken = Promise.withResolvers<FromMember>()
    const gone = new AbortController()
    const answers = handler(
      { type: 'open', run },
      { peer: member.peer, signal: gone.signal, receive: () => broken.promise, receivePlain: async () => {} }
    )
    const iterator = answers[Symbol.asyncIterator]()
    assert.equal((await iterator.next()).value, { type: 'lease' })
    broken.reject(new BakError('unreachable', 'the stream broke'))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    await iterator.return?.()
    assert.equal(unhandled, [])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test.run()
