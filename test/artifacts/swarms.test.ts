/** The exchange of content among peers: good roads, false bytes, silence, breaks, and that nothing is left. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeArtifact } from '../../node/artifacts/place.ts'
import type { Artifact } from '../../protocols/artifact.ts'
import type { BakError } from '../../protocols/errors.ts'
import { call } from '../../protocols/stream.ts'
import { type SwarmMessage, swarmProtocol } from '../../protocols/swarm.ts'
import { stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'
import { listAll, scratch } from '../store/scratch.ts'
import { noise, openFiles } from './scratch-artifacts.ts'
import { type Peer, SwarmNet } from './swarm-net.ts'

const test = suite('artifacts among peers')
const sleepAgain = stayAwake()
const nets: SwarmNet[] = []
const net = () => {
  const made = new SwarmNet()
  nets.push(made)
  return made
}
test.after.each(() => {
  for (const each of nets.splice(0)) each.stop()
})
test.after(sleepAgain)
const MIB = 1024 * 1024
const KIB = 1024

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  return await work.then(
    () => assert.unreachable('it went well') as never,
    error => error as BakError
  )
}

/** What a peer has of a content, as one copy of it. */
async function contentOf({ store }: Peer, digest: string): Promise<Buffer> {
  const into = join(scratch(), 'x')
  await placeArtifact(store, digest, into)
  return readFileSync(into)
}

for (const size of [0, 1, 64 * KIB, 64 * KIB + 1, 3 * MIB + 7]) {
  test(`a file of ${size} bytes comes whole, and is given to others`, async () => {
    const mesh = net()
    const [a, b, c] = [await mesh.peer('a'), await mesh.peer('b'), await mesh.peer('c')]
    const bytes = noise(size)
    const { digest } = await a.take({ '': bytes })
    assert.equal(await b.fetch(digest, size, ['a']), { bytes: size, source: size })
    assert.equal(await contentOf(b, digest), bytes)
    assert.equal(await b.fetch(digest, size, ['a']), { bytes: 0, source: 0 })
    mesh.kill('a')
    assert.equal(await c.fetch(digest, size, ['a', 'b']), { bytes: size, source: 0 })
    assert.equal(await contentOf(c, digest), bytes)
  })
}

test('a folder comes with all that is in it', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const files = { 'd/e/f': noise(200_000), 'd/g': 'g', none: '', 'z/': '' }
  const { digest, bytes } = await a.take(files)
  await b.fetch(digest, bytes, ['a'])
  const into = join(scratch(), 'copy')
  await placeArtifact(b.store, digest, into)
  assert.equal(await listAll(into), ['d/e/f', 'd/g', 'none'])
  assert.equal(readFileSync(join(into, 'd/e/f')), files['d/e/f'])
})

test('a small content takes one stream, one message of who asks and two of who answers', async () => {
  const mesh = net()
  const said: SwarmMessage[] = []
  const a = await mesh.peer('a')
  const { digest, bytes } = await a.take({ '': noise(60_000) })
  const opened = await call(mesh.opener('b', 'a'), swarmProtocol)
  await opened.send({ type: 'hello', content: digest, knows: false, peers: 1 })
  for (const type of ['hello', 'listing']) {
    said.push((await opened.receive()) as SwarmMessage)
    assert.is(said.at(-1)?.type, type)
  }
  assert.is((said[1] as { whole: Uint8Array }).whole.length, bytes)
  await opened.close()
  const b = await mesh.peer('b')
  await b.fetch(digest, bytes, ['a'])
  assert.is(mesh.links.get('b a')?.streams.length, 2)
})

test('a source sends much less than all that its receivers get', async () => {
  const mesh = net()
  const source = await mesh.peer('source')
  const names = Array.from({ length: 8 }, (_, i) => `r${i}`)
  const receivers = await Promise.all(names.map(name => mesh.peer(name)))
  const { digest, bytes } = await source.take({ '': noise(8 * MIB) })
  const came = await Promise.all(receivers.map(each => each.fetch(digest, bytes, ['source', ...names])))
  for (const each of receivers) assert.equal(await contentOf(each, digest), noise(8 * MIB))
  assert.ok(came.every(each => each.bytes === bytes))
  const times = mesh.sent('source') / bytes
  assert.ok(times < 4, `the source sent ${times.toFixed(2)} times the content`)
  assert.ok(came.reduce((sum, each) => sum + each.source, 0) < 4 * bytes)
})

