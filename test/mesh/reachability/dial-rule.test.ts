/** Which addresses that others name are dialled: by form, by reach, and through names. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DialRule, scopeOf } from '../../../node/mesh/reachability/dial-rule.ts'

const test = suite('which addresses are dialled')

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const lan = [{ address: '127.0.0.1', internal: true }, { address: '192.0.2.5' }]
const alone = [{ address: '127.0.0.1', internal: true }, { address: 'fe80::1' }]
const ruleOf = (listen: string[], ticketAddresses: string[] = [], interfaces: object[] = lan) =>
  new DialRule({ listen, ticketAddresses, interfaces: () => [interfaces as never] })

const everywhere = ['/ip4/0.0.0.0/tcp/0']
const onLoopback = ['/ip4/127.0.0.1/tcp/4001']
const table: Array<[address: string, rule: DialRule, dialled: boolean, why: string]> = [
  [`/ip4/192.0.2.7/tcp/4001/p2p/${PEER}`, ruleOf([]), true, 'TCP over IPv4'],
  ['/ip6/2001:db8::7/tcp/4001', ruleOf([]), true, 'TCP over IPv6'],
  ['/dns4/db1.example.org/tcp/4001', ruleOf([]), true, 'a name'],
  [`/ip4/192.0.2.7/tcp/4001/p2p/${PEER}/p2p-circuit`, ruleOf([]), true, 'a relay'],
  ['/unix/%2Frun%2Fother.sock', ruleOf(onLoopback), false, 'a socket of another program'],
  ['/ip4/192.0.2.7/udp/4001', ruleOf([]), false, 'no TCP'],
  [`/p2p/${PEER}`, ruleOf([]), false, 'no address'],
  ['/ip4/127.0.0.1/tcp/6379', ruleOf(everywhere), false, 'loopback of a peer that listens on a network'],
  ['/ip4/127.0.0.1/tcp/6379', ruleOf([]), false, 'loopback of a peer that does not listen'],
  ['/ip4/127.0.0.1/tcp/6379', ruleOf(onLoopback), true, 'loopback of a peer that listens there'],
  ['/ip4/127.0.0.77/tcp/6379', ruleOf(onLoopback), false, 'another address of loopback'],
  ['/ip4/127.0.0.1/tcp/6379', ruleOf(everywhere, [], alone), true, 'loopback of a machine with no other network'],
  ['/ip6/::1/tcp/6379', ruleOf(everywhere), false, 'loopback of IPv6'],
  ['/ip6/::ffff:127.0.0.1/tcp/6379', ruleOf(everywhere), false, 'loopback of IPv4 as IPv6'],
  ['/ip4/169.254.169.254/tcp/80', ruleOf(everywhere), false, 'link-local'],
  ['/ip4/169.254.7.7/tcp/80', ruleOf(['/ip4/169.254.1.1/tcp/0']), true, 'link-local of a peer that listens there'],
  ['/ip6zone/eth0/ip6/fe80::7/tcp/80', ruleOf(everywhere), false, 'link-local with a zone'],
  ['/ip4/0.0.0.0/tcp/80', ruleOf(everywhere), false, 'the unspecified address'],
  ['/ip4/239.1.1.1/tcp/80', ruleOf(everywhere), false, 'a multicast address'],
  ['/dns4/localhost/tcp/6379', ruleOf(everywhere), false, 'a name of loopback'],
  ['/dns/redis.localhost/tcp/6379', ruleOf(everywhere), false, 'a name below localhost'],
  ['/ip4/127.0.0.1/tcp/6379', ruleOf([], onLoopback), true, 'loopback of a peer that was invited from there'],
  ['/ip4/127.0.0.9/tcp/4001', ruleOf([], onLoopback), false, 'another address of loopback than that of the ticket']
]
for (const [address, rule, dialled, why] of table) {
  test(`${address} is ${dialled ? '' : 'not '}dialled: ${why}`, () => assert.is(rule.allows(address), dialled))
}

test('a name that stands for loopback is not looked up to it', async () => {
  const found = (rule: DialRule, options: object) =>
    new Promise((resolve, reject) => {
      rule.lookup('localhost', options, (error, address) => (error == null ? resolve(address) : reject(error)))
    })
  for (const options of [{}, { all: true }, { family: 4 }]) {
    await found(ruleOf(everywhere), options).then(
      () => assert.unreachable(),
      error => assert.match(error.message, 'localhost has no address that this peer dials')
    )
  }
  assert.is(await found(ruleOf(onLoopback), { family: 4 }), '127.0.0.1')
  assert.equal(await found(ruleOf(onLoopback), { family: 4, all: true }), [{ address: '127.0.0.1', family: 4 }])
})

test('addresses are told apart by how far they reach', () => {
  const scopes = ['10.0.0.1', '127.1.2.3', '169.254.0.1', '255.255.255.255', '::', 'fe80::1%eth0'].map(scopeOf)
  assert.equal(scopes, ['wide', 'loopback', 'link-local', 'none', 'none', 'link-local'])
})

test.run()
