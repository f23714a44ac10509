/** The turn from Noise to TLS on one socket: over real sockets, and with somebody between them who tampers. */
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { turnKey } from '../../../node/mesh/libp2p/native.ts'
import { TlsStream } from '../../../node/mesh/libp2p/tls-stream.ts'
import { HALF_BYTES } from '../../../protocols/admission.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { type Side, sideOf } from '../../helpers/encrypters.ts'
import { addressOf, connectThrough, createMesh, eventually } from '../../helpers/networks.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import {
  closePairs,
  converses,
  type Ends,
  keptPair,
  NOISE_FRAMES,
  type Piece,
  receive,
  secret,
  shake,
  streams,
  type Tamper
} from '../../helpers/turn.ts'

const test = suite('the turn from Noise to TLS')
test.after(stayAwake())

test.after.each(closePairs)

/** Both sides refused, by name, and no socket is left. */
async function isRefused({ pair, sides, ends }: Ends, near: RegExp, far: RegExp): Promise<void> {
  for (const [end, side, why] of [
    [ends[0], sides.near, near],
    [ends[1], sides.far, far]
  ] as const) {
    assert.instance(end, Error)
    assert.is((end as BakError).code, 'not-allowed')
    assert.is(side.refusals.length, 1)
    const [refusal] = side.refusals
    assert.match(`${refusal?.code}: ${refusal?.reason}`, why)
  }
  await eventually('both sockets are gone', () => pair.sockets.near.destroyed && pair.sockets.far.destroyed)
}

test('both sides turn, find each other, and what they send arrives', async () => {
  const shaken = await shake()
  const { sides, ends } = shaken
  for (const stream of streams(shaken)) assert.instance(stream, TlsStream)
  const peers = ends.map(end => String((end as SecuredConnection).remotePeer))
  assert.equal(peers, [sides.far.peer, sides.near.peer])
  await converses(shaken)
})

for (const [title, cut] of [
  ['byte by byte', (bytes: Buffer) => Array.from(bytes, byte => Buffer.of(byte))],
  [
    'in pieces of three bytes',
    (bytes: Buffer) =>
      bytes
        .toString('hex')
        .match(/.{1,6}/g)
        ?.map(hex => Buffer.from(hex, 'hex')) ?? []
  ]
] as const) {
  test(`nothing is lost at the turn where the network brings the handshake ${title}`, async () => {
    let turned = false
    const shaken = await shake({ tamper: ({ bytes }) => (turned ? bytes : cut(bytes)) })
    turned = true
    await converses(shaken)
  })
}

test('nothing is lost at the turn where the last frame of Noise and the hello of TLS come in one piece', async () => {
  let held: Buffer | undefined
  const shaken = await shake({
    tamper: ({ direction, frame, bytes }) => {
      if (direction === 'out' && frame === NOISE_FRAMES.out - 1) {
        held = bytes
        return []
      }
      if (direction === 'in' || held == null) return bytes
      const both = Buffer.concat([held, bytes])
      held = undefined
      return both
    }
  })
  assert.is(held, undefined)
  await converses(shaken)
})

test('after the turn nobody between the two can read what is sent, nor whose key it is', async () => {
  const seen: Buffer[] = []
  const shaken = await shake({
    tamper: ({ frame, bytes }) => {
      if (frame === 'tls') seen.push(bytes)
      return bytes
    }
  })
  const [near, far] = streams(shaken)
  const words = Buffer.from('what nobody else may read '.repeat(100))
  const came = receive(far, words.length)
  near.send(words)
  await came
  const all = Buffer.concat(seen)
  assert.ok(all.length > words.length)
  assert.not.ok(all.includes('nobody else'))
  assert.not.ok(all.includes(shaken.sides.near.peer) || all.includes(shaken.sides.far.peer))
})

const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}
const JUNK = Buffer.of(0x16)
const anyRefusal = /^(no-tls|gone|bad-proof|wrong-secret|too-slow): ./