test('who sends something false is left out, and the rest comes from others', async () => {
  const mesh = net()
  const [good, b] = [await mesh.peer('good'), await mesh.peer('b')]
  const { digest, bytes } = await good.take({ '': noise(2 * MIB) })
  const artifact = await good.store.read(digest)
  let asked = 0
  mesh.liar('liar', async function* (first, { receive }) {
    yield* greeting(artifact)
    for (let next: SwarmMessage | undefined = first; next !== undefined; next = await receive()) {
      if (next.type !== 'get') continue
      asked++
      yield { type: 'chunk', chunk: next.chunk, bytes: noise(artifact.chunkBytes, 99) }
    }
  })
  const { source } = await b.fetch(digest, bytes, ['liar', 'good'])
  assert.equal(await contentOf(b, digest), noise(2 * MIB))
  assert.is(source, 0)
  assert.ok(asked >= 1)
  assert.match(mesh.log.join('\n'), /from=liar .*msg="a peer sent something false"/)
  // not for this content, for a while
  const before = mesh.links.get('b liar')?.streams.length
  await until(() => !b.store.needs.has(digest))
  await b.store.remove(digest)
  await b.fetch(digest, bytes, ['liar', 'good'])
  assert.is(mesh.links.get('b liar')?.streams.length, before)
})

function* greeting(artifact: Artifact): Generator<SwarmMessage> {
  yield { type: 'hello', content: artifact.digest, knows: true, peers: 0 }
  yield { type: 'listing', bytes: artifact.encoded }
  yield { type: 'have', chunks: [...new Array(artifact.chunks).keys()] }
}

test('a listing of something else is something false', async () => {
  const mesh = net()
  const [good, b] = [await mesh.peer('good'), await mesh.peer('b')]
  const { digest, bytes } = await good.take({ '': noise(100_000) })
  const other = await good.store.read((await good.take({ '': noise(100_001, 3) })).digest)
  mesh.liar('liar', async function* () {
    yield { type: 'hello', content: digest, knows: true, peers: 0 }
    yield { type: 'listing', bytes: other.encoded }
    await sleep(1_000)
  })
  await b.fetch(digest, bytes, ['liar', 'good'])
  assert.match(mesh.log.join('\n'), /why="the listing does not have the digest \w+" msg="a peer sent something false"/)
})

test('who sends all of a small content is done with, though its listing was known before', async () => {
  const mesh = net()
  const [good, b] = [await mesh.peer('good'), await mesh.peer('b')]
  const content = noise(1_000)
  const { digest, bytes } = await good.take({ '': content })
  const artifact = await good.store.read(digest)
  let [asked, ended] = [false, false]
  mesh.liar('late', async function* (_, { receive }) {
    asked = true
    try {
      yield { type: 'hello', content: digest, knows: true, peers: 0 }
      await until(() => b.store.get(digest) != null)
      yield { type: 'listing', bytes: artifact.encoded, whole: content }
      while ((await receive()) !== undefined);
    } finally {
      ended = true
    }
  })
  mesh.liar('first', async function* (first, { receive }) {
    await until(() => asked)
    yield* greeting(artifact)
    for (let next: SwarmMessage | undefined = first; next !== undefined; next = await receive()) {
      if (next.type === 'get') yield { type: 'chunk', chunk: next.chunk, bytes: content }
    }
  })
  await b.fetch(digest, bytes, ['first', 'late'])
  await until(() => ended)
})

test('what a silent peer was asked for is asked of another', async () => {
  const mesh = net()
  const [good, b] = [await mesh.peer('good'), await mesh.peer('b')]
  const { digest, bytes } = await good.take({ '': noise(MIB) })
  const artifact = await good.store.read(digest)
  mesh.liar('silent', async function* (_, { signal }) {
    yield* greeting(artifact)
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  })
  const began = performance.now()
  await b.fetch(digest, bytes, ['silent', 'good'])
  assert.ok(performance.now() - began < 9_000)
  assert.equal(await contentOf(b, digest), noise(MIB))
})

