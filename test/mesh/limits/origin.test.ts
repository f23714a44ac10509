import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { originOf } from '../../../node/mesh/limits/origin.ts'

const test = suite('origin of a connection')
const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'

const cases: Array<[address: string, origin: string]> = [
  ['/ip4/192.0.2.7/tcp/4001', '192.0.2.7'],
  ['/ip4/192.0.2.7/tcp/4002/p2p/x', '192.0.2.7'],
  ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', '2001:db8:1:2::/64'],
  ['/ip6/2001:db8:1:2::6/tcp/1', '2001:db8:1:2::/64'],
  ['/ip6/2001:db8::6/tcp/1', '2001:db8:0:0::/64'],
  ['/ip6/::1/tcp/1', '0:0:0:0::/64'],
  ['/dns4/db1.example.org/tcp/1', 'db1.example.org'],
  [`/ip4/192.0.2.7/tcp/1/p2p/${relay}/p2p-circuit`, `relay ${relay}`],
  ['unknown', 'unknown']
]
for (const [address, origin] of cases)
  test(`${address} comes from ${origin}`, () => assert.is(originOf(address), origin))

test.run()
