import type { Connection, Libp2pEvents } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ConnectionInfo, classify, Paths } from '../../../node/mesh/paths/paths.ts'
import { preferred } from '../../../node/mesh/reachability/addresses.ts'
import type { Path } from '../../../protocols/path.ts'
import { record } from '../../protocols/samples.ts'

const test = suite('paths')

const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'
const peer = '12D3KooWKVCy6ckjs1FDgz2ATJsSX5vpRHqfxdiyRBAR1JMwZxed'
const direct = `/ip4/8.8.8.8/tcp/4001/p2p/${peer}`
const relayed = `/ip4/8.8.4.4/tcp/4001/p2p/${relay}/p2p-circuit/p2p/${peer}`
const mapped = ['/ip4/8.8.8.8/tcp/4001']
const out: ConnectionInfo = {
  remoteAddr: direct,
  direction: 'outbound',
  theirMapped: [],
  ownMapped: [],
  isLocal: false
}
const inn: ConnectionInfo = { ...out, direction: 'inbound' }

const cases: Array<[title: string, info: ConnectionInfo, expected: Path]> = [
  ['dialled', out, { class: 'direct' }],
  ['inbound', inn, { class: 'direct' }],
  ['through a relay', { ...out, remoteAddr: relayed }, { class: 'relayed', via: relay }],
  [
    'through a relay, whatever else is noted',
    { ...out, remoteAddr: relayed, made: 'punched' },
    { class: 'relayed', via: relay }
  ],
  ['punched', { ...out, made: 'punched' }, { class: 'punched' }],
  [
    'punched, though the other peer has a mapped port',
    { ...out, made: 'punched', theirMapped: mapped },
    { class: 'punched' }
  ],
  ['reversed', { ...inn, made: 'reversed' }, { class: 'reversed' }],
  ['dialled at a port that its router opened', { ...out, theirMapped: mapped }, { class: 'mapped' }],
  [
    'dialled at such a port at the request of the other peer',
    { ...out, made: 'reversed', theirMapped: mapped },
    { class: 'mapped' }
  ],
  ['dialled at another address of that peer', { ...out, theirMapped: ['/ip4/8.8.8.8/tcp/1'] }, { class: 'direct' }],
  ["inbound through the port that this peer's router opened", { ...inn, ownMapped: mapped }, { class: 'mapped' }],
  [
    "inbound from the same network, though this peer's router opened a port",
    { ...inn, ownMapped: mapped, isLocal: true },
    { class: 'direct' }
  ],
  ['dialled from behind a router that opened a port', { ...out, ownMapped: mapped }, { class: 'direct' }]
]
for (const [title, info, expected] of cases) {
  test(`${title}: ${expected.class}`, () => assert.equal(classify(info), expected))
}

const connection = (address: string, status: Connection['status'] = 'open') =>
  ({
    remoteAddr: multiaddr(address),
    remotePeer: { toString: () => peer },
    direction: 'outbound',
    timeline: { open: Date.now() },
    status
  }) as unknown as Connection

test('prefers a direct connection, and never one that is closing', () => {
  const [a, b, closing] = [connection(relayed), connection(direct), connection(direct, 'closing')]
  assert.is(preferred([a, b]), b)
  assert.is(preferred([closing, a]), a)
  assert.is(preferred([closing]), undefined)
  assert.is(preferred([]), undefined)
})

/** Paths of a peer that has these connections. */
function pathsWith(connections: Connection[]) {
  const events = new TypedEventEmitter<Libp2pEvents>()
  const members = { get: () => undefined, self: record }
  const connectionManager = { getConnections: () => connections }
  return { events, paths: new Paths({ events, members, connectionManager }) }
}
const never = new AbortController().signal

test('shows how a connection was made, as noted last', () => {
  const one = connection(direct)
  const { paths } = pathsWith([one])
  assert.equal(paths.of(peer), { class: 'direct' })
  paths.mark(one, 'reversed')
  paths.mark(one, 'punched')
  assert.equal(paths.of(peer), { class: 'punched' })
  assert.is(pathsWith([]).paths.of(peer), undefined)
})

const settled = async (work: Promise<void>, within = 50) =>
  Promise.race([work.then(() => true), new Promise(resolve => setTimeout(resolve, within)).then(() => false)])

test('waits for a direct path while the relayed connection is young, or until there is one', async () => {
  const relayedOne = connection(relayed)
  const { paths, events } = pathsWith([relayedOne])
  relayedOne.timeline.open = Date.now() - 10_000
  assert.ok(await settled(paths.untilDirect(peer, 5_000, never)))
  relayedOne.timeline.open = Date.now()
  assert.ok(await settled(paths.untilDirect(peer, 30, never), 5_000))
  relayedOne.timeline.open = Date.now()
  const waiting = paths.untilDirect(peer, 60_000, never)
  events.safeDispatchEvent('connection:open', { detail: connection(relayed) })
  assert.not(await settled(waiting))
  events.safeDispatchEvent('connection:open', { detail: connection(direct) })
  assert.ok(await settled(waiting))
})

test('does not wait with a direct path, without any, or after the signal', async () => {
  assert.ok(await settled(pathsWith([connection(direct)]).paths.untilDirect(peer, 60_000, never)))
  assert.ok(await settled(pathsWith([]).paths.untilDirect(peer, 60_000, never)))
  const control = new AbortController()
  const waiting = pathsWith([connection(relayed)]).paths.untilDirect(peer, 60_000, control.signal)
  control.abort()
  assert.ok(await settled(waiting))
})

test.run()