test('a fetch that is aborted is gone on with: only what is missing comes', async () => {
  const mesh = net()
  const folder = join(scratch(), 'artifacts')
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b', { folder })]
  const content = noise(4 * MIB)
  const { digest, bytes } = await a.take({ '': content })
  const control = new AbortController()
  let had = 0
  const onProgress = (done: number) => {
    had = done
    if (done >= MIB) control.abort(new Error('enough'))
  }
  assert.match((await errorOf(b.fetch(digest, bytes, ['a'], { signal: control.signal, onProgress }))).message, /enough/)
  await until(() => b.store.list().length === 0 && b.swarms.store.needs.has(digest) === false)
  const again = await mesh.peer('b', { folder })
  const came = await again.fetch(digest, bytes, ['a'])
  assert.ok(came.bytes > 0 && came.bytes <= bytes - had + 64 * KIB, `${came.bytes} bytes came after ${had}`)
  assert.equal(await contentOf(again, digest), content)
})

test('a chunk that was changed on the disk comes again', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const content = noise(MIB)
  const { digest, bytes } = await a.take({ '': content })
  const part = await b.store.part(await a.store.read(digest))
  const damaged = Buffer.from(content)
  damaged.writeUInt8(damaged.readUInt8(3 * 64 * KIB) ^ 1, 3 * 64 * KIB)
  writeFileSync(join(part, '0'), damaged)
  b.store.leave(digest)
  assert.equal(await b.fetch(digest, bytes, ['a']), { bytes: 64 * KIB, source: 64 * KIB })
  assert.equal(await contentOf(b, digest), content)
})

/** One byte of it is another from now on. */
function damage({ store }: Peer, digest: string, at: number): void {
  const stored = join(store.folderOf(digest), '0')
  const damaged = readFileSync(stored)
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
  writeFileSync(stored, damaged)
}

test('what is damaged where it is stored is not sent: the rest comes from there, that from another, and staging it again mends it', async () => {
  const mesh = net()
  const [a, b, c] = [await mesh.peer('a'), await mesh.peer('b'), await mesh.peer('c', { stuckMs: 1_500 })]
  const content = noise(2 * MIB)
  const { digest, bytes } = await a.take({ '': content })
  await b.fetch(digest, bytes, ['a'])
  damage(a, digest, MIB)
  const why = await c.fetch(digest, bytes, ['a']).then(
    () => 'nothing',
    (error: BakError) => error.message
  )
  assert.match(why, / 1 of its \d+ chunks are missing/)
  assert.match(mesh.log.join('\n'), /msg="what is stored here is damaged: stage it again"/)
  assert.not.match(mesh.log.join('\n'), /a peer sent something false/)
  assert.is(a.store.damaged.has(digest), true)
  await c.fetch(digest, bytes, ['a', 'b'])
  assert.equal(await contentOf(c, digest), content)
  await a.take({ '': content })
  assert.is(a.store.damaged.has(digest), false)
  assert.equal(await contentOf(a, digest), content)
})

test('of a folder in which little was changed only that comes', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const big = noise(2 * MIB)
  const one = await a.take({ big, script: 'one' })
  const two = await a.take({ big, script: 'two', more: 'x' })
  await b.fetch(one.digest, one.bytes, ['a'])
  const came = await b.fetch(two.digest, two.bytes, ['a'])
  assert.ok(came.bytes <= 2 * 64 * KIB, `${came.bytes} bytes came`)
})

test('when the source dies those that have parts give them to each other', async () => {
  const mesh = net()
  const source = await mesh.peer('source')
  const names = ['r0', 'r1', 'r2', 'r3']
  const receivers = await Promise.all(names.map(name => mesh.peer(name)))
  const { digest, bytes } = await source.take({ '': noise(8 * MIB) })
  const whole = receivers.map(each => each.fetch(digest, bytes, ['source', ...names]))
  await Promise.race(whole)
  mesh.kill('source')
  await Promise.all(whole)
  for (const each of receivers) assert.equal(await contentOf(each, digest), noise(8 * MIB))
})

test('chunks that nobody has any more are counted in the error', async () => {
  const mesh = net()
  const [source, b] = [await mesh.peer('source'), await mesh.peer('b', { stuckMs: 1_000 })]
  const { digest, bytes } = await source.take({ '': noise(8 * MIB) })
  let killed = false
  const onProgress = (done: number) => {
    if (done < MIB || killed) return
    killed = true
    mesh.kill('source')
  }
  const { code, message } = await errorOf(b.fetch(digest, bytes, ['source'], { onProgress }))
  assert.is(code, 'unreachable')
  assert.match(message, /cannot be fetched: \d+ of its 128 chunks are missing, and none came for 1 s; source: /)
})

