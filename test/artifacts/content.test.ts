import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Content } from '../../node/artifacts/content.ts'
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { askOne, type Handler, type Opener, serve } from '../../protocols/stream.ts'
import { linkTo, stayAwake, type TestLink } from '../helpers/streams.ts'

const test = suite('content by digest')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const MIB = 1024 * 1024

type Asked = { digest: string; offset: number; length: number }
type Given = { total: number; bytes: Uint8Array }

/** A few peers that have content, and others that answer as a test wants. */
class Net {
  readonly asked: string[] = []
  readonly #links = new Map<string, TestLink>()

  async peer(name: string): Promise<Content> {
    const content = new Content({
      streams: {
        serve: async (_, handler) => this.liar(name, handler as unknown as Handler<Asked, Given>),
        to: peer => this.#to(peer)
      }
    })
    await content.start()
    return content
  }

  liar(name: string, handler: Handler<Asked, Given>): void {
    this.#links.set(name, linkTo(serve(getProtocol, handler), 'the caller'))
  }

  link(name: string): TestLink {
    return this.#links.get(name) as TestLink
  }

  #to(name: string): Opener {
    return async (id, options) => {
      this.asked.push(name)
      const there = this.#links.get(name)
      if (there == null) throw new BakError('unreachable', `${name} cannot be reached`)
      return await there.open(id, options)
    }
  }
}

const noise = (length: number, seed = 1) => {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * seed + seed) & 0xff
  return bytes
}

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  return await work.then(
    () => assert.unreachable() as never,
    error => error as BakError
  )
}

for (const size of [1, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 5]) {
  test(`content of ${size} bytes is fetched, stored and served to others`, async () => {
    const net = new Net()
    const [a, b, c] = [await net.peer('a'), await net.peer('b'), await net.peer('c')]
    const bytes = noise(size)
    const digest = a.put(bytes)
    assert.is(digest, digestOf(bytes))
    assert.is(Buffer.compare(await b.get(digest, ['a']), bytes), 0)
    await b.get(digest, ['a'])
    assert.equal(net.asked, ['a'])
    assert.is(Buffer.compare(await c.get(digest, ['b']), bytes), 0)
  })
}

test('peers are asked in order until one has the content', async () => {
  const net = new Net()
  const [a] = [await net.peer('a'), await net.peer('empty'), await net.peer('never')]
  const asking = await net.peer('asking')
  const digest = a.put(noise(100))
  assert.is((await asking.get(digest, ['nobody', 'empty', 'a', 'never'])).length, 100)
  assert.equal(net.asked, ['nobody', 'empty', 'a'])
})

test('if no peer has the content, the error lists the error of each', async () => {
  const net = new Net()
  await net.peer('empty')
  const asking = await net.peer('asking')
  const digest = '0'.repeat(64)
  const error = await errorOf(asking.get(digest, ['nobody', 'empty']))
  assert.is(error.code, 'unknown-digest')
  assert.is(error.message, `no peer has ${digest}: nobody cannot be reached; ${digest} is not on this peer`)
  assert.match((await errorOf(asking.get(digest, []))).message, 'there was none to ask')
})

const good = noise(1_000)
const lies: Array<[title: string, handler: Handler<Asked, Given>, why: string]> = [
  [
    'gives other bytes',
    async function* () {
      yield { total: 1_000, bytes: noise(1_000, 9) }
    },
    'do not have the digest'
  ],
  [
    'gives one byte less and claims that it is all',
    async function* () {
      yield { total: 999, bytes: good.subarray(0, 999) }
    },
    'do not have the digest'
  ],
  [
    'gives less than it claims and closes',
    async function* () {
      yield { total: 1_000, bytes: good.subarray(0, 500) }
    },
    'asked for 1000 bytes at 0, got 500'
  ],
  [
    'closes before it has given all',
    async function* () {
      yield { total: MIB, bytes: noise(256 * 1024) }
    },
    'the answer ended early'
  ],
  [
    'gives nothing, again and again',
    async function* () {
      for (;;) yield { total: 1_000, bytes: new Uint8Array() }
    },
    'asked for 1000 bytes at 0, got 0'
  ],
  [
    'gives one byte at a time',
    async function* (first, { receive }) {
      for (let next: Asked | undefined = first; next !== undefined; next = await receive()) {
        yield { total: MIB, bytes: new Uint8Array(1) }
      }
    },
    'got 1'
  ],
  [
    'claims more bytes than the largest content',
    async function* () {
      yield { total: 17 * MIB, bytes: good }
    },
    'too large'
  ],
  [
    'never ends',
    async function* (first, { receive }) {
      let offset = 0
      for (let next: Asked | undefined = first; next !== undefined; next = await receive()) {
        offset += 256 * 1024
        yield { total: offset + MIB, bytes: new Uint8Array(256 * 1024) }
      }
    },
    'the size of the content changed'
  ],
  [
    'gives an invalid message',
    async function* () {
      yield { total: -1, bytes: good }
    },
    'Invalid'
  ]
]
for (const [title, handler, why] of lies) {
  test(`the content of a peer that ${title} is refused, and the next peer is asked`, async () => {
    const net = new Net()
    net.liar('liar', handler)
    const asking = await net.peer('asking')
    const error = await errorOf(asking.get(digestOf(good), ['liar']))
    assert.is(error.code, 'unknown-digest')
    assert.match(error.message, why)
    const honest = await net.peer('honest')
    honest.put(good)
    assert.is(Buffer.compare(await asking.get(digestOf(good), ['liar', 'honest']), good), 0)
  })
}

