/** The second connection of two peers: real libp2p and real TLS, on loopback. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Connection } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { Greeter } from '../../../node/mesh/bulk/greeter.ts'
import { Bulk } from '../../../node/mesh/bulk/service.ts'
import { ConnectionGater } from '../../../node/mesh/limits/connection-gater.ts'
import { FAILED_HANDSHAKES } from '../../../node/mesh/limits/constants.ts'
import { bulkProtocol } from '../../../protocols/bulk.ts'
import { digestOf } from '../../../protocols/digest.ts'
import { acksProtocol, clockProtocol, type FromController, type FromMember } from '../../../protocols/phase.ts'
import { askOne, call, type Handler, type Opener } from '../../../protocols/stream.ts'
import { receiveTarball, type Sink, sendTarball, tarballProtocol } from '../../../protocols/tarball.ts'
import {
  addressOf,
  connectThrough,
  createMesh,
  eventually,
  type LocalMesh,
  type LocalPeer
} from '../../helpers/networks.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('bulk connections')
const MIB = 2 ** 20
const SIZE = 9 * MIB
const bytes = new Uint8Array(SIZE).map((_, i) => i * 7 + (i >> 8))
const controller = newSigner()

let mesh: LocalMesh
test.before.each(() => {
  mesh = createMesh()
})
test.after.each(() => mesh.stop())

interface Peer extends LocalPeer {
  bulk: Bulk
  gate: ConnectionGater
  lines: string[]
  /** What carried each tarball that it took. */
  came: Array<string | undefined>
}

type Paths = { isPunched(connection: Connection): boolean }

interface Init {
  idle?: number
  bulk?: boolean
  relay?: boolean
  paths?: Paths
  /** The gate's clock. */
  now?(): number
}

async function start(init: Init = {}): Promise<Peer> {
  const { idle, bulk = true, relay, now, paths = { isPunched: () => false } } = init
  const lines: string[] = []
  const log = createLog('info', line => lines.push(line))
  const gate = new ConnectionGater({ peerScore: { note: () => {}, isCutOff: () => false }, log, now })
  const greeter = new Greeter({ gate })
  const services = {
    gate: (c: never) => gate.serve(c),
    paths: () => paths,
    relays: () => ({ observers: () => [] }),
    members: () => ({ get: () => undefined }),
    ...(bulk && { bulk: (c: never) => new Bulk(c, { log, greeter, idle }) })
  }
  const local = await mesh.start({ relay, services, network: { gater: gate, ...(bulk && { greeter }) } })
  const came: Peer['came'] = []
  await local.streams.serve(
    tarballProtocol,
    receiveTarball({
      signer: controller,
      admit: async (_offer, _peer, carrier) => {
        came.push(carrier)
        return { sink: memory() }
      }
    })
  )
  await local.streams.serve(clockProtocol, async function* () {
    yield { asked: 0, heard: 0, answered: 0 }
  })
  return { ...local, bulk: (local.parts as never as { bulk: Bulk }).bulk, gate, lines, came }
}

function memory(): Sink {
  let size = 0
  return {
    size: () => size,
    append: async (_offset, bytes) => {
      size += bytes.length
    },
    finish: async () => {},
    keep: async () => {},
    close: async () => {}
  }
}

const offer = {
  run: '20261122T213015-k3f9ab',
  what: '1-default/sample1',
  kind: 'tools' as const,
  digest: digestOf(bytes),
  bytes: SIZE,
  allow: ['x']
}

const send = (open: Opener, what = offer) =>
  sendTarball(
    open,
    what,
    { read: async (at, length) => bytes.subarray(at, at + length) },
    {
      signal: AbortSignal.timeout(30_000),
      to: controller.peer
    }
  )
const between = (from: LocalPeer, to: LocalPeer): Connection[] => from.network.getConnections(to.network.peerId)

for (const [title, dials] of [
  ['the sender dialled', 'sender'],
  ['the receiver dialled', 'receiver']
] as const) {
  test(`where ${title}, a large tarball goes over a connection of its own, which nobody else sees`, async () => {
    const [a, b] = [await start(), await start()]
    const seen: string[] = []
    await (dials === 'sender' ? a.network.dial(addressOf(b)) : b.network.dial(addressOf(a)))
    await eventually('both are connected', () => between(a, b).length === 1 && between(b, a).length === 1)
    for (const { network } of [a, b]) {
      for (const event of ['connection:open', 'connection:close', 'peer:connect'] as const) {
        network.addEventListener(event, () => seen.push(event))
      }
    }
    await send(a.bulk.to(b.peer, SIZE))
    assert.equal(b.came, ['tls'])
    assert.equal([a.bulk.size, b.bulk.size], [1, 1])
    assert.equal([between(a, b).length, between(b, a).length], [1, 1])
    await Promise.all([send(a.bulk.to(b.peer, SIZE)), send(b.bulk.to(a.peer, SIZE))])
    assert.equal([a.bulk.size, b.bulk.size], [2, 2], 'each begins on its own')
    assert.equal([a.came, b.came], [['tls'], ['tls', 'tls']])
    assert.equal(seen, [])
    assert.equal([a.lines, b.lines], [[], []])
  })
}

