/** What a member's clients measured on its way to the controller: in order, each block counted once, whatever the streams do. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SamplesUplink } from '../../../node/work/tasks/samples-uplink.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Handler, type Opener, serve } from '../../../protocols/stream.ts'
import { type FromLoader, loadStreamProtocol, type ToLoader } from '../../../protocols/tasks/load-stream.ts'
import { BYTES_A_SAMPLE, MAX_BLOCK_SAMPLES, MAX_ERROR_KINDS } from '../../../protocols/tasks/sample-block.ts'
import { linkTo, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { member, run, step } from '../../protocols/samples.ts'

const test = suite('the uplink of samples')
test.after(stayAwake())

/** A controller that counts each number of a session once, and says so after each `every` blocks. */
class Taker {
  readonly taken: number[] = []
  readonly statuses: number[] = []
  readonly failures: string[] = []
  sessions = new Set<string>()
  streams = 0
  every = 1
  refuses: BakError | undefined
  /** It reads nothing while this is set. */
  stalls: Promise<void> | undefined
  #last = 0

  readonly handler: Handler<FromLoader, ToLoader> = (first, { receive }) => this.#serve(first, receive)

  async *#serve(first: FromLoader, receive: () => Promise<FromLoader | undefined>): AsyncGenerator<ToLoader> {
    if (this.refuses != null) throw this.refuses
    if (first.type !== 'open') throw new BakError('bad-message', 'no run')
    this.sessions.add(first.session)
    this.streams++
    yield { type: 'taken', seq: this.#last }
    for (let next = await receive(); next !== undefined; next = await receive()) {
      await this.stalls
      if (next.type === 'status') this.statuses.push(next.lag)
      if (next.type === 'failed') this.failures.push(next.reason)
      if (next.type !== 'samples' || next.seq <= this.#last) continue
      if (next.seq !== this.#last + 1) throw new BakError('bad-message', `block ${next.seq} behind ${this.#last}`)
      this.#last = next.seq
      this.taken.push(next.samples)
      if (this.#last % this.every === 0) yield { type: 'taken', seq: this.#last }
    }
  }
}

const linkOf = (taker: Taker) => linkTo(serve(loadStreamProtocol, taker.handler), member.peer)

function uplinkTo(open: Opener, most?: number) {
  const counted: number[] = []
  const uplink = new SamplesUplink<number>({ run, step, open, most, onTaken: each => void counted.push(each) })
  uplink.start()
  return { uplink, counted }
}

const block = (samples: number, bytes = 8) => ({
  ...{ type: 'samples' as const, element: 1, task: 't', samples, columns: new Uint8Array(bytes), kinds: [] },
  unit: 'ops'
})
const numbers = (most: number) => Array.from({ length: most }, (_, i) => i + 1)
const soon = () => AbortSignal.timeout(20_000)
const status = (lag: number) => ({ element: 1, workers: 1, busy: 0, lag, tasks: [] })

test('blocks come in their order, and each is told to be taken', async () => {
  const taker = new Taker()
  const { uplink, counted } = uplinkTo(linkOf(taker).open)
  for (const each of numbers(40)) assert.ok(uplink.put(block(each), each))
  await uplink.drain(soon())
  assert.equal(taker.taken, numbers(40))
  assert.equal(counted, numbers(40))
  assert.is(uplink.waiting, 0)
  await uplink.stop()
})

test('a member that drives the run itself brings them without a stream', async () => {
  const taker = new Taker()
  const open = Object.assign(
    async () => {
      throw new Error('no stream is needed')
    },
    { local: () => ({ handler: taker.handler as Handler<never, unknown>, peer: member.peer }) }
  )
  const { uplink, counted } = uplinkTo(open)
  for (const each of numbers(100)) uplink.put(block(each), each)
  await uplink.drain(soon())
  assert.equal(counted, numbers(100))
  await uplink.stop()
})

test('what was sent and not taken when a stream broke is sent again, and counted once', async () => {
  const taker = new Taker()
  taker.every = 1_000
  const link = linkOf(taker)
  const { uplink, counted } = uplinkTo(link.open)
  for (const each of numbers(10)) uplink.put(block(each), each)
  await until(() => taker.taken.length === 10)
  assert.equal(counted, [], 'it has not heard that they were taken')
  link.streams[0]?.cut()
  await uplink.drain(soon())
  assert.equal(counted, numbers(10))
  assert.equal(taker.taken, numbers(10))
  assert.is(taker.sessions.size, 1)
  assert.is(taker.streams, 2)
  await uplink.stop()
})

test('whatever is cut when, all is taken once and in order, and counts agree', async () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.constant('put' as const) },
    { weight: 1, arbitrary: fc.constant('cut' as const) },
    { weight: 2, arbitrary: fc.constant('turn' as const) }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (acts, every) => {
      const taker = new Taker()
      taker.every = every
      const link = linkOf(taker)
      const { uplink, counted } = uplinkTo(link.open)
      let put = 0
      for (const each of acts) {
        if (each === 'put') assert.ok(uplink.put(block(++put), put))
        if (each === 'cut') link.streams.at(-1)?.cut()
        if (each === 'turn') await new Promise(setImmediate)
      }
      await until(() => taker.taken.length === put, { what: () => `${taker.taken.length} of ${put}` })
      taker.every = 1
      if (uplink.waiting > 0) {
        assert.ok(uplink.put(block(++put), put))
        await uplink.drain(soon())
      }
      assert.equal(taker.taken, numbers(put))
      assert.equal(counted, numbers(put))
      await uplink.stop()
    }),
    { numRuns: 40 }
  )
})

