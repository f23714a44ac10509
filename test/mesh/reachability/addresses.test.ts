import type { NodeAddress } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  announcedAddresses,
  isProvenPublic,
  needsNoRelay,
  parseable
} from '../../../node/mesh/reachability/addresses.ts'

const test = suite('addresses')

const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'
const address = (text: string, type: NodeAddress['type'] = 'transport', verified = true): NodeAddress => ({
  multiaddr: multiaddr(text),
  type,
  verified,
  expires: 0
})

const cases: Array<[title: string, addresses: NodeAddress[], proven: boolean, enough: boolean]> = [
  ['nothing', [], false, false],
  ['a private address', [address('/ip4/192.168.1.7/tcp/4001')], false, false],
  ['this machine only', [address('/ip4/127.0.0.1/tcp/4001')], false, false],
  ['a public address that is not proven', [address('/ip4/8.8.8.8/tcp/1', 'transport', false)], false, false],
  ['a public address that is proven', [address('/ip4/8.8.8.8/tcp/1')], true, true],
  ['a public address of IPv6 that is proven', [address('/ip6/2600::1/tcp/1')], true, true],
  ['one behind a relay', [address(`/ip4/8.8.8.8/tcp/1/p2p/${relay}/p2p-circuit`, 'observed')], false, false],
  ['a port that a router mapped', [address('/ip4/8.8.8.8/tcp/1', 'ip-mapping')], false, false],
  ['an announced address', [address('/dns4/db1.example.org/tcp/1', 'announce')], false, true]
]
for (const [title, addresses, proven, enough] of cases) {
  test(`${title}: ${proven ? 'proven public' : 'not proven public'}, ${enough ? 'no relay' : 'relays'} needed`, () => {
    assert.is(isProvenPublic(addresses), proven)
    assert.is(needsNoRelay(addresses), enough)
  })
}

const here = '/ip4/127.0.0.1/tcp/4001'
const far = '/ip4/8.8.8.8/tcp/1'
const circuit = `/ip4/8.8.4.4/tcp/1/p2p/${relay}/p2p-circuit`
const told: Array<[title: string, proven: string[], listening: string[], expected: string[]]> = [
  ['no address where there is none', [], [], []],
  ['an unproven address, when nothing else leads to the peer', [], [far], [far]],
  ['an unproven one beside that of its own machine', [here], [far], [here, far]],
  ['no unproven one beside one of its network', ['/ip4/10.1.2.3/tcp/1'], [far], ['/ip4/10.1.2.3/tcp/1']],
  ['no unproven one beside a relay', [circuit], [far], [circuit]]
]
for (const [title, proven, listening, expected] of told) {
  test(`a record has ${title}`, () => {
    const self = '12D3KooWByo3GqWZtAgimJL9LhJieZ2EvFtmPGnmpcREhwKqMf9D'
    const named = (texts: string[]) => texts.map(each => `${each}/p2p/${self}`)
    const unproven = listening.map(each => address(each, 'transport', false))
    const seen = address('/ip4/9.9.9.9/tcp/9', 'observed', false)
    assert.equal(
      announcedAddresses(named(proven), [...proven.map(each => address(each)), ...unproven, seen], self),
      named(expected)
    )
  })
}

test('malformed addresses of other peers are dropped, the others keep their order', () => {
  const good = ['/ip4/192.0.2.7/tcp/4001', `/dns4/db1.example.org/tcp/1/p2p/${relay}`]
  const bad = ['/', '/x', '/ip4/300.1.1.1/tcp/1', '/ip4/192.0.2.7/tcp', '/quantum/7', '/\u0000']
  assert.equal(parseable([bad[0], good[0], ...bad, good[1]] as string[]), good)
})

test.run()
