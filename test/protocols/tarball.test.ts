import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openInbox } from '../../node/store/inbox.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { unpack } from '../../node/store/unpack.ts'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { envelope, open as openEnvelope, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Call, call, type Protocol, serve } from '../../protocols/stream.ts'
import {
  type Admission,
  MAX_SMALL_BYTES,
  MAX_WINDOW_PORTIONS,
  Pace,
  PORTION_BYTES,
  type ReceiveInit,
  receiptSubject,
  receiveTarball,
  type SendOptions,
  type Sent,
  type Sink,
  Slots,
  type Source,
  sendTarball,
  type TarballOffer,
  type ToReceiver,
  type ToSender,
  tarballProtocol
} from '../../protocols/tarball.ts'
import { type LinkConditions, linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { codeOf, listAll, plant, scratch, withSmallDisk } from '../store/scratch.ts'

const test = suite('tarball')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const member = newSigner()
const controller = newSigner()
const run = '20261122T213015-k3f9ab'
const MIB = 1024 * 1024

function noise(length: number, seed = 1): Uint8Array {
  const bytes = Buffer.alloc(Math.ceil(length / 4) * 4)
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE(Math.imul(i + seed, 2654435761) >>> 0, i)
  return bytes.subarray(0, length)
}

const parcelOf = (bytes: Uint8Array): TarballOffer => ({
  run,
  what: '1-default/sample1',
  kind: 'sample',
  digest: digestOf(bytes),
  bytes: bytes.length,
  allow: ['1-default/sample1/tools-default/node-b']
})
const sourceOf = (bytes: Uint8Array): Source => ({
  read: async (offset, length) => bytes.subarray(offset, offset + length)
})

/** A sink in memory, that outlives its streams as a file does. */
class Memory implements Sink {
  bytes = new Uint8Array()
  closed = 0
  finished = 0
  readonly #digest: string
  readonly #keep: (receipt: Sent['receipt']) => void

  constructor(digest: string, keep: (receipt: Sent['receipt']) => void = () => {}) {
    this.#digest = digest
    this.#keep = keep
  }

  size() {
    return this.bytes.length
  }

  async append(offset: number, bytes: Uint8Array) {
    assert.is(offset, this.bytes.length)
    this.bytes = Buffer.concat([this.bytes, bytes])
  }

  async finish() {
    this.finished++
    if (digestOf(this.bytes) === this.#digest) return
    this.bytes = new Uint8Array()
    throw new BakError('mismatch', 'other bytes')
  }

  async keep(receipt: Sent['receipt']) {
    this.#keep(receipt)
  }

  async close() {
    this.closed++
  }
}

type Options = Partial<SendOptions> & { receive?: Partial<ReceiveInit>; weather?: LinkConditions; source?: Source }

/** One member, one controller, one tarball of these bytes between them. */
function between(bytes: Uint8Array, { receive = {}, weather, source, ...options }: Options = {}) {
  const offer = parcelOf(bytes)
  const sink = new Memory(offer.digest)
  const admit = async (): Promise<Admission> => ({ sink })
  const errors: BakError[] = []
  const handler = receiveTarball({ signer: controller, admit, ...receive })
  const way = linkTo(
    serve(tarballProtocol, handler, error => errors.push(error)),
    member.peer,
    weather
  )
  const signal = AbortSignal.timeout(20_000)
  const send = (): Promise<Sent> =>
    sendTarball(way.open, offer, source ?? sourceOf(bytes), { signal, to: controller.peer, ...options })
  return { offer, sink, errors, way, send, handler }
}

for (const size of [0, 1, MAX_SMALL_BYTES, PORTION_BYTES, PORTION_BYTES + 1, 5 * MIB + 17]) {
  test(`a tarball of ${size} bytes arrives and has a receipt of the controller`, async () => {
    const bytes = noise(size)
    const { send, sink, offer } = between(bytes, { receive: { now: () => 5 } })
    const { receipt, waited, reopened } = await send()
    assert.is(Buffer.compare(sink.bytes, bytes), 0)
    const { by, value } = openEnvelope(receiptSubject, receipt)
    assert.is(by, controller.peer)
    assert.equal(value, { run, what: offer.what, digest: offer.digest, bytes: size, at: 5 })
    assert.equal([waited, reopened, sink.closed], [0, 0, 1])
  })
}

test('a small tarball comes with its offer, and has its receipt in one round trip', async () => {
  const bytes = noise(MAX_SMALL_BYTES)
  const answers: unknown[] = []
  const { send, sink, offer } = between(bytes)
  await send()
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
  const other = new Memory(offer.digest)
  const way = linkTo(
    serve(tarballProtocol, receiveTarball({ signer: controller, admit: async () => ({ sink: other }) })),
    member.peer
  )
  const exchange = await call(way.open, tarballProtocol)
  await exchange.send({ type: 'offer', ...offer, whole: bytes })
  for await (const answer of exchange) answers.push(answer.type)
  assert.equal(answers, ['receipt'])
})

test('a small tarball whose receiver asks for it, as those before this did, is sent as any other', async () => {
  const bytes = noise(1000)
  const { offer } = between(bytes)
  const got: Uint8Array[] = []
  const older = serve(tarballProtocol, async function* (_, exchange) {
    yield { type: 'want', offset: 0, length: 1000 } as const
    assert.is((await exchange.receive())?.type, 'data')
    got.push(new Uint8Array(1000))
    await exchange.receivePlain(got[0] as Uint8Array)
    const { run, what, digest } = offer
    yield {
      type: 'receipt',
      receipt: seal(receiptSubject, { run, what, digest, bytes: 1000, at: 1 }, controller)
    } as const
  })
  const { open } = linkTo(older, member.peer)
  await sendTarball(open, offer, sourceOf(bytes), { signal: AbortSignal.timeout(5_000), to: controller.peer })
  assert.is(Buffer.compare(got[0] as Uint8Array, bytes), 0)
})

test('a tarball arrives over yamux, too', async () => {
  const bytes = noise(9 * MIB)
  const { send, sink } = between(bytes, { weather: { yamux: true } })
  await send()
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
})

test('progress is told on both sides, seldom, and the last byte always', async () => {
  const bytes = noise(6 * MIB)
  const [given, taken]: [number[], number[]] = [[], []]
  const started = performance.now()
  const { send } = between(bytes, {
    onProgress: done => given.push(done),
    receive: { onProgress: (_, done) => taken.push(done) }
  })
  await send()
  const most = 2 + (performance.now() - started) / 100
  for (const seen of [given, taken]) {
    assert.is(seen.at(-1), bytes.length)
    assert.ok(seen.length <= most, `${seen.length} reports`)
  }
})

test('while the receiver stores the first portion, one more is under way and no other', async () => {
  const bytes = noise(8 * MIB)
  let read = 0
  let most = 0
  const stored = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  const source: Source = {
    read: async (offset, length) => {
      read += length
      return bytes.subarray(offset, offset + length)
    }
  }
  const { send, sink } = between(bytes, { source })
  const append = sink.append.bind(sink)
  sink.append = async (offset, piece) => {
    most = Math.max(most, read - offset)
    began.resolve()
    await stored.promise
    await sleep(20)
    await append(offset, piece)
  }
  const sent = send()
  await began.promise
  await sleep(100)
  assert.is(read, 2 * PORTION_BYTES, 'only one was read beside the portion that is being stored')
  stored.resolve()
  await sent
  assert.ok(most <= (MAX_WINDOW_PORTIONS + 1) * PORTION_BYTES, `${most} bytes were under way`)
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
})

/** @returns how many portions are under way in the end, and how many a second come, where the path takes `trip` ms and each portion holds it up for `each` */
function paced(trip: number, each: number, portions = 1000) {
  const pace = new Pace()
  const asked: Array<{ since: number; inFlight: number }> = []
  let [now, free] = [0, 0]
  for (let stored = 0; stored < portions; stored++) {
    while (asked.length < pace.window) asked.push({ since: now, inFlight: asked.length + 1 })
    const { since, inFlight } = asked.shift() as (typeof asked)[number]
    free = Math.max(since + trip, free) + each
    now = free
    pace.note(now - since, inFlight)
  }
  return { window: pace.window, rate: 1000 / (now / portions) }
}

test('as many portions are in flight as fill the path, and few where it is short', () => {
  assert.is(new Pace().window, 1)
  assert.is(paced(0, 3).window, 2)
  assert.is(paced(1, 3).window, 3)
  assert.is(paced(0, 500).window, 2)
  assert.is(paced(84, 1).window, MAX_WINDOW_PORTIONS)
  for (const each of [2, 3, 5, 20]) {
    const [near, far] = [paced(0.1, each), paced(20, each)]
    assert.ok(far.rate > 0.85 * near.rate, `${far.rate} of ${near.rate} portions a second at 20 ms`)
    assert.ok(far.window <= 4 + (1.5 * 20) / each, `${far.window} under way at ${each} ms each`)
  }
})

test('a broken stream is opened again and goes on at the byte that was reached', async () => {
  const bytes = noise(6 * MIB)
  const offsets: number[] = []
  const source: Source = {
    read: async (offset, length) => {
      offsets.push(offset)
      return bytes.subarray(offset, offset + length)
    }
  }
  const { send, sink, way } = between(bytes, { source })
  const append = sink.append.bind(sink)
  sink.append = async (offset, piece) => {
    await append(offset, piece)
    if (way.streams.length === 1 && sink.size() === 3 * MIB) way.streams[0]?.cut()
  }
  const { reopened } = await send()
  assert.is(reopened, 1)
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
  assert.is(way.streams.length, 2)
  const again = offsets.filter((offset, i) => offsets.indexOf(offset) !== i)
  assert.ok(
    again.every(offset => offset >= 3 * MIB),
    'what was stored is not sent again'
  )
  assert.ok((way.streams[1]?.sent ?? 0) < 3.1 * MIB)
})

test('a stream cut in the middle of a portion loses no more than that portion', async () => {
  const bytes = noise(3 * MIB)
  const { send, sink, way } = between(bytes)
  way.onSend = (piece, stream) => {
    if (way.streams.length === 1 && stream.sent > 1.5 * MIB) {
      stream.cut()
      return undefined
    }
    return piece
  }
  assert.is((await send()).reopened, 1)
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
})

test('a stream that breaks again and again still brings the tarball', async () => {
  const bytes = noise(5 * MIB)
  const { send, sink, way } = between(bytes)
  let cuts = 0
  const append = sink.append.bind(sink)
  sink.append = async (offset, piece) => {
    await append(offset, piece)
    if (sink.size() < bytes.length) way.streams.at(-1)?.cut()
    cuts++
  }
  assert.ok((await send()).reopened >= 4)
  assert.is(cuts, 5)
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
})

test('a receiver that cannot be reached is tried again until it can', async () => {
  const bytes = noise(10)
  const reasons: string[] = []
  const { way, offer } = between(bytes)
  let tries = 0
  const flaky: typeof way.open = (id, options) => {
    if (tries++ < 2) return Promise.reject(new BakError('unreachable', 'no route'))
    return way.open(id, options)
  }
  const { reopened } = await sendTarball(flaky, offer, sourceOf(bytes), {
    signal: AbortSignal.timeout(10_000),
    to: controller.peer,
    onRetry: reason => reasons.push(reason.code)
  })
  assert.is(reopened, 2)
  assert.equal(reasons, ['unreachable', 'unreachable'])
})

test('a flipped byte is seen, and the tarball is right in the end', async () => {
  const bytes = noise(2 * MIB)
  const { send, sink, way, errors } = between(bytes)
  let flipped = false
  way.onSend = piece => {
    if (flipped || piece.length < 1000) return piece
    flipped = true
    return piece.with(piece.length >> 1, (piece[piece.length >> 1] as number) ^ 1)
  }
  await send()
  assert.ok(flipped)
  assert.is(sink.finished, 2)
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
  assert.equal(errors, [])
})

test('a tarball that is wrong twice is mismatch on both sides', async () => {
  const bytes = noise(1000)
  const { send, sink, errors } = between(bytes, { source: sourceOf(bytes.with(5, 0)) })
  assert.is(await codeOf(send()), 'mismatch')
  assert.is(sink.finished, 2)
  assert.is(errors[0]?.code, 'mismatch')
  assert.is(sink.closed, 1)
})

test('wait is answered by another offer, and counted', async () => {
  const bytes = noise(1000)
  let asked = 0
  const { send, offer } = between(bytes, {
    receive: { admit: async () => (asked++ < 3 ? { wait: 5 } : { sink: new Memory(offer.digest) }) }
  })
  const { waited, reopened } = await send()
  assert.equal([waited, reopened, asked], [3, 0, 4])
})

test('a tarball that was received before is answered with its receipt, and not sent', async () => {
  const bytes = noise(100_000)
  const receipts = new Map<string, Sent['receipt']>()
  const sink = new Memory(digestOf(bytes), receipt => receipts.set(digestOf(bytes), receipt))
  const { send, way } = between(bytes, {
    receive: {
      admit: async offer => {
        const receipt = receipts.get(offer.digest)
        return receipt == null ? { sink } : { have: receipt }
      }
    }
  })
  const first = await send()
  const second = await send()
  assert.equal(second.receipt, first.receipt)
  assert.ok((way.streams[1]?.sent ?? 0) < 1000)
})

test('a receipt that was lost on the way is given again', async () => {
  const bytes = noise(1000)
  let kept: Sent['receipt'] | undefined
  const sink = new Memory(digestOf(bytes), receipt => {
    kept = receipt
    way.streams[0]?.cut()
  })
  const { send, way } = between(bytes, {
    receive: { admit: async () => (kept == null ? { sink } : { have: kept }) }
  })
  const { receipt } = await send()
  assert.equal(encode(receipt), encode(kept))
  assert.is(sink.finished, 1)
})

test('several members send at once, never more than there are slots, and small tarballs need none', async () => {
  const slots = new Slots(2)
  const sinks = new Map<string, Memory>()
  let most = 0
  const handler = receiveTarball({
    signer: controller,
    slots,
    admit: async offer => {
      most = Math.max(most, slots.taken)
      if (offer.bytes > MAX_SMALL_BYTES) await sleep(20)
      const sink = new Memory(offer.digest)
      sinks.set(offer.digest, sink)
      return { sink }
    }
  })
  const tarballs = Array.from({ length: 8 }, (_, i) => noise(i < 6 ? 300_000 + i : 100 + i, i))
  const signal = AbortSignal.timeout(20_000)
  const sent = await Promise.all(
    tarballs.map(bytes => {
      const { open } = linkTo(serve(tarballProtocol, handler), newSigner().peer)
      return sendTarball(open, parcelOf(bytes), sourceOf(bytes), { signal, to: controller.peer })
    })
  )
  assert.is(most, 2)
  assert.is(slots.taken, 0)
  assert.ok(sent.slice(0, 6).some(each => each.waited > 0))
  assert.equal([sent[6]?.waited, sent[7]?.waited], [0, 0])
  for (const bytes of tarballs) assert.is(Buffer.compare(sinks.get(digestOf(bytes))?.bytes as Uint8Array, bytes), 0)
})

test('an offer that comes again ends the old stream and goes on with what it brought', async () => {
  const bytes = noise(2 * MIB)
  const { send, sink, way, offer } = between(bytes)
  const stuck = await call(way.open, tarballProtocol)
  await stuck.send({ type: 'offer', ...offer })
  assert.is((await stuck.receive())?.type, 'want')
  await stuck.send({ type: 'data', offset: 0, length: PORTION_BYTES }, bytes.subarray(0, PORTION_BYTES))
  while (sink.size() < PORTION_BYTES) await sleep(5)
  await send()
  assert.is(Buffer.compare(sink.bytes, bytes), 0)
  assert.is(sink.closed, 2)
  assert.ok((way.streams[1]?.sent ?? 0) < 1.1 * MIB)
  stuck.abort(new Error('over'))
})

/** Speaks to a receiver by hand. */
async function stranger(bytes: Uint8Array, receive: Partial<ReceiveInit> = {}) {
  const { way, offer, sink, errors } = between(bytes, { receive })
  const exchange = await call(way.open, tarballProtocol)
  return { exchange, offer, sink, errors }
}

const lies: [string, (exchange: Call<ToReceiver, ToSender>, offer: TarballOffer) => Promise<void>][] = [
  ['data before an offer', exchange => exchange.send({ type: 'data', offset: 0, length: 1 }, new Uint8Array(1))],
  [
    'another offset than was asked for',
    async (exchange, offer) => {
      await exchange.send({ type: 'offer', ...offer })
      await exchange.send({ type: 'data', offset: 1, length: 100 }, new Uint8Array(100))
    }
  ],
  [
    'fewer bytes than were asked for',
    async (exchange, offer) => {
      await exchange.send({ type: 'offer', ...offer })
      await exchange.send({ type: 'data', offset: 0, length: 99 }, new Uint8Array(99))
    }
  ],
  [
    'more bytes than were offered',
    async (exchange, offer) => {
      await exchange.send({ type: 'offer', ...offer })
      await exchange.send({ type: 'data', offset: 0, length: 101 }, new Uint8Array(101))
    }
  ],
  [
    'a second offer in place of data',
    async (exchange, offer) => {
      await exchange.send({ type: 'offer', ...offer })
      await exchange.send({ type: 'offer', ...offer })
    }
  ],
  [
    'another length than was offered',
    (exchange, offer) => exchange.send({ type: 'offer', ...offer, whole: new Uint8Array(99) })
  ],
  [
    'more with the offer than is small',
    (exchange, offer) => exchange.send({ type: 'offer', ...offer, whole: new Uint8Array(MAX_SMALL_BYTES + 1) })
  ],
  ['an offer of a digest that is none', (exchange, offer) => exchange.send({ type: 'offer', ...offer, digest: '../x' })]
]

for (const [title, lie] of lies) {
  test(`${title} is refused by the receiver as bad-message`, async () => {
    const { exchange, offer, sink, errors } = await stranger(noise(100))
    await lie(exchange, offer)
    const answers = async () => {
      for await (const answer of exchange) assert.is(answer.type, 'want')
    }
    assert.is(await codeOf(answers()), 'bad-message')
    assert.is(errors[0]?.code, 'bad-message')
    assert.is(sink.size(), 0)
  })
}

test('a refusal of the receiver reaches the sender with its code, and is not tried again', async () => {
  const { send, way } = between(noise(10), {
    receive: { admit: () => Promise.reject(new BakError('not-allowed', 'not your folder')) }
  })
  const error = await send().catch(error => error)
  assert.is(error.code, 'not-allowed')
  assert.is(error.message, 'not your folder')
  assert.is(way.streams.length, 1)
})

test('a receipt that somebody else signed is refused', async () => {
  const { send } = between(noise(10), { to: newSigner().peer })
  assert.is(await codeOf(send()), 'bad-signature')
})

test('a receipt for another tarball is refused, and so is one that was altered', async () => {
  const other = { run, what: 'x', digest: '0'.repeat(64), bytes: 10, at: 0 }
  const sealed = seal(receiptSubject, other, controller)
  for (const [have, code] of [
    [sealed, 'bad-message'],
    [{ ...sealed, body: sealed.body.with(9, 1) }, 'bad-signature']
  ] as const) {
    const { send } = between(noise(10), { receive: { admit: async () => ({ have }) } })
    assert.is(await codeOf(send()), code)
  }
})

test('a receiver that asks for bytes that are not there is refused', async () => {
  const greedy = serve(tarballProtocol, async function* () {
    yield { type: 'want', offset: 5, length: 100 } as const
  })
  const bytes = noise(10)
  const { open } = linkTo(greedy, member.peer)
  const options = { signal: AbortSignal.timeout(5_000), to: controller.peer }
  assert.is(await codeOf(sendTarball(open, parcelOf(bytes), sourceOf(bytes), options)), 'bad-message')
})

test('a tarball that became shorter is damaged, and not sent', async () => {
  const { send } = between(noise(100), { source: sourceOf(noise(50)) })
  assert.is(await codeOf(send()), 'damaged')
})

test('a sender that falls silent frees its slot, and what it brought stays', async () => {
  const bytes = noise(2 * MIB)
  const { offer, sink } = between(bytes)
  const slots = new Slots(1)
  const failed = Promise.withResolvers<BakError>()
  const handler = receiveTarball({ signer: controller, slots, admit: async () => ({ sink }) })
  const hasty: Protocol<ToReceiver, ToSender> = { ...tarballProtocol, timeout: 150 }
  const way = linkTo(serve(hasty, handler, failed.resolve), member.peer)
  const exchange = await call(way.open, tarballProtocol)
  await exchange.send({ type: 'offer', ...offer })
  await exchange.receive()
  await exchange.send({ type: 'data', offset: 0, length: PORTION_BYTES }, bytes.subarray(0, PORTION_BYTES))
  assert.is((await failed.promise).code, 'timeout')
  assert.is(slots.taken, 0)
  assert.is(sink.size(), PORTION_BYTES)
  assert.is(sink.closed, 1)
  exchange.abort(new Error('over'))
})

test('sending ends with the reason of its signal, while it waits and while it sends', async () => {
  for (const admit of [async () => ({ wait: 10_000 }), () => new Promise<Admission>(() => {})]) {
    const giveUp = new AbortController()
    const { send } = between(noise(10), { signal: giveUp.signal, receive: { admit } })
    setTimeout(() => giveUp.abort(new BakError('cancelled', 'the run was cancelled')), 30)
    assert.is(await codeOf(send()), 'cancelled')
  }
})

const allow = ['1-default/sample1/tools-default/node-b']

async function sender(size: number) {
  const root = scratch()
  await plant(root, { [`${allow[0]}/vmstat/out.bin`]: noise(size), [`${allow[0]}/vmstat/cmd`]: 'vmstat 1' })
  const outbox = await openOutbox(join(root, 'outbox'), run)
  const parcel = await outbox.add(root, allow, '1-default/sample1', { kind: 'sample', level: 1 })
  return { outbox, parcel, source: { read: (at: number, n: number) => outbox.read(parcel.digest, at, n) } }
}

async function receiver(folder: string): Promise<ReceiveInit> {
  const inbox = await openInbox(join(folder, '.inbox'))
  return {
    signer: controller,
    admit: async offer => {
      const kept = await inbox.receipt(offer.digest)
      if (kept != null) return { have: decode(envelope, kept) }
      return {
        sink: await inbox.sink(offer, async tarball => {
          await unpack(tarball, folder, { allow })
        })
      }
    }
  }
}

test('from folder to folder: packed, sent over a road that breaks, unpacked, and deleted after the receipt', async () => {
  const { outbox, parcel, source } = await sender(4 * MIB)
  const results = scratch()
  const way = linkTo(serve(tarballProtocol, receiveTarball(await receiver(results))), member.peer)
  let cuts = 0
  way.onSend = (piece, stream) => {
    if (cuts === 2 || stream.sent < (cuts + 1.5) * MIB) return piece
    cuts++
    stream.cut()
    return undefined
  }
  const options = { signal: AbortSignal.timeout(20_000), to: controller.peer }
  const { receipt, reopened } = await sendTarball(way.open, parcel, source, options)
  assert.is(reopened, 2)
  await outbox.confirm(parcel.digest, encode(receipt))
  assert.equal(await outbox.list(), [])
  assert.equal(await listAll(results), [
    `.inbox/${parcel.digest}.receipt`,
    `${allow[0]}/vmstat/cmd`,
    `${allow[0]}/vmstat/out.bin`
  ])
  // a receiver that was started again still knows
  const again = linkTo(serve(tarballProtocol, receiveTarball(await receiver(results))), member.peer)
  const { receipt: kept } = await sendTarball(again.open, parcel, source, options)
  assert.equal(encode(kept), encode(receipt))
})

const full = 'a full disk at the receiver is no-space, loses nothing, and is made good when there is room'
test(full, () =>
  withSmallDisk(full, 3 * 1024, async results => {
    const { outbox, parcel, source } = await sender(1.2 * MIB)
    await plant(results, { ballast: new Uint8Array(1.6 * MIB) })
    const way = linkTo(serve(tarballProtocol, receiveTarball(await receiver(results))), member.peer)
    const options = { signal: AbortSignal.timeout(20_000), to: controller.peer }
    assert.is(await codeOf(sendTarball(way.open, parcel, source, options)), 'no-space')
    assert.equal(await outbox.list(), [parcel])
    assert.not.ok((await listAll(results)).some(path => path.includes('tools-default')))
    await plant(results, { ballast: '' })
    await sendTarball(way.open, parcel, source, options)
    assert.ok((await listAll(results)).includes(`${allow[0]}/vmstat/out.bin`))
  })
)

test.run()