for (const direction of ['out', 'in'] as const) {
  const from = direction === 'out' ? 'the dialler' : 'the listener'
  const last = NOISE_FRAMES[direction] - 1
  const changes: Array<[title: string, tamper: Tamper]> = [
    [
      'puts a byte before the last frame of Noise',
      ({ frame, bytes }) => (frame === last ? Buffer.concat([JUNK, bytes]) : bytes)
    ],
    [
      'changes a byte of the last frame of Noise',
      ({ frame, bytes }) => (frame === last ? flipped(bytes, bytes.length - 1) : bytes)
    ],
    [
      'puts a byte between the last frame of Noise and TLS',
      ({ frame, bytes }) => (frame === last ? Buffer.concat([bytes, JUNK]) : bytes)
    ],
    [
      'sends the last frame of Noise twice',
      ({ frame, bytes }) => (frame === last ? Buffer.concat([bytes, bytes]) : bytes)
    ],
    ['changes a byte of TLS at its beginning', onceInTls(({ bytes }) => flipped(bytes, 0))],
    ['changes a byte of TLS in its middle', onceInTls(({ bytes }) => flipped(bytes, bytes.length >> 1))],
    [
      'puts a byte into TLS',
      onceInTls(({ bytes }) => Buffer.concat([bytes.subarray(0, 100), JUNK, bytes.subarray(100)]))
    ]
  ]
  for (const [title, tamper] of changes) {
    test(`who ${title} of ${from} ends the handshake, with a reason on both sides`, async () => {
      const signal = AbortSignal.timeout(3_000)
      const shaken = await shake({
        tamper: piece => (piece.direction === direction ? tamper(piece) : piece.bytes),
        signal
      })
      await isRefused(shaken, anyRefusal, anyRefusal)
    })
  }
}

/** @returns what tampers with the first piece of TLS only */
function onceInTls(tamper: Tamper): Tamper {
  let done = false
  return piece => {
    if (done || piece.frame !== 'tls') return piece.bytes
    done = true
    return tamper(piece)
  }
}

for (const [title, change] of [
  ['a byte is changed', (bytes: Buffer) => flipped(bytes, bytes.length - 1)],
  ['a byte is put before a record', (bytes: Buffer) => Buffer.concat([JUNK, bytes])],
  ['a record comes twice', (bytes: Buffer) => Buffer.concat([bytes, bytes])]
] as const) {
  test(`after the turn, where ${title}, the connection is aborted and nothing of it is passed on`, async () => {
    let tampers = false
    const shaken = await shake({
      tamper: ({ direction, bytes }) => (tampers && direction === 'out' ? change(bytes) : bytes)
    })
    const [near, far] = streams(shaken)
    const closed = Promise.withResolvers<Error | undefined>()
    far.addEventListener('close', ({ error }) => closed.resolve(error))
    const pieces: number[] = []
    far.addEventListener('message', ({ data }) => pieces.push(data.byteLength))
    tampers = true
    near.send(Buffer.alloc(100, 7))
    assert.instance(await closed.promise, Error)
    assert.is(far.status, 'aborted')
    assert.ok(pieces.length <= 1 && pieces.every(length => length === 100), `passed on: ${pieces}`)
    await eventually('both sockets are gone', () => Object.values(shaken.pair.sockets).every(each => each.destroyed))
  })
}

test('a side whose key is another one is refused by both, by name', async () => {
  // it derives the key for a peer that it is not
  const sides = { near: sideOf('mesh', secret, undefined, newSigner().peer), far: sideOf('mesh', secret) }
  const tls = /^no-tls: TLS did not come about: ./
  await isRefused(await shake({ sides }), tls, tls)
})

for (const direction of ['out', 'in'] as const) {
  const who = direction === 'out' ? 'dialler' : 'listener'
  test(`a ${who} that stalls at the turn is given up in time by the other side, and both sockets are closed`, async () => {
    const began = performance.now()
    const shaken = await shake({
      tamper: ({ direction: of, frame, bytes }) => (of === direction && frame === 'tls' ? [] : bytes)
    })
    assert.ok(performance.now() - began < 10_000)
    await isRefused(shaken, /^no-tls: TLS did not come about/, /^no-tls: TLS did not come about/)
    const victim = direction === 'out' ? shaken.sides.far : shaken.sides.near
    assert.match(victim.refusals[0]?.reason ?? '', 'TLS did not come about')
  })
}

/** A side whose connection does not show its socket, and so stays on Noise. */
function withoutSocket(side: Side): Side {
  const hide = (connection: object) =>
    new Proxy(connection, {
      get: (target, key) => {
        if (key === 'socket') return undefined
        const value = Reflect.get(target, key)
        return typeof value === 'function' && !Object.hasOwn(target, key) ? value.bind(target) : value
      },
      set: (target, key, value) => Reflect.set(target, key, value)
    })
  const { secureInbound, secureOutbound } = side.encrypter
  const encrypter = {
    protocol: side.encrypter.protocol,
    secureInbound: (connection: never, options: never) => secureInbound(hide(connection) as never, options),
    secureOutbound: (connection: never, options: never) => secureOutbound(hide(connection) as never, options)
  }
  return { ...side, encrypter: encrypter as never }
}

for (const who of ['near', 'far'] as const) {
  test(`a ${who === 'near' ? 'dialler' : 'listener'} that does not turn is told so, and each side says which`, async () => {
    const sides = { near: sideOf('mesh', secret), far: sideOf('mesh', secret) }
    sides[who] = withoutSocket(sides[who])
    const [stays, turns] = [/^no-tls: only one side .* has a socket for TLS/, /^no-tls: it does not turn to TLS/]
    await isRefused(await shake({ sides }), who === 'near' ? stays : turns, who === 'near' ? turns : stays)
  })
}

