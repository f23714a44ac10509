import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Door, Inbox } from '../../node/channels/run-stream-server.ts'
import { now } from '../../node/clock/clock.ts'
import { createLog } from '../../node/log.ts'
import { OpenPhase } from '../../node/run/open-phase.ts'
import { encode } from '../../protocols/codec.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Ack, ackSubject, commandSubject } from '../../protocols/phase.ts'
import { runStreamProtocol, type FromController, type FromMember } from '../../protocols/run-stream.ts'
import { type Call, call, type Handler, serve } from '../../protocols/stream.ts'
import { newSigner, road, stayAwake } from '../helpers/streams.ts'
import { command, ack as goodAck, member, run } from '../protocols/samples.ts'

const test = suite('inbox')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const stranger = newSigner()

/** An inbox on which one phase of one run is open, for `member`; and a way to it. */
async function inboxOf(door: Partial<Door> = {}) {
  let handler: Handler<FromMember, FromController> | undefined
  const streams = {
    serve: async (_: unknown, each: Handler<FromMember, FromController>) => {
      handler = each
    },
    unserve: async () => {}
  }
  const log: string[] = []
  const inbox = new Inbox({ streams } as never, { log: createLog('info', line => log.push(line)) })
  await inbox.start()
  const counted: string[] = []
  const phase = new OpenPhase({
    command: { ...command, deadline: 0 },
    asked: new Map([[member.peer, 'node-b']]),
    needed: 1,
    cleanup: false,
    grace: 0,
    repeat: false,
    publish: () => {},
    isHere: () => true,
    onAnswer: ({ by }) => counted.push(by)
  })
  const opened: string[] = []
  const closed: string[] = []
  inbox.open(run, {
    admits: peer => peer === member.peer,
    pulse: 60_000,
    onOpen: peer => opened.push(peer),
    onClose: peer => closed.push(peer),
    speaksFor: () => false,
    onAck: ack => phase.answer(ack),
    onAnswers: () => ({ code: 'not-allowed', reason: 'nobody is below it' }),
    ...door
  })
  const errors: string[] = []
  const from = (peer: string) =>
    road(
      serve(runStreamProtocol, handler as Handler<FromMember, FromController>, ({ code }) => errors.push(code)),
      peer
    )
  return { inbox, log, counted, opened, closed, errors, from, handler: handler as Handler<FromMember, FromController> }
}

