/** The near end of tunnels: a port of loopback whose connections lead elsewhere. */
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openTunnelPort } from '../../node/collectors/tunnel-port.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Exchange, serve } from '../../protocols/stream.ts'
import { answerTunnel, type TunnelRequest, tunnelProtocol } from '../../protocols/tunnel.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('a local port of tunnels')
const sleepAgain = stayAwake()
const { peer } = newSigner()
let target = 0
const echo = createServer({ allowHalfOpen: true }, socket => {
  socket.on('error', () => {})
  socket.pipe(socket)
})
test.before(async () => {
  await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve))
  target = (echo.address() as { port: number }).port
})
test.after(() => {
  sleepAgain()
  echo.close()
})

const link = () =>
  linkTo(
    serve(tunnelProtocol, async function* (_: TunnelRequest, exchange: Exchange<TunnelRequest>) {
      const socket = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true })
      await new Promise(resolve => socket.once('connect', resolve))
      yield* answerTunnel(socket, exchange)
    }),
    peer,
    { yamux: true }
  )

const to = { port: 80 }
const dial = (port: number): Socket => {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => {})
  return socket
}
async function speak(port: number, words: string): Promise<string> {
  const client = dial(port)
  // before there is a tunnel
  client.end(words)
  return Buffer.concat(await Array.fromAsync(client as AsyncIterable<Buffer>)).toString()
}

test('carries each connection, with what is said at once', async () => {
  const leaving = new AbortController()
  const local = await openTunnelPort({ open: link().open, to, signal: leaving.signal })
  assert.is(local.host, '127.0.0.1')
  const words = Array.from({ length: 60 }, (_, i) => `word ${i}`)
  assert.equal(await Promise.all(words.map(each => speak(local.port, each))), words)
  await local.close()
  assert.is(await speak(local.port, 'x').catch(({ code }) => code), 'ECONNREFUSED')
})

test('ends with its signal, and with it what is open', async () => {
  const leaving = new AbortController()
  const failures: string[] = []
  const onFailure = ({ code }: BakError) => failures.push(code)
  const local = await openTunnelPort({ open: link().open, to, signal: leaving.signal, onFailure })
  const client = dial(local.port)
  client.write('x')
  await new Promise(resolve => client.once('data', resolve))
  const closed = new Promise(resolve => client.once('close', resolve))
  leaving.abort(new BakError('interrupted', 'over'))
  await Promise.all([closed, local.close()])
  assert.equal(failures, [])
})

test('says why a connection leads nowhere, and breaks it', async () => {
  const refusing = linkTo(
    serve(tunnelProtocol, async function* () {
      throw new BakError('not-ready', 'pcp listens on no port here')
    }),
    peer
  )
  const failures: string[] = []
  const leaving = new AbortController()
  const onFailure = ({ message }: BakError) => failures.push(message)
  const local = await openTunnelPort({ open: refusing.open, to, signal: leaving.signal, onFailure })
  assert.is(await speak(local.port, 'x').catch(({ code }) => code), 'ECONNRESET')
  await sleep(20)
  assert.equal(failures, ['pcp listens on no port here'])
  await local.close()
})

test('refuses a port that is taken, by its number', async () => {
  const leaving = new AbortController()
  const error = await openTunnelPort({ open: link().open, to, port: target, signal: leaving.signal }).catch(
    cause => cause
  )
  assert.is(error.code, 'busy')
  assert.match(error.message, new RegExp(`port ${target} of this machine is taken`))
})

test.run()