test('two sides without sockets of their own stay on Noise', async () => {
  const sides = { near: withoutSocket(sideOf('mesh', secret)), far: withoutSocket(sideOf('mesh', secret)) }
  const shaken = await shake({ sides })
  for (const stream of streams(shaken)) assert.not.instance(stream, TlsStream)
  await converses(shaken)
})

test('a handshake that was recorded lets nobody in when it is played again, in whole or from the turn on', async () => {
  const recorded: Piece[] = []
  const sides = { near: sideOf('mesh', secret), far: sideOf('mesh', secret) }
  const record: Tamper = piece => {
    recorded.push(piece)
    return piece.bytes
  }
  await converses(await shake({ sides, tamper: record }))
  const said = recorded.filter(({ direction }) => direction === 'out')
  const forget = () => {
    for (const { refusals } of Object.values(sides)) refusals.length = 0
  }
  forget()
  const whole = await shake({
    sides,
    signal: AbortSignal.timeout(3_000),
    between: (dialler, listener) => {
      dialler.resume().on('error', () => {})
      listener.resume().on('error', () => {})
      listener.write(Buffer.concat(said.map(({ bytes }) => bytes)))
    }
  })
  await isRefused(whole, anyRefusal, anyRefusal)
  forget()
  const hello = said.find(({ frame }) => frame === 'tls') as Piece
  const fromTurn = await shake({
    sides,
    signal: AbortSignal.timeout(3_000),
    tamper: onceInTls(({ direction, bytes }) => (direction === 'out' ? hello.bytes : bytes))
  })
  await isRefused(fromTurn, /^no-tls: /, /^no-tls: /)
})

test('bytes that come before the handshake was begun are refused', async () => {
  const pair = await keptPair()
  pair.sockets.near.write(Buffer.of(0, 32))
  await eventually('they came', () => (pair.far as unknown as { readBufferLength: number }).readBufferLength > 0)
  const side = sideOf('mesh', secret)
  const error = await side.encrypter.secureInbound(pair.far as never).then(
    () => undefined,
    (error: BakError) => error
  )
  assert.is(error?.code, 'not-allowed')
  assert.equal(
    side.refusals.map(({ code, reason }) => [code, reason]),
    [['no-tls', 'bytes came before the handshake']]
  )
})

test('the key is bound to both halves, to who gave which, and to who dialled', () => {
  const half = (byte: number) => new Uint8Array(HALF_BYTES).fill(byte)
  const [a, b] = [
    { peer: 'a', half: half(1) },
    { peer: 'b', half: half(2) }
  ]
  const key = turnKey(a, b).toString('hex')
  assert.is(key.length, 64)
  assert.is(turnKey({ ...a }, { ...b }).toString('hex'), key)
  const others = [
    turnKey(b, a),
    turnKey({ ...a, half: half(2) }, { ...b, half: half(1) }),
    turnKey({ ...a, half: half(3) }, b),
    turnKey(a, { ...b, half: half(3) }),
    turnKey({ ...a, peer: 'c' }, b),
    turnKey(a, { ...b, peer: 'c' })
  ].map(other => other.toString('hex'))
  assert.is(new Set([key, ...others]).size, 7)
})

test('in a mesh a dialled connection is TLS, a relayed one Noise, and streams run on both', async () => {
  const mesh = createMesh()
  try {
    const [relay, a, b] = [await mesh.start({ relay: true }), await mesh.start(), await mesh.start()]
    const relayed = await connectThrough(relay, a, b)
    const direct = await a.network.dial(addressOf(b), { force: true })
    const below = (connection: unknown) => (connection as { muxer: { maConn: MessageStream } }).muxer.maConn
    assert.instance(below(direct), TlsStream)
    assert.not.instance(below(relayed), TlsStream)
    for (const connection of [relayed, direct]) {
      const [answered] = await Promise.all([echo(b.network, connection)])
      assert.is(answered, 'hello')
    }
  } finally {
    await mesh.stop()
  }
})

async function echo(
  network: { handle(protocol: string, handler: (stream: MessageStream) => void, options?: object): Promise<void> },
  connection: { newStream(protocol: string, options?: object): Promise<MessageStream> }
): Promise<string> {
  const options = { runOnLimitedConnection: true, force: true }
  await network.handle(
    '/test/echo',
    stream => stream.addEventListener('message', ({ data }) => void stream.send(data)),
    options
  )
  const stream = await connection.newStream('/test/echo', options)
  const came = receive(stream, 5)
  stream.send(Buffer.from('hello'))
  return String(await came)
}

test.run()