/** Opens a line to the run as `peer`. */
async function line(way: ReturnType<typeof road>, of = run): Promise<Call<FromMember, FromController>> {
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

test('a member hears at once that the controller is there, and its acknowledgement counts', async () => {
  const { from, counted, opened, log } = await inboxOf()
  const exchange = await line(from(member.peer))
  assert.equal(await exchange.receive(), { type: 'lease' })
  await exchange.send({ type: 'ack', sealed: ackOf() })
  await exchange.close()
  assert.is(await exchange.receive(), undefined)
  assert.equal(counted, [member.peer])
  assert.equal(opened, [member.peer])
  assert.equal(log, [])
})

test('who asks for the time over its line gets it, with what it asked', async () => {
  const { from } = await inboxOf()
  const exchange = await line(from(member.peer))
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

test('a member hears again and again that the controller is there', async () => {
  const { from } = await inboxOf({ pulse: 5 })
  const exchange = await line(from(member.peer))
  for (let i = 0; i < 5; i++) assert.equal(await exchange.receive(), { type: 'lease' })
  await exchange.close()
})

test('who is not on the roster is refused', async () => {
  const { from, errors, opened } = await inboxOf()
  assert.is(await codeOf((await line(from(stranger.peer))).receive()), 'not-on-roster')
  assert.equal(errors, ['not-on-roster'])
  assert.equal(opened, [])
})

test('a run that is not known is refused, and so is one that is over', async () => {
  const { from, inbox } = await inboxOf()
  assert.is(await codeOf((await line(from(member.peer), '20261122T213015-aaaaaa')).receive()), 'no-such-run')
  inbox.close(run)
  assert.is(await codeOf((await line(from(member.peer))).receive()), 'no-such-run')
})

test('a line that is open when the run ends is ended', async () => {
  const { from, inbox } = await inboxOf()
  const exchange = await line(from(member.peer))
  await exchange.receive()
  inbox.close(run)
  assert.is(await exchange.receive(), undefined)
  await exchange.close()
})

test('what the controller says reaches those whose line is open, and it knows which', async () => {
  const { inbox, from } = await inboxOf()
  const told: FromController = { type: 'command', sealed: seal(commandSubject, command, stranger) }
  assert.equal(inbox.tell(run, [member.peer], told), [])
  const exchange = await line(from(member.peer))
  await exchange.receive()
  assert.equal(inbox.tell(run, [stranger.peer, member.peer], told), [member.peer])
  assert.equal(await exchange.receive(), told)
  assert.ok(inbox.isOpen(run, member.peer))
  await exchange.close()
})

test('a line is closed when all has been heard that was said over it', async () => {
  const { inbox, from, counted, closed } = await inboxOf()
  const exchange = await line(from(member.peer))
  await exchange.receive()
  await exchange.send({ type: 'ack', sealed: ackOf() })
  await exchange.close()
  while (inbox.isOpen(run, member.peer)) await new Promise(setImmediate)
  assert.equal([counted, closed], [[member.peer], [member.peer]])
})

test('a newer line of a member ends its older one, and nobody else’s', async () => {
  const { from } = await inboxOf()
  const older = await line(from(member.peer))
  await older.receive()
  const newer = await line(from(member.peer))
  assert.equal(await newer.receive(), { type: 'lease' })
  assert.is(await older.receive(), undefined)
  await newer.close()
})

test('a line that does not begin with its run is refused', async () => {
  const { from, counted } = await inboxOf()
  const exchange = await call(from(member.peer).open, runStreamProtocol)
  await exchange.send({ type: 'ack', sealed: ackOf() })
  assert.is(await codeOf(exchange.receive()), 'bad-message')
  assert.equal(counted, [])
})

const good = ackOf()
const refused: Array<[title: string, sealed: Envelope, code: string, seq: number]> = [
  ['signed by another peer', ackOf({}, stranger), 'not-allowed', 5],
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
  test(`an acknowledgement ${title} is refused as ${code} of ${seq}, logged, and the line stays open`, async () => {
    const { from, counted, log } = await inboxOf()
    const exchange = await line(from(member.peer))
    await exchange.receive()
    await exchange.send({ type: 'ack', sealed })
    const answer = (await exchange.receive()) as Extract<FromController, { type: 'refused' }>
    assert.is(`${answer.type} ${answer.code} ${answer.seq}`, `refused ${code} ${seq}`)
    assert.equal(counted, [])
    assert.match(log.join(''), `run=${run} from=${member.peer} code=${code}`)
    assert.ok(log.join('').length < 2_000, 'a log line of any length')
    await exchange.send({ type: 'ack', sealed: ackOf() })
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
    assert.equal(counted, [member.peer])
  })
}

test('an acknowledgement that comes twice counts once, on the same line and on a new one', async () => {
  const { from, counted, log } = await inboxOf()
  const way = from(member.peer)
  for (let i = 0; i < 2; i++) {
    const exchange = await line(way)
    for (let k = 0; k < 2; k++) await exchange.send({ type: 'ack', sealed: ackOf() })
    await exchange.close()
    assert.equal(await exchange.receive(), { type: 'lease' })
    assert.is(await exchange.receive(), undefined)
  }
  assert.equal(counted, [member.peer])
  assert.equal(log, [])
})

test('a message that is none ends the line, and a new line is as good as the first', async () => {
  const { from, counted } = await inboxOf()
  const way = from(member.peer)
  const broken = await line(way)
  await broken.receive()
  way.onSend = piece => piece.with(4, 0xff)
  await broken.send({ type: 'ack', sealed: ackOf() })
  assert.is(await broken.receive(), undefined)
  way.onSend = undefined
  const exchange = await line(way)
  await exchange.send({ type: 'ack', sealed: ackOf() })
  await exchange.close()
  await exchange.receive()
  assert.is(await exchange.receive(), undefined)
  assert.equal(counted, [member.peer])
})

test('a line that breaks is forgotten without a word to others', async () => {
  const { from, errors, counted } = await inboxOf()
  const way = from(member.peer)
  const first = await line(way)
  await first.receive()
  way.streams[0]?.cut()
  await first.receive().catch(() => {})
  const second = await line(way)
  await second.receive()
  await second.send({ type: 'ack', sealed: ackOf() })
  await second.close()
  assert.is(await second.receive(), undefined)
  assert.equal(counted, [member.peer])
  assert.not.ok(errors.includes('bug'))
})

test('a line that breaks while its member takes nothing is no failure of the daemon', async () => {
  const { handler } = await inboxOf()
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
