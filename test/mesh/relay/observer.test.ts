/** The observer and the peer that asks it, with real sockets on loopback. */
import { connect, createServer, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { observePort } from '../../../node/mesh/holepunch/observe.ts'
import { Observer } from '../../../node/mesh/relay/observer.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { observeProtocol, openProof, readProof, TOKEN_BYTES } from '../../../protocols/observe.ts'
import { serve } from '../../../protocols/stream.ts'
import { linkTo, newSigner } from '../../helpers/streams.ts'

const test = suite('the observer')

const relay = newSigner()
const peer = newSigner().peer
const hosts = ['127.0.0.1']
let observer: Observer
const sockets: Socket[] = []
const first = () => observer.ports[0] as number
const second = () => observer.ports[1] as number

test.before.each(async () => {
  observer = await Observer.open(relay, hosts, await freePort())
})
test.after.each(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  observer.close()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Sends what it is given, and waits for what comes or for the end. */
function say(port: number, text: string | Uint8Array): Promise<{ line: string; socket: Socket }> {
  const socket = connect({ host: '127.0.0.1', port })
  sockets.push(socket)
  socket.on('error', () => {})
  socket.write(text)
  return new Promise(resolve => {
    let line = ''
    socket.on('data', data => {
      line += data
      if (line.endsWith('\n')) resolve({ line, socket })
    })
    socket.once('close', () => resolve({ line, socket }))
  })
}

const hex = (token: Uint8Array) => `${Buffer.from(token).toString('hex')}\n`
const opener = (at = observer) =>
  linkTo(
    serve(observeProtocol, async function* () {
      yield { token: at.issueToken(peer), ports: at.ports }
    }),
    peer
  ).open

test('a member with a token gets its public endpoint, with a proof that others can check', async () => {
  const token = hex(observer.issueToken(peer))
  for (const port of observer.ports) {
    const { line, socket } = await say(port, token)
    const { by, endpoint } = openProof(readProof(line.trimEnd()), peer)
    assert.is(by, relay.peer)
    assert.equal(endpoint, { host: '127.0.0.1', port: socket.localPort })
    assert.ok(line.startsWith(`127.0.0.1:${socket.localPort} `))
  }
})

test('a token is valid once at each port', async () => {
  const token = hex(observer.issueToken(peer))
  const port = first()
  assert.not.equal((await say(port, token)).line, '')
  assert.is((await say(port, token)).line, '')
})

const strangers: Array<[title: string, text: () => string | Uint8Array]> = [
  ['a token that was never given', () => hex(new Uint8Array(TOKEN_BYTES))],
  ['a line that is too short', () => 'hello\n'],
  ['a request for a page', () => 'GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n'],
  ['very much at once', () => new Uint8Array(1024 * 1024)],
  ['a token with more behind it', () => `${hex(observer.issueToken(peer))}x`]
]
for (const [title, text] of strangers) {
  test(`${title} is closed without an answer`, async () => {
    const began = performance.now()
    assert.is((await say(first(), text())).line, '')
    assert.ok(performance.now() - began < 2_000)
  })
}

test('a silent socket is closed within seconds', async () => {
  const began = performance.now()
  assert.is((await say(second(), '')).line, '')
  assert.ok(performance.now() - began < 6_000)
})

test('a socket that goes on sending after the answer is closed', async () => {
  const { socket } = await say(first(), hex(observer.issueToken(peer)))
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.write('more')
  await closed
})

test('one peer gets a bounded number of tokens at a time, and does not use up those of others', () => {
  const codes = Array.from({ length: 40 }, () => {
    try {
      observer.issueToken(peer)
      return 'ok'
    } catch (error) {
      return (error as BakError).code
    }
  })
  assert.is(codes.filter(code => code === 'ok').length, 16)
  assert.ok(codes.slice(16).every(code => code === 'busy'))
  observer.issueToken(newSigner().peer)
})

test('its ports are those next to the daemon’s own, or others where these are taken', async () => {
  const near = await Observer.open(relay, hosts, second())
  assert.is(near.ports[0], second() + 1)
  const taken = await Observer.open(relay, hosts, first() - 1)
  assert.not(observer.ports.includes(taken.ports[0] as number))
  near.close()
  taken.close()
})

const within = () => AbortSignal.timeout(5_000)

test('a peer gets two observations of one port, and keeps it open', async () => {
  const observed = await observePort(peer, [{ host: '127.0.0.1', open: opener() }], within())
  assert.is(observed.endpoints.length, 2)
  for (const { host, port } of observed.endpoints) assert.equal([host, port], ['127.0.0.1', observed.localPort])
  observed.release()
})

test('two relays observe once each', async () => {
  const second = await Observer.open(newSigner(), hosts, await freePort())
  const relays = [observer, second].map(each => ({ host: '127.0.0.1', open: opener(each) }))
  const observed = await observePort(peer, relays, within())
  assert.is(new Set(observed.proofs.map(({ by }) => by)).size, 2)
  observed.release()
  second.close()
})

test('where one relay does not observe, the other does it twice', async () => {
  const deaf = async () => {
    throw new Error('protocol not supported')
  }
  const relays = [
    { host: '127.0.0.1', open: deaf },
    { host: '127.0.0.1', open: opener() }
  ]
  const observed = await observePort(peer, relays, within())
  assert.is(observed.endpoints.length, 2)
  observed.release()
  const error = await observePort(peer, [{ host: '127.0.0.1', open: deaf }], within()).catch(cause => cause as BakError)
  assert.is((error as BakError).code, 'unreachable')
})

test('silent ports are given up when the signal aborts', async () => {
  const server = createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const silent = linkTo(
    serve(observeProtocol, async function* () {
      yield { token: new Uint8Array(TOKEN_BYTES), ports: [port, port] }
    }),
    peer
  )
  const began = performance.now()
  const work = observePort(peer, [{ host: '127.0.0.1', open: silent.open }], AbortSignal.timeout(300))
  assert.ok((await work.catch(error => error)) instanceof Error)
  assert.ok(performance.now() - began < 3_000)
  server.close()
})

test.run()
