/** By which address programs reach the machine of another peer. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hostsOf } from '../../../node/mesh/reachability/hosts.ts'

const test = suite('the addresses of a machine')
const table: Array<
  [title: string, seen: string | undefined, announced: string[], networks: string[], hosts: string[]]
> = [
  ['where the mesh reaches it', '/ip4/192.0.2.7/tcp/4001', [], [], ['192.0.2.7']],
  [
    'what it announces, without a connection',
    undefined,
    ['/ip4/192.0.2.7/tcp/1/p2p/x', '/ip6/2001:db8::1/tcp/1'],
    [],
    ['192.0.2.7', '2001:db8::1']
  ],
  [
    'one in a network of this machine first',
    '/ip4/192.0.2.7/tcp/1',
    ['/ip4/10.0.0.9/tcp/1'],
    ['10.0.0.7/24'],
    ['10.0.0.9', '192.0.2.7']
  ],
  ['none that leads through a relay', undefined, ['/ip4/192.0.2.9/tcp/1/p2p/r/p2p-circuit/p2p/x'], [], []],
  ['loopback of another machine after all else', '/ip4/192.0.2.7/tcp/1', ['/ip4/127.0.0.1/tcp/1'], [], ['192.0.2.7']],
  [
    'loopback where the mesh reaches it so',
    '/ip4/127.0.0.1/tcp/1',
    ['/ip4/127.0.0.1/tcp/1'],
    ['10.0.0.7/24'],
    ['127.0.0.1']
  ],
  ['loopback where there is nothing else', undefined, ['/ip4/127.0.0.1/tcp/1'], [], ['127.0.0.1']],
  ['no name', undefined, ['/dns4/example.org/tcp/1', '/ip4/no.address/tcp/1', 'x'], [], []]
]
for (const [title, seen, announced, networks, hosts] of table) {
  test(title, () => assert.equal(hostsOf({ seen, announced, networks }), hosts))
}
test.run()