test('what is nowhere is an error that says why', async () => {
  const mesh = net()
  const [, b] = [await mesh.peer('empty'), await mesh.peer('b', { stuckMs: 600 })]
  const { code, message } = await errorOf(b.fetch('0'.repeat(64), 5, ['empty']))
  assert.is(code, 'unreachable')
  assert.match(message, /its listing is missing.*0000 is not on this peer/)
})

test('what none of those has who are known to have it is given up at once', async () => {
  const mesh = net()
  const [a, , b] = [await mesh.peer('a'), await mesh.peer('empty'), await mesh.peer('b')]
  const { digest, bytes } = await a.take({ '': noise(2 * MIB) })
  const began = performance.now()
  const held = { held: true }
  const nowhere = await errorOf(b.fetch('0'.repeat(64), 5, ['empty'], held))
  assert.is(nowhere.code, 'unknown-digest')
  assert.match(
    nowhere.message,
    /its listing is missing, and none of those .* gives them; empty: .* is not on this peer/
  )
  damage(a, digest, MIB)
  const damaged = await errorOf(b.fetch(digest, bytes, ['a', 'empty'], held))
  assert.is(damaged.code, 'unknown-digest')
  assert.match(damaged.message, / \d+ of its \d+ chunks are missing, and none of those/)
  assert.ok(performance.now() - began < 5_000)
  await a.take({ '': noise(2 * MIB) })
  assert.is((await b.fetch(digest, bytes, ['a'], held)).bytes > 0, true, 'and it may be tried again')
})

test('who wants what is being fetched from nobody any more has it fetched from others', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const { digest, bytes } = await a.take({ '': noise(100_000) })
  const both = await Promise.all([b.fetch(digest, bytes, ['nobody']), b.fetch(digest, bytes, ['a'])])
  assert.ok(both.every(each => each.bytes === bytes))
  await until(() => !b.store.needs.has(digest))
  await b.store.remove(digest)
  const again = new AbortController()
  const ended = errorOf(b.fetch(digest, bytes, ['nobody'], { signal: again.signal }))
  again.abort(new Error('enough'))
  await ended
  assert.is((await b.fetch(digest, bytes, ['a'])).bytes, bytes)
})

const refused: Array<[string, object, number, string, RegExp]> = [
  [
    'larger than the owner allows',
    { limits: { largest: 50_000 } },
    0,
    'not-allowed',
    /artifacts\.largest here is 50000/
  ],
  ['more than there is room for', { limits: { bytes: 50_000 } }, 0, 'no-space', /no room among the artifacts/],
  ['of another size than was told', {}, 1, 'mismatch', /100001 bytes were announced/]
]
for (const [what, given, off, code, why] of refused) {
  test(`what is ${what} is refused at once`, async () => {
    const mesh = net()
    const [a, b] = [await mesh.peer('a'), await mesh.peer('b', given)]
    const { digest, bytes } = await a.take({ '': noise(100_000) })
    const error = await errorOf(b.fetch(digest, bytes + off, ['a']))
    assert.is(error.code, code)
    assert.match(error.message, why)
    assert.equal(b.store.list(), [])
  })
}

test('two that want the same share one exchange', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const { digest, bytes } = await a.take({ '': noise(MIB) })
  const both = await Promise.all([b.fetch(digest, bytes, ['a']), b.fetch(digest, bytes, ['a'], { name: 'second' })])
  assert.equal(both, [
    { bytes, source: bytes },
    { bytes, source: bytes }
  ])
  assert.is(mesh.links.get('b a')?.streams.length, 1)
  assert.is(b.store.find('second').digest, digest)
})

test('one of two that want the same may give up, and the other gets it', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const { digest, bytes } = await a.take({ '': noise(4 * MIB) })
  const control = new AbortController()
  const one = errorOf(b.fetch(digest, bytes, ['a'], { signal: control.signal }))
  const other = b.fetch(digest, bytes, ['a'])
  control.abort(new Error('enough'))
  assert.match((await one).message, /enough/)
  assert.is((await other).bytes, bytes)
})

test('four contents come at once', async () => {
  const mesh = net()
  const [a, b] = [await mesh.peer('a'), await mesh.peer('b')]
  const contents = await Promise.all([1, 2, 3, 4].map(seed => a.take({ '': noise(MIB, seed) })))
  const came = await Promise.all(contents.map(({ digest, bytes }) => b.fetch(digest, bytes, ['a'])))
  assert.ok(came.every(({ bytes }) => bytes === MIB))
})

