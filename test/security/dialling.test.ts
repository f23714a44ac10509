/** A member's record names addresses: no other member connects to a program that is no peer because of them. */
import { createServer, type Server } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sleep, useTestnet } from '../helpers/mesh.ts'

const test = suite('the addresses that a member names')
const net = useTestnet(test, { peers: ['a', 'b'] })
let server: Server | undefined
test.after(() => void server?.close())

/** Of loopback, where a machine has programs for itself, and where no daemon of this test listens. */
const HOST = '127.0.0.77'
/** The others dial a peer that they have lost several times in this time, ms. */
const SEARCHED_MS = 15_000

test('a program of the machine gets no connection, also when the member is gone and the others look for it', async () => {
  let connections = 0
  server = createServer(socket => {
    connections++
    socket.destroy()
  })
  await new Promise<void>(resolve => void server?.listen({ host: HOST, port: 0 }, resolve))
  const { port } = server.address() as { port: number }
  net().add('rogue')
  await net().startPeer('rogue', undefined, ['--announce', `/ip4/${HOST}/tcp/${port}`])
  const isNamed = (peer: string) =>
    net().until(peer, all => all.some(each => each.addresses.some(address => address.includes(`${HOST}/tcp/${port}`))))
  await Promise.all(['a', 'b'].map(isNamed))
  net().peer('rogue').child?.kill('SIGKILL')
  await net().until('a', all => all.some(each => each.name === 'rogue' && each.state === 'lost'), 60_000)
  await sleep(SEARCHED_MS)
  assert.is(connections, 0)
})

test.run()