test('a connection that breaks in the middle leads to the next peer', async () => {
  const net = new Net()
  const bytes = noise(2 * MIB)
  for (const name of ['a', 'b']) (await net.peer(name)).put(bytes)
  net.link('a').onAnswer = (piece, stream) => (stream.received > MIB ? void stream.cut() : piece)
  const asking = await net.peer('asking')
  assert.is(Buffer.compare(await asking.get(digestOf(bytes), ['a', 'b']), bytes), 0)
  assert.equal(net.asked, ['a', 'b'])
})

test('an aborted get rejects with the reason of its signal, and no other peer is asked', async () => {
  const net = new Net()
  const asked = Promise.withResolvers<void>()
  net.liar('silent', async function* (_, { signal }) {
    yield* [] as Given[]
    asked.resolve()
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  })
  const asking = await net.peer('asking')
  const giveUp = new AbortController()
  const getting = errorOf(asking.get('0'.repeat(64), ['silent', 'other'], { signal: giveUp.signal }))
  await asked.promise
  giveUp.abort(new BakError('cancelled', 'the phase is over'))
  assert.is((await getting).code, 'cancelled')
  assert.equal(net.asked, ['silent'])
})

test('expected content arrives for all who wait for it, however long the others waited', async () => {
  const content = await new Net().peer('a')
  const bytes = noise(10)
  const digest = digestOf(bytes)
  const [soon, late, also] = [content.expect(digest, 5), content.expect(digest, 10_000), content.expect(digest, 10_000)]
  assert.is(await soon, undefined)
  content.put(bytes)
  assert.is(await late, bytes)
  assert.is(await also, bytes)
  assert.is(await content.expect(digest, 5), bytes)
})

/** Whether a peer still has what it once put. */
const holds = async (net: Net, content: Content, digest: string) => {
  const before = net.asked.length
  await content.get(digest, ['nobody']).catch(() => {})
  return net.asked.length === before
}

test('at most 64 MiB are stored, and the least recently used content is dropped first', async () => {
  const net = new Net()
  const content = await net.peer('a')
  const other = await net.peer('b')
  const digests = Array.from({ length: 8 }, (_, i) => content.put(new Uint8Array(8 * MIB).fill(i)))
  for (const digest of digests) assert.ok(await holds(net, content, digest))
  // the first is used here, the second is given to another, the third is put again: the fourth is the oldest now
  await content.get(digests[0] as string, [])
  await other.get(digests[1] as string, ['a'])
  content.put(new Uint8Array(8 * MIB).fill(2))
  for (const i of [4, 5, 6, 7]) await content.get(digests[i] as string, [])
  content.put(noise(1))
  const held: boolean[] = []
  for (const digest of digests) held.push(await holds(net, content, digest))
  assert.equal(held, [true, true, true, false, true, true, true, true])
})

test('at most 256 pieces of content are stored: runs of long ago leave nothing', async () => {
  const net = new Net()
  const content = await net.peer('a')
  const digests = Array.from({ length: 1_000 }, (_, i) => content.put(noise(i + 1)))
  const held: boolean[] = []
  for (const i of [0, 743, 744, 999]) held.push(await holds(net, content, digests[i] as string))
  assert.equal(held, [false, false, true, true])
})

test('content that is put twice counts once', async () => {
  const net = new Net()
  const content = await net.peer('a')
  const first = content.put(noise(1_000))
  for (let i = 0; i < 20; i++) content.put(new Uint8Array(8 * MIB))
  assert.ok(await holds(net, content, first))
})

test('a request beyond the end of the content is answered with no bytes', async () => {
  const net = new Net()
  const content = await net.peer('a')
  const digest = content.put(noise(10))
  const given = await askOne(net.link('a').open, getProtocol, { digest, offset: 11, length: 5 })
  assert.equal([given.total, given.bytes.length], [10, 0])
})

test('content that a peer sends by itself is waited for, and not longer than asked', async () => {
  const content = await new Net().peer('a')
  const [bytes, here] = [noise(100), noise(200)]
  const digest = digestOf(bytes)
  content.put(here)
  assert.equal(await content.expect(digestOf(here), 0), here)
  assert.is(await content.expect(digest, 20), undefined)
  const waiting = content.expect(digest, 20_000)
  content.put(noise(300))
  content.put(bytes)
  assert.equal(await waiting, bytes)
})

test.run()