for (const size of [10, 60_000, 2 * MIB]) {
  test(`nothing is left when all have ${size} bytes: no stream, no open file, and nobody needs it`, async () => {
    // listing and chunks may come from different peers, in any order
    for (let round = 0; round < 20; round++) {
      const mesh = net()
      const peers = await Promise.all(['a', 'b', 'c', 'd'].map(name => mesh.peer(name)))
      const [a, ...others] = peers as [Peer, ...Peer[]]
      const { digest, bytes } = await a.take({ '': noise(size) })
      await Promise.all(others.map(each => each.fetch(digest, bytes, ['a', 'b', 'c', 'd'])))
      await until(() => peers.every(({ store }) => !store.needs.has(digest)))
      await until(() => openFiles('/artifacts/').length === 0)
      for (const { store } of peers) await store.remove(digest)
    }
  })
}

/** What a peer says to one that has a content of 4 chunks, and why that ends the stream. */
const nonsense: Array<[string, (digest: string) => SwarmMessage[], RegExp]> = [
  ['no hello', () => [{ type: 'get', chunk: 0 }], /first message is not a hello/],
  ['a second hello', digest => [hello(digest), hello(digest)], /said hello twice/],
  ['a hello about something else', digest => [hello(digest), hello('1'.repeat(64))], /this stream is about/],
  ['a get beyond the end', digest => [hello(digest), { type: 'get', chunk: 4 }], /chunk 4, which was not offered/],
  [
    'a chunk that nobody asked for',
    digest => [hello(digest), { type: 'chunk', chunk: 0, bytes: noise(9) }],
    /not asked for/
  ],
  ['chunks beyond the end', digest => [hello(digest), { type: 'have', chunks: [4] }], /beyond the 4 that there are/]
]
const hello = (content: string): SwarmMessage => ({ type: 'hello', content, knows: true, peers: 9 })
for (const [what, messages, why] of nonsense) {
  test(`${what} ends the stream with the reason`, async () => {
    const mesh = net()
    const a = await mesh.peer('a')
    const { digest } = await a.take({ '': noise(4 * 64 * KIB) })
    const opened = await call(mesh.opener('x', 'a'), swarmProtocol)
    for (const each of messages(digest)) await opened.send(each)
    const error = await errorOf(
      (async () => {
        for await (const _ of opened);
      })()
    )
    assert.is(error.code, 'bad-message')
    assert.match(error.message, why)
  })
}

test('who asks for more at once than it may is cut off', async () => {
  const mesh = net()
  const a = await mesh.peer('a')
  const { digest } = await a.take({ '': noise(4 * 64 * KIB) })
  const opened = await call(mesh.opener('x', 'a'), swarmProtocol)
  await opened.send(hello(digest))
  for (let i = 0; i < 200; i++) opened.send({ type: 'get', chunk: i % 4 }).catch(() => {})
  const error = await errorOf(
    (async () => {
      for await (const _ of opened);
    })()
  )
  assert.match(error.message, /asks for more than 16 chunks/)
})

test('a peer is not sent a content again and again', async () => {
  const mesh = net()
  const a = await mesh.peer('a')
  const { digest, bytes } = await a.take({ '': noise(MIB) })
  const opened = await call(mesh.opener('x', 'a'), swarmProtocol)
  await opened.send(hello(digest))
  let got = 0
  for (let i = 0; i < 400; i++) {
    await opened.send({ type: 'get', chunk: i % 16 })
    let next = await opened.receive()
    while (next?.type === 'hello' || next?.type === 'have') next = await opened.receive()
    if (next?.type === 'no') break
    got += (next as { bytes: Uint8Array }).bytes.length
  }
  opened.abort(new Error('done'))
  assert.ok(got >= 4 * bytes && got <= 9 * bytes, `${got / bytes} times`)
})

test('who is no member of the mesh gets nothing', async () => {
  const mesh = net()
  const a = await mesh.peer('a')
  mesh.members.add('b')
  const { digest } = await a.take({ '': noise(10) })
  const opened = await call(mesh.opener('stranger', 'a'), swarmProtocol)
  await opened.send(hello(digest))
  assert.is((await errorOf(opened.receive())).code, 'not-allowed')
})

test.run()
