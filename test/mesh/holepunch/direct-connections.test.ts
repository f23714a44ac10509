/** When attempts are made, with fakes: what comes of each is up to the test. */
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  DirectConnections,
  type DirectConnectionsComponents,
  type DirectConnectionsInit
} from '../../../node/mesh/holepunch/direct-connections.ts'
import { directProtocol, type FromFollower, type FromLeader } from '../../../protocols/direct.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Exchange, Handler } from '../../../protocols/stream.ts'
import { FakeConnections, FakeMembers, fakeConnection, logger, relayedAddress, settle } from '../../helpers/fakes.ts'
import { silent } from '../../helpers/networks.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const test = suite('direct connections in place of relayed ones')
test.after(stayAwake())

const [small, self, large, relay] = Array.from({ length: 4 }, () => newSigner().peer).sort() as [
  string,
  string,
  string,
  string
]
const relayed = (peer: string) => fakeConnection({ peer, address: relayedAddress(relay) })
const direct = (peer: string) => fakeConnection({ peer })
const refused = async () => {
  throw new BakError('unreachable', 'both are behind symmetric NATs')
}

const started: DirectConnections[] = []
test.after.each(async () => {
  for (const each of started.splice(0)) await each.beforeStop()
})

type Lead = (connection: Connection, signal: AbortSignal) => Promise<void>

async function start(lead: Lead, init: Partial<DirectConnectionsInit> = {}) {
  const connections = new FakeConnections()
  const served = new Map<string, Handler<never, unknown>>()
  const led: string[] = []
  const components: DirectConnectionsComponents = {
    peerId: peerIdFromString(self),
    logger,
    events: connections.events,
    connectionManager: connections,
    members: new FakeMembers(),
    addressManager: { getAddresses: () => [] },
    transportManager: { dial: refused },
    upgrader: { upgradeInbound: refused, upgradeOutbound: refused },
    relays: { observers: () => [] },
    reachability: { noteObserved: () => {} },
    paths: { mark: () => {}, of: () => ({ class: 'punched' }) },
    streams: {
      serve: async ({ id }, handler) => void served.set(id, handler as Handler<never, unknown>)
    }
  }
  const service = new DirectConnections(components, {
    ...{ log: silent, on: true, delays: { attempts: [0, 20, 40, 10_000], busy: 10, probation: 20 } },
    attempts: {
      lead: async (connection, signal) => {
        led.push(connection.remotePeer.toString())
        await lead(connection, signal)
      },
      follow: async function* () {
        yield { type: 'ready' }
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    ...init
  })
  started.push(service)
  await service.afterStart()
  /** What a peer that leads an attempt here gets. */
  const follow = async (peer: string) => {
    const handler = served.get(directProtocol.id) as Handler<FromLeader, FromFollower> | undefined
    const exchange = { peer, signal: new AbortController().signal } as Exchange<FromLeader>
    const first: FromLeader = { type: 'offer', addresses: [], proofs: [] }
    return Array.fromAsync(handler?.(first, exchange) ?? []).catch(error => (error as BakError).code)
  }
  return { service, connections, led, served, follow }
}

test('an attempt begins as soon as a relayed connection opens, and is the last once there is a direct one', async () => {
  const { connections, led } = await start(async () => void connections.add(direct(large)))
  connections.add(relayed(large))
  await settle(60)
  assert.equal(led, [large])
})

test('attempts are led by the peer with the smaller id, and not for direct connections', async () => {
  const { connections, led } = await start(refused)
  connections.add(relayed(small))
  connections.add(direct(large))
  await settle(30)
  assert.equal(led, [])
})

test('attempts are repeated with growing delays for as long as the connection is relayed', async () => {
  const { connections, led } = await start(refused)
  const connection = connections.add(relayed(large))
  await until(() => led.length === 3)
  await settle(60)
  assert.is(led.length, 3)
  await connection.close()
})

test('attempts that a limit refused do not count', async () => {
  const { connections, led } = await start(async () => {
    if (led.length < 8) throw new BakError('busy', 'more than 12 attempts in 60 s')
    connections.add(direct(large))
  })
  connections.add(relayed(large))
  await until(() => led.length === 8)
})

test('attempts end with the relayed connection', async () => {
  const { connections, led } = await start(refused)
  const connection = connections.add(relayed(large))
  await until(() => led.length === 1)
  await connection.close()
  await settle(60)
  assert.is(led.length, 1)
})

test('one peer has one attempt at a time, whatever connections open', async () => {
  const { connections, led } = await start(() => new Promise(resolve => setTimeout(resolve, 50)))
  connections.add(relayed(large))
  connections.add(relayed(large))
  await settle(20)
  assert.is(led.length, 1)
})

test('a direct connection that closes at once leads to another attempt', async () => {
  const { connections, led } = await start(async () => void connections.add(direct(large)).close())
  connections.add(relayed(large))
  await until(() => led.length >= 2)
})

test('a stop ends attempts and waits', async () => {
  const waits = Promise.withResolvers<unknown>()
  const { service, connections, led } = await start(async (_relayed, signal) => {
    signal.addEventListener('abort', () => waits.resolve(signal.reason))
    await waits.promise
    throw signal.reason
  })
  connections.add(relayed(large))
  await until(() => led.length === 1)
  await service.beforeStop()
  assert.is(((await waits.promise) as BakError).code, 'interrupted')
})

test('an attempt is followed for a peer with a smaller id only', async () => {
  const { follow } = await start(refused)
  assert.equal(await follow(small), [{ type: 'ready' }])
  assert.is(await follow(large), 'not-allowed')
})

test('one peer leads one attempt here at a time, and a few in a minute', async () => {
  const { follow } = await start(refused)
  const began = performance.now()
  const all = await Promise.all(Array.from({ length: 8 }, () => follow(small)))
  assert.is(all.filter(each => each === 'busy').length, 2)
  assert.ok(performance.now() - began >= 6 * 19, 'one after the other')
})

test('where it is switched off nothing is served and nothing led', async () => {
  const { connections, led, served } = await start(refused, { on: false })
  connections.add(relayed(large))
  await settle(20)
  assert.equal([led, served.size], [[], 0])
})

test.run()
