/** Calls of a member over its run stream: each answered once, whatever the stream does. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunStreamServer } from '../../node/channels/run-stream-server.ts'
import { StreamCalls } from '../../node/channels/stream-calls.ts'
import { createLog } from '../../node/log.ts'
import { type CallAnswer, type CallBody, MAX_CALLS } from '../../protocols/calls.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { call, type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, stayAwake } from '../helpers/streams.ts'
import { member, run, step } from '../protocols/samples.ts'

const test = suite('calls over the run stream')
test.after(stayAwake())

const from = { step, workload: 'load', instance: 1 }
const publish: CallBody = { call: 'publish', name: 'x', value: new Uint8Array() }
const forever = () => new AbortController().signal

/** Calls, with what was sent on each of their streams. */
function callsOf() {
  const calls = new StreamCalls()
  const streams: FromMember[][] = []
  const up = () => {
    const sent: FromMember[] = []
    streams.push(sent)
    calls.up(async message => void sent.push(message))
    return sent
  }
  const sessionOf = (message: FromMember | undefined) => (message as { session: string }).session
  return { calls, up, streams, sessionOf }
}
const numbers = (sent: FromMember[]) => sent.flatMap(message => (message.type === 'call' ? [message.id] : []))

test('what waits when a stream breaks is sent again on the next, with the numbers that it had', async () => {
  const { calls, up, sessionOf } = callsOf()
  const first = up()
  assert.equal(first, [], 'a run without calls says nothing')
  const asked = [1, 2, 3].map(() => calls.ask(from, publish, forever()))
  assert.equal(numbers(first), [0, 1, 2])
  calls.onAnswers({
    type: 'answers',
    session: sessionOf(first[0]),
    answers: [{ id: 1, answer: { status: 0, number: 7 } }]
  })
  assert.equal(await asked[1], { status: 0, number: 7 })
  calls.down()
  const late = calls.ask(from, publish, forever())
  const second = up()
  assert.equal(second[0], { type: 'calls', session: sessionOf(first[0]), open: [0, 2, 3] })
  assert.equal(numbers(second), [0, 2, 3])
  calls.end()
  for (const each of [asked[0], asked[2], late]) assert.is((await each)?.status, 69)
})

test('answers of another session, unknown numbers and second answers change nothing', async () => {
  const { calls, up, sessionOf } = callsOf()
  const sent = up()
  const asked = calls.ask(from, publish, forever())
  const session = sessionOf(sent[0])
  const answer = (id: number, status: CallAnswer['status'], of = session) =>
    calls.onAnswers({ type: 'answers', session: of, answers: [{ id, answer: { status } }] })
  answer(0, 1, 'f'.repeat(16))
  answer(9, 1)
  answer(0, 0)
  answer(0, 75)
  assert.equal(await asked, { status: 0 })
})

test('a call that is given up is taken back, now or on the next stream', async () => {
  const { calls, up, sessionOf } = callsOf()
  const sent = up()
  const [one, two] = [new AbortController(), new AbortController()]
  const asked = [one, two].map(({ signal }) => calls.ask(from, publish, signal))
  one.abort()
  assert.is((await asked[0])?.status, 69)
  assert.equal(sent.at(-1), { type: 'calls', session: sessionOf(sent[0]), open: [1] })
  calls.down()
  two.abort()
  assert.equal(up(), [{ type: 'calls', session: sessionOf(sent[0]), open: [] }])
})

test('calls that wait are bounded; that an instance has ended is told in any case', async () => {
  const { calls, up } = callsOf()
  const sent = up()
  for (let i = 0; i < MAX_CALLS; i++) void calls.ask(from, publish, forever())
  assert.is((await calls.ask(from, publish, forever())).status, 75)
  void calls.ask(from, { call: 'end' }, forever())
  assert.is(numbers(sent).length, MAX_CALLS + 1)
})

