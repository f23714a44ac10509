import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Forwarding, type ForwardingComponents } from '../../node/mesh/forwarding.ts'
import { clockProtocol } from '../../protocols/clock.ts'
import { getProtocol } from '../../protocols/content.ts'
import { BakError } from '../../protocols/errors.ts'
import { ask, askOne, call, type Handler } from '../../protocols/stream.ts'
import { addressOf, createMesh, type LocalPeer, silent } from '../helpers/networks.ts'
import { stayAwake } from '../helpers/streams.ts'

const test = suite('streams by way of a neighbour')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const get: Handler<{ digest: string; offset: number; length: number }, { total: number; bytes: Uint8Array }> =
  async function* (first, { peer, receive }) {
    for (let next: typeof first | undefined = first; next !== undefined; next = await receive()) {
      if (next.offset === 13) throw new BakError('unknown-digest', `${peer} asks for it`)
      yield { total: 1024 * 1024, bytes: new Uint8Array(next.length).fill(next.offset % 251) }
    }
  }

/** Three peers of which the outer two are connected with the middle one only, and may not be connected with each other. */
async function inARow(): Promise<{ a: LocalPeer; b: LocalPeer; c: LocalPeer; stop(): Promise<void> }> {
  const mesh = createMesh()
  const services = {
    forwarding: (components: never) =>
      new Forwarding(components as ForwardingComponents, { log: silent, protocols: [getProtocol] })
  }
  // the outer peers listen nowhere: nobody can dial them
  const [a, b, c] = [
    await mesh.start({ listen: false, services }),
    await mesh.start({ services }),
    await mesh.start({ listen: false, services })
  ]
  for (const outer of [a, c]) await outer.network.dial(addressOf(b))
  return { a, b, c, stop: () => mesh.stop() }
}

const digest = 'a'.repeat(64)

test('a peer that cannot be reached is reached through a neighbour of both, and each end knows who the other is', async () => {
  const { a, b, c, stop } = await inARow()
  try {
    await a.streams.serve(getProtocol, get)
    const answer = await askOne(c.streams.to(a.peer), getProtocol, { digest, offset: 7, length: 3 })
    assert.equal([...answer.bytes], [7, 7, 7])
    // an error travels as on any stream, and names the caller, not the neighbour
    const failed = await askOne(c.streams.to(a.peer), getProtocol, { digest, offset: 13, length: 3 }).catch(e => e)
    assert.is(failed.code, 'unknown-digest')
    assert.match(failed.message, c.peer)
    assert.not.match(failed.message, b.peer)
    assert.is(a.network.getConnections(c.network.peerId).length, 0)
  } finally {
    await stop()
  }
})

test('a long exchange goes on over it, message by message, until the caller closes', async () => {
  const { a, c, stop } = await inARow()
  try {
    await a.streams.serve(getProtocol, get)
    const exchange = await call(c.streams.to(a.peer), getProtocol)
    for (let i = 20; i < 40; i++) {
      await exchange.send({ digest, offset: i, length: 256 * 1024 })
      const answer = await exchange.receive()
      assert.is(answer?.bytes.length, 256 * 1024)
      assert.is(answer?.bytes[0], i)
    }
    await exchange.close()
    assert.is(await exchange.receive(), undefined)
  } finally {
    await stop()
  }
})

test('a protocol that is not forwarded is not: the caller gets the reason why the peer cannot be reached', async () => {
  const { a, c, stop } = await inARow()
  try {
    await a.streams.serve(clockProtocol, async function* ({ asked }) {
      yield { asked, heard: 0, answered: 0 }
    })
    const failed = await askOne(c.streams.to(a.peer), clockProtocol, { asked: 1 }).catch(error => error)
    assert.is(failed.code, 'unreachable')
  } finally {
    await stop()
  }
})

test('a neighbour whose connections break ends what it forwards', async () => {
  const { a, b, c, stop } = await inARow()
  try {
    await a.streams.serve(getProtocol, get)
    const answers = ask(c.streams.to(a.peer), getProtocol, { digest, offset: 1, length: 1 })
    await answers.next()
    for (const connection of b.network.getConnections()) connection.abort(new Error('broken'))
    const failed = await answers.next().catch(error => error)
    assert.ok(failed instanceof BakError, 'the exchange breaks')
  } finally {
    await stop()
  }
})

test('without a neighbour that is connected with it a peer cannot be reached', async () => {
  const { a, b, c, stop } = await inARow()
  try {
    await a.network.stop()
    await b.network.hangUp(a.network.peerId).catch(() => {})
    const failed = await askOne(c.streams.to(a.peer), getProtocol, { digest, offset: 1, length: 1 }).catch(e => e)
    assert.is(failed.code, 'unreachable')
  } finally {
    await stop()
  }
})

test.run()
