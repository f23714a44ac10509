import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Traffic } from '../../../node/mesh/idle/traffic.ts'
import { until } from '../../helpers/workspace.ts'

const test = suite('traffic')

const servers: Server[] = []
const traffic = new Traffic()
test.before.each(() => traffic.start())
test.after.each(() => {
  traffic.stop()
  for (const each of servers.splice(0)) each.close()
})

/** An echo server. */
async function serve(where: { path: string } | { port: number; host: string }): Promise<Server> {
  const server = createServer(socket => socket.pipe(socket))
  servers.push(server)
  server.listen(where)
  await once(server, 'listening')
  return server
}

async function send(socket: Socket, bytes: number): Promise<void> {
  let received = 0
  socket.on('data', data => (received += data.length))
  socket.write(Buffer.alloc(bytes))
  await until(() => (received === bytes ? true : undefined))
}

test('counts both directions, of open sockets and of closed ones', async () => {
  const server = await serve({ port: 0, host: '127.0.0.1' })
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await send(socket, 100_000)
  // both ends are in this process
  assert.equal(traffic.total, { sent: 200_000, received: 200_000 })
  socket.end()
  await once(socket, 'close')
  await until(() => (traffic.total.sent === 200_000 && traffic.total.received === 200_000 ? true : undefined))
})

test('does not count what a unix socket receives', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-traffic-'))
  const before = traffic.total
  await serve({ path: join(folder, 's') })
  const socket = connect(join(folder, 's'))
  await send(socket, 1_000)
  // the caller's end counts, as it looks like one to a peer; a daemon has none
  assert.equal(traffic.total.received - before.received, 1_000)
  socket.destroy()
  rmSync(folder, { recursive: true })
})

test.run()
