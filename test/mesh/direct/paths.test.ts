import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { classify, type Facts, Paths, preferred } from '../../../node/mesh/direct/paths.ts'
import type { Path } from '../../../protocols/path.ts'

const test = suite('what kind of path a connection is')

const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'
const peer = '12D3KooWKVCy6ckjs1FDgz2ATJsSX5vpRHqfxdiyRBAR1JMwZxed'
const direct = `/ip4/8.8.8.8/tcp/4001/p2p/${peer}`
const relayed = `/ip4/8.8.4.4/tcp/4001/p2p/${relay}/p2p-circuit/p2p/${peer}`
const mapped = ['/ip4/8.8.8.8/tcp/4001']
const out: Facts = { remoteAddr: direct, direction: 'outbound', theirMapped: [], ownMapped: [], near: false }
const inn: Facts = { ...out, direction: 'inbound' }

const cases: Array<[title: string, facts: Facts, expected: Path]> = [
  ['dialled', out, { class: 'direct' }],
  ['dialled by the other', inn, { class: 'direct' }],
  ['through a relay', { ...out, remoteAddr: relayed }, { class: 'relayed', via: relay }],
  [
    'through a relay, whatever else is said',
    { ...out, remoteAddr: relayed, made: 'punched' },
    { class: 'relayed', via: relay }
  ],
  ['punched', { ...out, made: 'punched' }, { class: 'punched' }],
  [
    'punched, though the other has a mapped port',
    { ...out, made: 'punched', theirMapped: mapped },
    { class: 'punched' }
  ],
  ['reversed', { ...inn, made: 'reversed' }, { class: 'reversed' }],
  ['dialled at a port that its router opened', { ...out, theirMapped: mapped }, { class: 'mapped' }],
  ['the same, at its asking', { ...out, made: 'reversed', theirMapped: mapped }, { class: 'mapped' }],
  ['dialled at another address of it', { ...out, theirMapped: ['/ip4/8.8.8.8/tcp/1'] }, { class: 'direct' }],
  ['come through the port that our router opened', { ...inn, ownMapped: mapped }, { class: 'mapped' }],
  [
    'come from the same network, though our router opened a port',
    { ...inn, ownMapped: mapped, near: true },
    { class: 'direct' }
  ],
  ['dialled from behind a router that opened a port', { ...out, ownMapped: mapped }, { class: 'direct' }]
]
for (const [title, facts, expected] of cases) {
  test(`${title}: ${expected.class}`, () => assert.equal(classify(facts), expected))
}

const connection = (address: string, status: Connection['status'] = 'open') =>
  ({ remoteAddr: multiaddr(address), direction: 'outbound', status }) as unknown as Connection

test('of several connections one that leads through nobody else is used, and never one that closes', () => {
  const [a, b, closing] = [connection(relayed), connection(direct), connection(direct, 'closing')]
  assert.is(preferred([a, b]), b)
  assert.is(preferred([closing, a]), a)
  assert.is(preferred([closing]), undefined)
  assert.is(preferred([]), undefined)
})

test('how a connection came about is said by who made it, last', () => {
  const paths = new Paths()
  const one = connection(direct)
  paths.mark(one, 'reversed')
  paths.mark(one, 'punched')
  assert.equal(paths.of(one, [], []), { class: 'punched' })
  assert.equal(paths.of(connection(direct), [], []), { class: 'direct' })
})

test.run()
