/** Connections of TCP that a stream carries: whole both ways, held back by a slow reader, and never cut short unnoticed. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BakError } from '../../protocols/errors.ts'
import { call, type Exchange, serve } from '../../protocols/stream.ts'
import { answerTunnel, askTunnel, openTunnel, type TunnelRequest, tunnelProtocol } from '../../protocols/tunnel.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const test = suite('a connection that a stream carries')
const sleepAgain = stayAwake()
const servers: Server[] = []
test.after(() => {
  sleepAgain()
  for (const each of servers) each.close()
})

const { peer } = newSigner()

/** @returns the port of a server on loopback */
async function listen(serveOne: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    serveOne(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

/** @returns a socket and the one at its other end */
async function socketPair(): Promise<[Socket, Socket]> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const port = await listen(resolve)
  const near = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  near.on('error', () => {})
  const far = await promise
  return [near, far]
}

const to = { port: 80 }

/** The far end of each tunnel is connected with what `target` returns. */
function linkWith(target: () => Promise<Socket>, idle?: number) {
  return linkTo(
    serve(tunnelProtocol, async function* (_: TunnelRequest, exchange: Exchange<TunnelRequest>) {
      yield* answerTunnel(await target(), exchange, { idle })
    }),
    peer,
    { yamux: true }
  )
}

/** @returns the client's socket, the server's, the result of the caller's end, and the stream */
async function tunnel({ idle, farIdle }: { idle?: number; farIdle?: number } = {}) {
  const [far, server] = await socketPair()
  const link = linkWith(async () => far, farIdle)
  const [client, near] = await socketPair()
  const join = await openTunnel(link.open, to)
  const done = join(near, { idle }).then(
    () => 'ok',
    ({ code }) => code
  )
  return { client, server, done, link, far, near }
}

/** To the end of what it says; what it is told meanwhile goes on. */
const textOf = async (socket: Socket) =>
  Buffer.concat(await Array.fromAsync(socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)).toString()

test('comes whole in both directions, each of which ends for itself', async () => {
  const { client, server, done } = await tunnel()
  client.end('a question')
  const asked = await textOf(server)
  assert.is(asked, 'a question')
  // the other direction is open still
  const answer = textOf(client)
  server.write('half ')
  await sleep(50)
  server.end('and half')
  assert.is(await answer, 'half and half')
  assert.is(await done, 'ok')
})

test('carries megabytes unchanged while the other direction carries some, too', async () => {
  const { client, server, done } = await tunnel()
  const large = Buffer.alloc(8 * 1024 * 1024, 'abcdefghijk')
  client.end(large)
  server.end(large.subarray(0, 3_000_000))
  const [there, back] = await Promise.all([textOf(server), textOf(client)])
  assert.ok(there === large.toString() && back === large.toString().slice(0, 3_000_000))
  assert.is(await done, 'ok')
})

test('holds back who sends faster than the other side reads', async () => {
  const { client, server, link, done } = await tunnel()
  server.pause()
  client.on('error', () => {})
  let taken = 0
  const chunk = Buffer.alloc(256 * 1024)
  const fill = () => {
    while (taken < 512 * 1024 * 1024 && client.write(chunk)) taken += chunk.length
  }
  client.on('drain', fill)
  fill()
  const isStill = async () => {
    const before = taken
    await sleep(500)
    return taken === before
  }
  await until(isStill, { what: 'nothing more is taken' })
  assert.ok(taken < 96 * 1024 * 1024, `${taken} bytes`)
  link.streams[0]?.cut()
  assert.is(await done, 'unreachable')
})

test('that breaks at the server breaks at the client, and is no orderly end', async () => {
  const { client, server, done } = await tunnel()
  const read = textOf(client).then(
    () => 'ended',
    ({ code }) => code
  )
  server.write('half of')
  await sleep(50)
  server.resetAndDestroy()
  assert.is(await read, 'ECONNRESET')
  assert.is(await done, 'unreachable')
})

test('that breaks at the client breaks at the server', async () => {
  const { client, server, done } = await tunnel()
  const read = textOf(server).then(
    () => 'ended',
    ({ code }) => code
  )
  client.write('half of')
  await sleep(50)
  client.resetAndDestroy()
  assert.is(await read, 'ECONNRESET')
  assert.is(await done, 'unreachable')
})

test('that breaks in the middle, as a lost peer does, breaks at both ends', async () => {
  const { client, server, done, link } = await tunnel()
  const reads = [client, server].map(each =>
    textOf(each).then(
      () => 'ended',
      ({ code }) => code
    )
  )
  client.write('x')
  await sleep(50)
  link.streams[0]?.cut()
  assert.equal(await Promise.all(reads), ['ECONNRESET', 'ECONNRESET'])
  assert.is(await done, 'unreachable')
})

test('on which nothing comes ends at the near end after its time', async () => {
  const { client, done, far } = await tunnel({ idle: 150 })
  const closed = new Promise(resolve => client.once('close', resolve))
  client.resume()
  assert.is(await done, 'timeout')
  await closed
  if (!far.destroyed) await new Promise(resolve => far.once('close', resolve))
})

test('on which nothing comes ends at the far end after its time, with a reason', async () => {
  const { client, done } = await tunnel({ farIdle: 150 })
  const closed = new Promise(resolve => client.once('close', resolve))
  client.resume()
  assert.is(await done, 'timeout')
  await closed
})

test('is ended by the signal', async () => {
  const [far] = await socketPair()
  const link = linkWith(async () => far)
  const [client, near] = await socketPair()
  const ended = new AbortController()
  const done = (await openTunnel(link.open, to))(near, { signal: ended.signal }).catch(({ code }) => code)
  client.on('error', () => {})
  client.resume()
  ended.abort(new BakError('interrupted', 'over'))
  assert.is(await done, 'interrupted')
  await new Promise(resolve => (far.destroyed ? resolve(0) : far.once('close', resolve)))
})

test('that the other side refuses has its reason, for one that is only asked for, too', async () => {
  const refusing = linkTo(
    serve(tunnelProtocol, async function* () {
      throw new BakError('not-allowed', 'allow.forward lets no port be reached')
    }),
    peer
  )
  for (const asked of [openTunnel(refusing.open, to), askTunnel(refusing.open, to)]) {
    const error = await asked.then(
      () => undefined,
      cause => cause
    )
    assert.equal([error?.code, error?.message], ['not-allowed', 'allow.forward lets no port be reached'])
  }
})

test('that is not answered is given up after its time, and by the signal', async () => {
  const silent = linkTo(
    serve(tunnelProtocol, async function* () {
      await sleep(60_000, undefined, { ref: false })
    }),
    peer
  )
  const codeOf = (asked: Promise<unknown>) => asked.then(() => 'ok').catch(({ code }) => code)
  assert.is(await codeOf(openTunnel(silent.open, to, { within: 100 })), 'timeout')
  const leaving = new AbortController()
  const asked = codeOf(openTunnel(silent.open, to, { signal: leaving.signal }))
  await sleep(50)
  leaving.abort(new BakError('interrupted', 'gone'))
  assert.is(await asked, 'interrupted')
})

test('of a caller that opens it twice is aborted as a bad message', async () => {
  const [far, server] = await socketPair()
  const link = linkWith(async () => far)
  server.resume()
  const exchange = await call(link.open, tunnelProtocol)
  await exchange.send({ type: 'open', to })
  assert.equal(await exchange.receive(), { type: 'open' })
  await exchange.send({ type: 'open', to })
  const answer = await exchange.receive().catch(({ code }) => code)
  assert.is(answer, 'bad-message')
  if (!far.destroyed) await new Promise(resolve => far.once('close', resolve))
})

test('that leads to no port, or to a run without a tool, is a bad message', async () => {
  const link = linkWith(async () => (await socketPair())[0])
  for (const wrong of [
    { port: 0 },
    { port: 65_536 },
    { port: 80, host: '10.0.0.1' },
    { run: '20261122T213015-k3f9ab' }
  ]) {
    const exchange = await call(link.open, tunnelProtocol)
    await exchange.send({ type: 'open', to: wrong as never })
    assert.is(await exchange.receive().catch(({ code }) => code), 'bad-message', JSON.stringify(wrong))
  }
})

test.run()
