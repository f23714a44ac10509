/** Output on a stream: as fast as it is taken, with an end that is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BakError } from '../../protocols/errors.ts'
import { memberOutputProtocol, type OutputMark, type OutputPortion } from '../../protocols/output.ts'
import { answerOutput, askOutput, wholeOutput } from '../../protocols/output-exchange.ts'
import { call, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { run } from '../protocols/samples.ts'

const test = suite('output on a stream')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const { peer } = newSigner()
const portion = (text: string): OutputPortion => ({ path: 'x', member: 'a', stream: 'stdout', text })
const link = (give: () => AsyncIterable<OutputPortion | OutputMark>) =>
  linkTo(serve(memberOutputProtocol, answerOutput(give)), peer, { yamux: true })
const asked = (way: ReturnType<typeof linkTo>, signal = AbortSignal.timeout(20_000)) =>
  askOutput(way.open, memberOutputProtocol, { run }, { signal })
const codeOf = (work: Promise<unknown>) => work.then(() => 'ok').catch(({ code }) => code)

test('comes whole and in order', async () => {
  const way = link(async function* () {
    for (let i = 0; i < 100; i++) yield portion(String(i).padEnd(50_000))
    yield { end: true }
  })
  const texts = (await Array.fromAsync(asked(way))).map(each => ('text' in each ? Number(each.text) : -1))
  assert.equal(texts, [...Array(100).keys()])
})

test('waits for a reader that takes nothing, after less than a megabyte', async () => {
  let sent = 0
  const way = link(async function* () {
    for (;;) {
      yield portion('x'.repeat(50_000))
      sent += 50_000
    }
  })
  const reader = asked(way)
  await reader.next()
  await sleep(300)
  const first = sent
  assert.ok(first < 700_000, `${first} bytes`)
  for (let i = 0; i < 40; i++) await reader.next()
  await sleep(300)
  assert.ok(sent > first && sent < first + 40 * 50_000 + 200_000, `${sent} bytes`)
  await reader.return(undefined)
})

test('that ends without its last word broke', async () => {
  const way = link(async function* () {
    yield portion('x')
  })
  assert.is(await codeOf(Array.fromAsync(asked(way))), 'unreachable')
  const cut = link(async function* () {
    yield portion('x')
    await sleep(60_000, undefined, { ref: false })
  })
  const reader = asked(cut)
  await reader.next()
  cut.streams[0]?.cut()
  assert.is(await codeOf(reader.next()), 'unreachable')
  const error = await Array.fromAsync(wholeOutput((async function* (): AsyncGenerator<OutputMark> {})())).catch(
    each => each
  )
  assert.is(error.code, 'unreachable')
})

test('ends with the error of the other side, and with the signal of this one', async () => {
  const refusing = link(async function* () {
    yield portion('x')
    throw new BakError('not-allowed', 'no')
  })
  assert.is(await codeOf(Array.fromAsync(asked(refusing))), 'not-allowed')
  const leaving = new AbortController()
  const silent = link(async function* () {
    await sleep(60_000, undefined, { ref: false })
  })
  const next = codeOf(asked(silent, leaving.signal).next())
  await sleep(50)
  leaving.abort(new BakError('interrupted', 'gone'))
  assert.is(await next, 'interrupted')
})

test('that is asked for by nothing but more is a bad message', async () => {
  const way = link(async function* () {})
  const exchange = await call(way.open, memberOutputProtocol)
  await exchange.send({ more: true })
  assert.is(await codeOf(exchange.receive()), 'bad-message')
})

test.run()