test('what is small goes over the first connection, until there is another', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, 1))
  assert.equal(b.came, ['noise'])
  await send(a.bulk.to(b.peer, SIZE))
  await send(a.bulk.to(b.peer, 1))
  assert.equal(b.came, ['noise', 'tls', 'tls'])
})

test('several tarballs at once have a connection each, up to a bound, and later ones use those', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  const digests = [1, 2, 3, 4, 5, 6].map(i => digestOf(new Uint8Array([i])))
  await Promise.all(digests.map(digest => send(a.bulk.to(b.peer, SIZE), { ...offer, digest })))
  assert.is(b.came.length, 6)
  assert.ok(a.bulk.size > 1 && a.bulk.size <= 4, `${a.bulk.size} connections`)
  const before = a.bulk.size
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal([b.came.at(-1), a.bulk.size, b.bulk.size], ['tls', before, before])
  assert.equal([a.lines, b.lines], [[], []])
})

/** The controller's end of a line: says yes to each answer. */
const accepts: Handler<FromMember, FromController> = async function* (first, { receive }) {
  for (let next: FromMember | undefined = first; next !== undefined; next = await receive()) yield { type: 'lease' }
}

/** Says hello twice on a line. @returns whether it was heard */
async function converse(open: Opener): Promise<boolean> {
  const line = await call(open, acksProtocol, { signal: AbortSignal.timeout(20_000) })
  for (let i = 0; i < 2; i++) {
    await line.send({ type: 'open', run: offer.run })
    if ((await line.receive())?.type !== 'lease') return false
  }
  await line.close()
  return true
}

for (const dials of ['member', 'controller'] as const) {
  test(`the line of a run has a connection of its own, whichever dialled: the ${dials}; tarballs have another`, async () => {
    const [a, b] = [await start(), await start()]
    await (dials === 'member' ? a.network.dial(addressOf(b)) : b.network.dial(addressOf(a)))
    await eventually('both are connected', () => between(a, b).length === 1 && between(b, a).length === 1)
    await b.streams.serve(acksProtocol, accepts)
    assert.ok(await converse(a.bulk.lineTo(b.peer)))
    assert.equal([a.bulk.size, b.bulk.size, between(a, b).length], [1, 1, 1])
    await send(a.bulk.to(b.peer, SIZE))
    assert.equal([a.bulk.size, b.bulk.size, b.came], [2, 2, ['tls']])
    // what one run left is the next one's
    assert.ok(await converse(a.bulk.lineTo(b.peer)))
    assert.equal([a.bulk.size, a.lines, b.lines], [2, [], []])
  })
}

test('the line of a run goes over the first connection where a second would have to be punched', async () => {
  const paths = { isPunched: () => true }
  const [a, b] = [await start({ paths }), await start({ paths })]
  await a.network.dial(addressOf(b))
  await b.streams.serve(acksProtocol, accepts)
  assert.ok(await converse(a.bulk.lineTo(b.peer)))
  assert.equal([a.bulk.size, b.bulk.size], [0, 0])
})

test('more lines than two peers need go over the first connection, and leave room for transfers', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  await b.streams.serve(acksProtocol, accepts)
  const lines = []
  for (let i = 0; i < 6; i++) {
    const line = await call(a.bulk.lineTo(b.peer), acksProtocol, { signal: AbortSignal.timeout(20_000) })
    await line.send({ type: 'open', run: offer.run })
    assert.is((await line.receive())?.type, 'lease')
    lines.push(line)
  }
  assert.is(a.bulk.size, 4)
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal([a.bulk.size, b.came], [5, ['tls']])
  await Promise.all(lines.map(line => line.close()))
})

test('nothing but tarballs goes over it', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, SIZE))
  const open = a.bulk.to(b.peer, SIZE)
  assert.is((await askOne(open, clockProtocol, { asked: 1 })).asked, 0)
  assert.ok('id' in (await open(clockProtocol.id)), 'it is a stream of the first connection')
})

test('it is closed when it was idle for a while, and made again when it is wanted', async () => {
  const [a, b] = [await start({ idle: 100 }), await start()]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, SIZE))
  await eventually('it is closed on both sides', () => a.bulk.size === 0 && b.bulk.size === 0)
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal(b.came, ['tls', 'tls'])
})

test('it ends with the last connection of its peer', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, SIZE))
  await b.network.hangUp(a.network.peerId)
  await eventually('it is gone on both sides', () => a.bulk.size === 0 && b.bulk.size === 0)
})

test('a peer of before, which knows nothing of it, gets its tarball over the first connection, with one line in the log', async () => {
  const [a, old] = [await start(), await start({ bulk: false })]
  await a.network.dial(addressOf(old))
  await send(a.bulk.to(old.peer, SIZE))
  await send(a.bulk.to(old.peer, SIZE))
  assert.equal(old.came, ['noise', 'noise'])
  assert.is(a.lines.length, 1)
  assert.match(a.lines[0] as string, 'no bulk connection')
})

