/** Real sockets on loopback. Connects do not cross each other there, so a server plays the other side. */
import { createServer, type Server, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connectFrom, randomPorts } from '../../../node/mesh/holepunch/local-port.ts'
import { type PortPair, raceConnects } from '../../../node/mesh/holepunch/race.ts'
import { BakError } from '../../../protocols/errors.ts'

const test = suite('a race of connects')

const nonce = new Uint8Array(16).fill(7)
const servers: Server[] = []
const accepted = new Set<Socket>()
test.after.each(() => {
  for (const server of servers.splice(0)) server.close()
  for (const socket of accepted) socket.destroy()
  accepted.clear()
})

async function serve(act: (socket: Socket) => void, port = 0): Promise<number> {
  const server = createServer(socket => {
    accepted.add(socket)
    socket.on('error', () => {})
    act(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as { port: number }).port
}

const echo = (socket: Socket) => void socket.pipe(socket)
const [from] = randomPorts(1) as [number]
const to = (port: number): PortPair => ({ from, to: { host: '127.0.0.1', port } })
const soon = () => AbortSignal.timeout(5_000)

async function freePort(): Promise<number> {
  const port = await serve(() => {})
  const server = servers.pop() as Server
  await new Promise(resolve => server.close(resolve))
  return port
}

test('the leader gets the socket on which its nonce comes back', async () => {
  const port = await serve(echo)
  const socket = await raceConnects({ pairs: [to(port)], leads: true, nonce }, soon())
  assert.is(socket.remotePort, port)
  assert.is(socket.localPort, from)
  socket.destroy()
})

test('the follower gets the socket that brings the nonce, and sends it back; what follows is not lost', async () => {
  const heard = Promise.withResolvers<Buffer>()
  const port = await serve(socket => {
    socket.write(Buffer.concat([nonce, Buffer.from('and more')]))
    socket.once('data', heard.resolve)
  })
  const socket = await raceConnects({ pairs: [to(port)], leads: false, nonce }, soon())
  assert.is(String(await new Promise(resolve => socket.once('data', resolve))), 'and more')
  assert.equal(new Uint8Array(await heard.promise), nonce)
  socket.destroy()
})

test('other programs are not taken for the peer: a banner, silence, another nonce', async () => {
  const banner = await serve(socket => void socket.write('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'))
  const silent = await serve(() => {})
  const other = await serve(socket => void socket.write(new Uint8Array(16)))
  const right = await serve(echo)
  const socket = await raceConnects({ pairs: [banner, silent, other, right].map(to), leads: true, nonce }, soon())
  assert.is(socket.remotePort, right)
  socket.destroy()
})

test('a refused connect is repeated until it succeeds', async () => {
  const port = await freePort()
  const racing = raceConnects({ pairs: [to(port)], leads: true, nonce }, soon())
  await new Promise(resolve => setTimeout(resolve, 150))
  await serve(echo, port)
  const socket = await racing
  assert.is(socket.remotePort, port)
  socket.destroy()
})

test('one of many ports is enough, and the other sockets are closed', async () => {
  let open = 0
  const port = await serve(socket => {
    open++
    socket.once('close', () => open--)
    echo(socket)
  })
  const dead = await freePort()
  const pairs = randomPorts(200).map((each, i) => ({
    from: each,
    to: { host: '127.0.0.1', port: i === 150 ? port : dead }
  }))
  const socket = await raceConnects({ pairs, leads: true, nonce }, soon())
  assert.is(socket.localPort, pairs[150]?.from)
  assert.is(open, 1)
  socket.destroy()
})

test('an aborted signal ends it with its reason', async () => {
  const control = new AbortController()
  const port = await freePort()
  const racing = raceConnects({ pairs: [to(port)], leads: true, nonce }, control.signal).catch(error => error)
  setTimeout(() => control.abort(new BakError('interrupted', 'there is a direct connection')), 50)
  const error: BakError = await racing
  assert.equal([error.code, error.message], ['interrupted', 'there is a direct connection'])
})

test('several sockets share one local port', async () => {
  const ports = [await serve(echo), await serve(echo)]
  const sockets = ports.map(port => connectFrom(from, { host: '127.0.0.1', port }))
  try {
    await Promise.all(sockets.map(socket => new Promise(resolve => socket.once('connect', resolve))))
    assert.equal(
      sockets.map(socket => socket.localPort),
      [from, from]
    )
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test.run()