test('whatever breaks, the controller hears every call, and each is answered once', async () => {
  const step = fc.constantFrom('ask', 'ask', 'break', 'answer')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { calls, up, sessionOf } = callsOf()
      let sent = up()
      const heard = new Set<number>()
      const asked: Promise<CallAnswer>[] = []
      const answerAll = () => {
        for (const id of numbers(sent)) {
          heard.add(id)
          calls.onAnswers({
            type: 'answers',
            session: sessionOf(sent.at(-1)),
            answers: [{ id, answer: { status: 0, number: id } }]
          })
        }
      }
      for (const each of steps) {
        if (each === 'ask') asked.push(calls.ask(from, publish, forever()))
        if (each === 'answer') answerAll()
        if (each !== 'break') continue
        calls.down()
        sent = up()
      }
      answerAll()
      const answers = await Promise.all(asked)
      assert.equal(
        answers.map(({ number }) => number),
        asked.map((_, i) => i)
      )
      assert.is(heard.size, asked.length)
    })
  )
})

/** A controller whose collectives are not there, or do nothing. */
async function controllerOf(stalls: boolean) {
  let handler: Handler<FromMember, FromController> | undefined
  const serving = {
    serve: async (_: unknown, each: Handler<FromMember, FromController>) => {
      handler = each
    }
  }
  const server = new RunStreamServer({ streams: serving } as never, { log: createLog('error', () => {}) })
  await server.start()
  server.open(run, { admits: () => true, leaseIntervalMs: 60_000, onAcks: () => {} })
  const came: string[] = []
  if (stalls) server.serveCalls(run, (peer, message) => came.push(`${peer === member.peer} ${message.type}`))
  const errors: string[] = []
  const serving2 = serve(runStreamProtocol, handler as Handler<FromMember, FromController>, ({ code }) =>
    errors.push(code)
  )
  const exchange = await call(linkTo(serving2, member.peer).open, runStreamProtocol, {
    signal: AbortSignal.timeout(20_000)
  })
  await exchange.send({ type: 'open', run })
  assert.equal(await exchange.receive(), { type: 'lease' })
  return { server, exchange, came, errors }
}
const message = { type: 'call' as const, session: '0'.repeat(16), id: 0, from, body: publish }

test('a controller that expects no calls says so', async () => {
  const { exchange } = await controllerOf(false)
  await exchange.send(message)
  const answer = await exchange.receive()
  assert.ok(answer?.type === 'answers' && answer.answers[0]?.answer.status === 69)
  await exchange.close()
})

test('a controller that stalls holds up nothing else on the stream', async () => {
  const { exchange, came } = await controllerOf(true)
  await exchange.send(message)
  await exchange.send({ type: 'time', asked: 5 })
  assert.is((await exchange.receive())?.type, 'time')
  assert.equal(came, ['true call'])
  await exchange.close()
})

for (const [what, change] of [
  ['a value that is too long', { body: { ...publish, value: new Uint8Array(65_537) } }],
  ['no such call', { body: { call: 'shout', name: 'x' } }],
  ['a name that is none', { body: { ...publish, name: '../x' } }],
  ['another session than there can be', { session: 'x' }],
  ['a number that is none', { id: -1 }]
] as const) {
  test(`a call with ${what} is a bad message, and ends the stream`, async () => {
    const { exchange, came, errors } = await controllerOf(true)
    await exchange.send({ ...message, ...change } as never)
    while (errors.length === 0 && (await exchange.receive().catch(() => undefined)) != null);
    assert.equal(came, [])
  })
}

test('what is for a member that is gone is not kept', async () => {
  const { server, exchange } = await controllerOf(true)
  const answers: FromController = { type: 'answers', session: '0'.repeat(16), answers: [] }
  assert.ok(await server.deliver(run, member.peer, answers))
  assert.not(await server.deliver(run, 'nobody', answers))
  exchange.abort(new Error('gone'))
  while (server.isOpen(run, member.peer)) await new Promise(setImmediate)
  assert.not(await server.deliver(run, member.peer, answers))
})

test.run()
