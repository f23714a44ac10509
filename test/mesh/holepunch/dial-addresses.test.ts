import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anyPublic, rankDialAddresses } from '../../../node/mesh/holepunch/dial-addresses.ts'
import { listOf, networksOf } from '../../../node/mesh/reachability/networks.ts'

const test = suite('addresses that are dialled directly')

const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'
const info = (address: string, cidr: string, internal = false) =>
  ({ address, cidr, internal, family: address.includes(':') ? 'IPv6' : 'IPv4', netmask: '', mac: '' }) as never
const networks = listOf(
  networksOf([
    [info('127.0.0.1', '127.0.0.1/8', true)],
    [info('192.168.1.7', '192.168.1.7/24'), info('fd00:1::7', 'fd00:1::7/64'), info('fe80::1%eth0', 'fe80::1/64')],
    undefined
  ])
)

const cases: Array<[title: string, addresses: string[], worth: string[]]> = [
  ['none', [], []],
  [
    'loopback and link-local addresses are not dialled',
    ['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip6/fe80::2/tcp/1', '/ip4/169.254.1.1/tcp/1'],
    []
  ],
  ['relayed addresses', [`/ip4/8.8.8.8/tcp/1/p2p/${relay}/p2p-circuit`], []],
  [
    'the own network first, then public ones, then other private ones',
    [
      '/ip4/10.9.9.9/tcp/1',
      '/ip4/8.8.8.8/tcp/1',
      '/ip4/192.168.1.9/tcp/1',
      '/ip6/fd00:1::9/tcp/1',
      '/ip6/fd00:2::9/tcp/1'
    ],
    [
      '/ip4/192.168.1.9/tcp/1',
      '/ip6/fd00:1::9/tcp/1',
      '/ip4/8.8.8.8/tcp/1',
      '/ip4/10.9.9.9/tcp/1',
      '/ip6/fd00:2::9/tcp/1'
    ]
  ],
  [
    'domain names count as public',
    ['/ip4/10.9.9.9/tcp/1', '/dns4/a.example.org/tcp/1'],
    ['/dns4/a.example.org/tcp/1', '/ip4/10.9.9.9/tcp/1']
  ],
  ['malformed addresses', ['/', '/ip4', '/ip4/x/tcp/1', 'ip4'], []],
  ['the same twice', ['/ip4/8.8.8.8/tcp/1', '/ip4/8.8.8.8/tcp/1'], ['/ip4/8.8.8.8/tcp/1']]
]
for (const [title, addresses, worth] of cases) {
  test(title, () => assert.equal(rankDialAddresses(addresses, networks), worth))
}

test('a record with very many addresses causes a few dials', () => {
  const many = Array.from({ length: 200 }, (_, i) => `/ip4/192.168.1.${i}/tcp/22`)
  assert.is(rankDialAddresses(many, networks).length, 8)
})

const open: Array<[address: string, expected: boolean]> = [
  ['/ip4/8.8.8.8/tcp/1', true],
  ['/ip6/2600::1/tcp/1', true],
  ['/dns4/a.example.org/tcp/1', true],
  ['/ip4/192.168.1.9/tcp/1', false],
  ['/ip4/127.0.0.1/tcp/1', false],
  [`/ip4/8.8.8.8/tcp/1/p2p/${relay}/p2p-circuit`, false]
]
for (const [address, expected] of open) {
  test(`${address} can ${expected ? '' : 'not '}be dialled from everywhere`, () =>
    assert.is(anyPublic([address]), expected))
}

test.run()
