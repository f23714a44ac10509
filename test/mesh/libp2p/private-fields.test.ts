/** Private fields and methods of libp2p, gossipsub and yamux that node/mesh/libp2p uses: a new version without one of them fails here. */
import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import type { Connection } from '@libp2p/interface'
import { YamuxStream } from '@libp2p/yamux/stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { socketOwner } from '../../../node/mesh/libp2p/socket-owner.ts'
import { addressOf, createMesh, eventually, type LocalMesh, type LocalPeer } from '../../helpers/networks.ts'

const test = suite('private fields of libraries')

let mesh: LocalMesh
let a: LocalPeer
let b: LocalPeer
let relay: LocalPeer
let dialled: Inside

/** What is looked at is not in any type. */
type Inside = Record<string, any>

test.before(async () => {
  mesh = createMesh()
  relay = await mesh.start({ relay: true })
  a = await mesh.start()
  b = await mesh.start()
  dialled = (await a.network.dial(addressOf(b))) as unknown as Inside
})
test.after(() => mesh.stop())

function has(object: Inside, types: Record<string, string>): void {
  for (const [name, type] of Object.entries(types)) assert.type(object[name], type as never, name)
}

test('a connection of libp2p has a muxer and the connection below it', () => {
  has(dialled, { muxer: 'object', maConn: 'object' })
  has(dialled.muxer, { ping: 'function', maConn: 'object' })
})

test('a TCP connection of libp2p has a socket, and reads, closes and resets by methods that can be replaced', () => {
  const raw = dialled.maConn
  assert.ok(socketOwner(raw) === raw)
  has(raw, { onData: 'function', sendClose: 'function', sendReset: 'function', onTransportClosed: 'function' })
  has(raw, { readBufferLength: 'number', inactivityTimeout: 'number', maxReadBufferLength: 'number' })
})

test('a connection that TCP accepted has the same fields as one that was dialled', async () => {
  const accepted = () => b.network.getConnections(a.network.peerId) as unknown as Inside[]
  await eventually('it is there', () => accepted().length === 1)
  assert.ok(socketOwner(accepted()[0]?.maConn) != null)
})

test('a stream of yamux has windows, and methods that renew them', async () => {
  has(YamuxStream.prototype as unknown as Inside, { sendWindowUpdate: 'function', handleWindowUpdate: 'function' })
  const stream = (await (dialled as unknown as Connection).newStream('/ipfs/ping/1.0.0')) as unknown as Inside
  has(stream, { state: 'number', recvWindow: 'number', recvWindowCapacity: 'number', maxMessageSize: 'number' })
  stream.abort(new Error('over'))
})

test('the upgrader looks up encrypters in a map', () => {
  const { upgrader } = (a.network as unknown as Inside).components
  assert.instance(upgrader.getConnectionEncrypters(), Map)
})

test('gossipsub has a heartbeat, scores, streams and the methods by which it reads', async () => {
  const pubsub = (a.network.services as unknown as Inside).pubsub as Inside
  assert.ok(pubsub instanceof (gossipsub()(pubsub.components).constructor as never))
  has(pubsub, { runHeartbeat: 'function', pipePeerReadStream: 'function', handleReceivedRpc: 'function' })
  has(pubsub.opts, { heartbeatInterval: 'number' })
  has(pubsub.score, { background: 'function' })
  assert.ok('_backgroundInterval' in pubsub.score && 'heartbeatTimeout' in pubsub.status)
  assert.instance(pubsub.protocols, Array)
  assert.instance(pubsub.streamsOutbound, Map)
  await eventually('there is a stream to the other peer', () => pubsub.streamsOutbound.size === 1)
  const [outbound] = pubsub.streamsOutbound.values()
  has(outbound, { rawStream: 'object' })
})

test('the relay has methods that join two streams, and its client a store of reservations', () => {
  const server = (relay.parts as unknown as Inside).relay
  has(Object.getPrototypeOf(server), { onHop: 'function', stopHop: 'function' })
  const { transportManager } = (a.network as unknown as Inside).components
  const transport = transportManager.getTransports().find((each: Inside) => 'reservationStore' in each)
  has(transport.reservationStore, { addRelay: 'function', hasReservation: 'function', relayFilter: 'object' })
})

test.run()