test('a controller that takes nothing is waited for up to a bound, beyond which there is no room', async () => {
  const taker = new Taker()
  const { promise, resolve } = Promise.withResolvers<void>()
  taker.stalls = promise
  const { uplink, counted } = uplinkTo(linkOf(taker).open, 10_000)
  let put = 0
  while (put < 1_000 && uplink.put(block(put + 1, 744), put + 1)) put++
  assert.is(put, 10, 'a thousand bytes each')
  const waited = await uplink.drain(AbortSignal.timeout(50)).catch(error => error)
  assert.is((waited as BakError).code, 'timeout')
  taker.stalls = undefined
  resolve()
  await uplink.drain(soon())
  assert.equal(counted, numbers(10))
  assert.ok(uplink.put(block(11), 11), 'there is room again')
  await uplink.stop()
})

test('status is told on a stream that is open, and never twice; a failure on each until the end', async () => {
  const taker = new Taker()
  const link = linkOf(taker)
  const { uplink } = uplinkTo(link.open)
  uplink.tell(status(1))
  uplink.put(block(1), 1)
  await uplink.drain(soon())
  uplink.tell(status(2))
  uplink.fail(1, 'the target is gone')
  uplink.fail(1, 'the target is gone')
  await until(() => taker.failures.length === 1)
  uplink.put(block(1), 1)
  await uplink.drain(soon())
  link.streams[0]?.cut()
  await until(() => taker.failures.length === 2)
  assert.equal(taker.statuses, [2])
  assert.equal(taker.failures, ['the target is gone', 'the target is gone'])
  await uplink.stop()
})

test('a controller that does not know the run any more is not asked again', async () => {
  const taker = new Taker()
  taker.refuses = new BakError('no-such-run', 'the run is over')
  const link = linkOf(taker)
  const { uplink, counted } = uplinkTo(link.open)
  uplink.put(block(1), 1)
  const why = await uplink.drain(soon()).catch(error => error)
  assert.is((why as BakError).code, 'no-such-run')
  assert.equal(counted, [])
  assert.is(link.streams.length, 1)
  await uplink.stop()
})

test('what the controller finds fault with again and again is given up, and said', async () => {
  let streams = 0
  const handler: Handler<FromLoader, ToLoader> = async function* (_, { receive }) {
    streams++
    yield { type: 'taken', seq: 0 }
    await receive()
    throw new BakError('bad-message', 'a block of another task')
  }
  const refused: string[] = []
  const { open } = linkTo(serve(loadStreamProtocol, handler), member.peer)
  const uplink = new SamplesUplink<number>({
    ...{ run, step, open, onTaken: () => {} },
    onRefused: ({ message }) => refused.push(message)
  })
  uplink.start()
  uplink.put(block(1), 1)
  assert.is((await uplink.drain(soon()).catch(error => error)).code, 'bad-message')
  assert.equal(refused, ['a block of another task'])
  assert.is(streams, 5)
  await uplink.stop()
})

test('a block with as many samples as there can be is one frame', async () => {
  const taker = new Taker()
  const { uplink, counted } = uplinkTo(linkOf(taker).open)
  const kinds = Array.from({ length: MAX_ERROR_KINDS }, (_, i) => `${i} ${'x'.repeat(1_000)}`)
  uplink.put({ ...block(MAX_BLOCK_SAMPLES, MAX_BLOCK_SAMPLES * BYTES_A_SAMPLE), kinds }, 7)
  await uplink.drain(soon())
  assert.equal(counted, [7])
  await uplink.stop()
})

test('a controller that says that it took what was never sent, or forgot what it took, is not believed', async () => {
  for (const said of [[0, 9], [9], [0, 1, 0]]) {
    const left = [...said]
    const handler: Handler<FromLoader, ToLoader> = async function* (_, { receive }) {
      for (let next = left.shift(); next != null; next = left.shift()) {
        yield { type: 'taken', seq: next }
        await receive()
      }
    }
    const link = linkTo(serve(loadStreamProtocol, handler), member.peer)
    const { uplink, counted } = uplinkTo(link.open)
    uplink.put(block(1), 1)
    if (said.length < 3) {
      await until(() => left.length === 0)
      assert.equal(counted, [])
    } else {
      await until(() => counted.length === 1)
      uplink.put(block(2), 2)
      link.streams[0]?.cut()
      assert.is((await uplink.drain(soon()).catch(error => error)).code, 'damaged')
      assert.equal(counted, [1])
    }
    await uplink.stop()
  }
})

test('an uplink whose controller has said nothing yet can be stopped, and whoever waits hears it', async () => {
  const handler: Handler<FromLoader, ToLoader> = async function* (_, { receive }) {
    await receive()
    yield { type: 'taken', seq: 0 }
  }
  const { uplink } = uplinkTo(linkTo(serve(loadStreamProtocol, handler), member.peer).open)
  uplink.put(block(1), 1)
  const waits = uplink.drain(soon()).catch(error => error)
  await new Promise(resolve => setTimeout(resolve, 20))
  await uplink.stop()
  assert.is((await waits).code, 'interrupted')
})

test('it can be stopped while a controller on this machine reads nothing', async () => {
  const taker = new Taker()
  const { promise, resolve } = Promise.withResolvers<void>()
  taker.stalls = promise
  const open = Object.assign(async () => Promise.reject(new Error('none')), {
    local: () => ({ handler: taker.handler as Handler<never, unknown>, peer: member.peer })
  })
  const { uplink } = uplinkTo(open)
  for (const each of numbers(60)) uplink.put(block(each), each)
  await until(() => taker.streams === 1)
  await uplink.stop()
  resolve()
})

test.run()