test('a relayed connection has none beside it, and no word is lost about that', async () => {
  const relay = await start({ relay: true, bulk: false })
  const [a, b] = [await start(), await start()]
  await connectThrough(relay, a, b)
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal([b.came, a.bulk.size, a.lines], [['noise'], 0, []])
})

test('a punched pair is too far apart for what is not very large, and stays as it is where no relay looks on', async () => {
  const paths = { isPunched: () => true }
  const [a, b] = [await start({ paths }), await start({ paths })]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal(a.lines, [])
  await send(a.bulk.to(b.peer, 2 ** 30))
  assert.equal(b.came, ['noise', 'noise'])
  assert.is(a.lines.length, 1)
  assert.match(a.lines[0] as string, 'no relay observes')
  assert.equal([a.bulk.size, b.bulk.size], [0, 0])
})

test('a transfer that breaks on it goes on over the first connection, and the next one is on it again', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  const open = a.bulk.to(b.peer, SIZE)
  let cut = false
  const spied: Opener = async (protocol, options) => {
    const stream = await open(protocol, options)
    if (!cut) setTimeout(() => stream.abort(new Error('cut')))
    cut = true
    return stream
  }
  const { reopened } = await send(spied)
  assert.is(reopened, 1)
  assert.is(b.came.at(-1), 'noise')
  await send(a.bulk.to(b.peer, SIZE))
  assert.is(b.came.at(-1), 'tls')
})

/** Says hello as TLS does, with a key that is not one. @returns what became of the socket */
function hello(to: LocalPeer, { id = 'f'.repeat(32), key = Buffer.alloc(32) } = {}): Promise<string> {
  const [, port] = /tcp\/(\d+)/.exec(String(addressOf(to))) ?? []
  const socket = connectTls({
    ...{ host: '127.0.0.1', port: Number(port), minVersion: 'TLSv1.3', checkServerIdentity: () => undefined },
    pskCallback: () => ({ psk: key, identity: id })
  } as never)
  return new Promise(resolve => {
    socket.once('secureConnect', () => resolve('let in'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.once('close', () => resolve('closed'))
  })
}

test('a stranger that says hello as TLS does is refused by name, and so is a member with another key', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  assert.not((await hello(b)) === 'let in')
  await eventually('it is in the log', () => b.lines.length === 1)
  assert.match(b.lines[0] as string, /bulk connection refused/)
  assert.match(b.lines[0] as string, /from=127\.0\.0\.1 .*it came with no key that this peer gave out/)
  const answer = await askOne(a.streams.to(b.peer), bulkProtocol, { type: 'key', use: 'tarball' })
  assert.is(answer.type, 'key')
  const { id, key } = answer as { id: string; key: Uint8Array }
  assert.not((await hello(b, { id })) === 'let in')
  await eventually('that, too', () => b.lines.length === 2)
  assert.match(b.lines[1] as string, `it does not hold the key that ${a.peer} was given`)
  assert.not((await hello(b, { id, key: Buffer.from(key) })) === 'let in', 'no key is good for two handshakes')
  assert.is(b.bulk.size, 0)
  await send(a.bulk.to(b.peer, SIZE))
  assert.equal(b.came, ['tls'])
})

test('a key that was stolen brings nobody in once its peer is gone', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  const { id, key } = (await askOne(a.streams.to(b.peer), bulkProtocol, { type: 'key', use: 'tarball' })) as never as {
    id: string
    key: Uint8Array
  }
  await b.network.hangUp(a.network.peerId)
  await eventually('they are apart', () => between(b, a).length === 0)
  await hello(b, { id, key: Buffer.from(key) })
  await eventually('it is refused', () => b.lines.some(line => line.includes('bulk connection refused')))
  assert.is(b.bulk.size, 0)
})

test("strangers' hellos are counted as other handshakes that fail are", async () => {
  const b = await start({ now: () => 0 })
  const [, port] = /tcp\/(\d+)/.exec(String(addressOf(b))) ?? []
  for (let i = 0; i < FAILED_HANDSHAKES.burst + 20; i += 20) {
    await Promise.all(Array.from({ length: 20 }, () => junk(Number(port))))
  }
  await eventually('the address is refused', () => b.lines.some(line => line.includes('handshakes of this address')))
})

/** The beginning of a hello and then nothing that makes sense. Resolves when it is cut off. */
function junk(port: number): Promise<void> {
  return new Promise(resolve => {
    const socket: Socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.resume()
    socket.write(Buffer.from('160301000401000000', 'hex'))
  })
}

test('a daemon stops at once, whoever is knocking', async () => {
  const [a, b] = [await start(), await start()]
  await a.network.dial(addressOf(b))
  await send(a.bulk.to(b.peer, SIZE))
  const [, port] = /tcp\/(\d+)/.exec(String(addressOf(b))) ?? []
  const quiet = connect({ port: Number(port), host: '127.0.0.1' })
  quiet.on('error', () => {})
  await new Promise(resolve => quiet.once('connect', resolve))
  const began = performance.now()
  await b.network.stop()
  assert.ok(performance.now() - began < 8_000)
  quiet.destroy()
  assert.is(b.bulk.size, 0)
})

test.run()
