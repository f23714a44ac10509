/** Reservations with fakes: what a relay answers, and whether its connection lives, is up to each test. */
import type { Connection, PeerId } from '@libp2p/interface'
import type { NodeAddress, TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Relays, type RelaysComponents } from '../../../node/mesh/relay/relays.ts'
import { BakError } from '../../../protocols/errors.ts'
import { FakeConnections, FakeMembers, fakeConnection, memberView, nodeAddress, settle } from '../../helpers/fakes.ts'
import { silent } from '../../helpers/networks.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const test = suite('reservations with relays')
test.after(stayAwake())

const ids = Array.from({ length: 4 }, () => newSigner().peer) as [string, string, string, string]
const [self, a, b, c] = ids
const addressOf = (peer: string) => `/ip4/192.0.2.${ids.indexOf(peer)}/tcp/4001`
const relay = (peer: string) => memberView(peer, { relay: true, addresses: [addressOf(peer)] })

/** Libp2p's store of reservations, as far as `Reservations` uses it. */
class FakeStore extends EventTarget {
  /** Relays that give a reservation. */
  readonly willing = new Set<string>([a, b, c])
  readonly reserved = new Set<string>()
  readonly asked: string[] = []

  async addRelay(id: PeerId) {
    this.asked.push(String(id))
    if (!this.willing.has(String(id))) throw new Error('no place left')
    this.reserved.add(String(id))
    const address = multiaddr(`${addressOf(String(id))}/p2p/${id}`)
    return { relay: id, details: { reservation: { addrs: [address.bytes] } } }
  }

  hasReservation(id: PeerId): boolean {
    return this.reserved.has(String(id))
  }

  lose(peer: string): void {
    this.reserved.delete(peer)
    this.dispatchEvent(new CustomEvent('relay:removed', { detail: { relay: peerIdFromString(peer) } }))
  }
}

const started: Relays[] = []
test.after.each(() => {
  for (const each of started.splice(0)) each.beforeStop()
})

async function start({ own = [] as NodeAddress[], known = [a, b, c] } = {}) {
  const store = new FakeStore()
  const connections = new FakeConnections()
  const members = new FakeMembers()
  const silentRelays = new Set<Connection>()
  connections.answer = target => {
    const peer = ids.find(each => target === addressOf(each)) as string
    return fakeConnection({ peer, address: `${target}/p2p/${peer}` })
  }
  const components: RelaysComponents = {
    peerId: peerIdFromString(self),
    addressManager: { getAddressesWithMetadata: () => own },
    connectionManager: connections,
    transportManager: {
      getTransports: () => [{ reservationStore: store }] as unknown as ReturnType<TransportManager['getTransports']>
    },
    members,
    monitor: {
      probe: async connection => {
        if (silentRelays.has(connection)) throw new BakError('timeout', 'the connection has fallen silent')
      }
    }
  }
  const relays = new Relays(components, { log: silent })
  const events: string[] = []
  relays.addEventListener('reserved', ({ detail }) => void events.push(detail.relay))
  started.push(relays)
  members.views = known.map(relay)
  relays.afterStart()
  await settle()
  return { relays, store, connections, members, events, silentRelays }
}

test('are made with two of the relays; the addresses behind them are published', async () => {
  const { relays, store, connections, members, events } = await start()
  assert.is(relays.reserved().length, 2)
  assert.equal(events.sort(), relays.reserved().sort())
  assert.is(connections.dialled.length, 2)
  assert.is(store.asked.length, 2)
  assert.equal(
    relays.addresses().sort(),
    relays
      .reserved()
      .map(peer => `${addressOf(peer)}/p2p/${peer}/p2p-circuit/p2p/${self}`)
      .sort()
  )
  assert.is(members.updates.length, 2)
})

test('are not made by a peer that can be dialled without', async () => {
  const { relays, store } = await start({ own: [nodeAddress('/ip4/8.8.8.8/tcp/4001')] })
  assert.equal([relays.reserved(), store.asked], [[], []])
})

test('are made as soon as a member relays', async () => {
  const { relays, members } = await start({ known: [] })
  assert.equal(relays.reserved(), [])
  members.set([relay(b)])
  await until(() => relays.reserved().length === 1)
  assert.equal(relays.reserved(), [b])
})

test('are replaced at once when the connection of one closes', async () => {
  const { relays, store, members } = await start()
  const [lost, kept] = relays.reserved() as [string, string]
  store.willing.delete(lost)
  members.updates.length = 0
  store.lose(lost)
  assert.equal(relays.reserved(), [kept])
  // the lost one is still connected and asked first; as it refuses, the third one is asked at once
  await until(() => relays.reserved().length === 2, { timeout: 150 })
  assert.not(relays.reserved().includes(lost))
  assert.is(members.updates.length, 2, 'the record tells of both changes')
})

test('that a relay refuses are asked for again after a while', async () => {
  const { relays, store, members } = await start({ known: [] })
  store.willing.clear()
  members.set([relay(a)])
  await until(() => store.asked.length === 1)
  assert.equal(relays.reserved(), [])
  store.willing.add(a)
  await until(() => relays.reserved().length === 1)
  assert.equal([relays.reserved(), store.asked], [[a], [a, a]])
})

test('count only while their connection is open', async () => {
  const { relays, store, members } = await start({ known: [] })
  const { addRelay } = store
  store.addRelay = async id => {
    const made = await addRelay.call(store, id)
    store.reserved.clear()
    return made
  }
  members.set([relay(a)])
  await settle(120)
  assert.equal(relays.reserved(), [])
})

test('are given up with the connection to a silent relay', async () => {
  const { relays, connections, members, silentRelays } = await start({ known: [a] })
  const [connection] = connections.getConnections()
  silentRelays.add(connection as Connection)
  members.set([relay(a)])
  await until(() => connection?.status === 'aborted')
  assert.equal(relays.reserved(), [a], 'libp2p’s store reports the loss')
})

test('are not asked for over another relay', async () => {
  const { connections, members, store } = await start({ known: [] })
  connections.add(fakeConnection({ peer: a, address: `${addressOf(b)}/p2p/${b}/p2p-circuit/p2p/${a}` }))
  members.set([memberView(a, { relay: true, addresses: [`${addressOf(b)}/p2p/${b}/p2p-circuit`] })])
  await settle(120)
  assert.equal([connections.dialled, store.asked], [[], []])
})

test('make their relays the first observers', async () => {
  const { relays, connections } = await start()
  const [third] = [a, b, c].filter(each => !relays.reserved().includes(each)) as [string]
  connections.add(fakeConnection({ peer: third, address: addressOf(third) }))
  const hosts = relays.observers().map(({ host }) => host)
  assert.is(hosts.length, 3)
  assert.is(hosts.at(-1), addressOf(third).split('/')[2])
})

test.run()
