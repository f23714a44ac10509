import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type HostPlan, NATS, place, type RouterPlan } from '../../testnets/lab/topology.ts'

const topology = suite('addresses in a laboratory')

topology('a host on the segment has a public address and a port with the same number', () => {
  const placed = place({ hosts: [{ name: 'a' }, { name: 'b' }] })
  assert.equal(
    [...placed.values()].map(({ address, outside, port, gateway }) => [address, outside, port, gateway]),
    [
      ['45.67.89.10', '45.67.89.10', 10, undefined],
      ['45.67.89.11', '45.67.89.11', 11, undefined]
    ]
  )
})

topology('a host behind two routers has the public address of the outer one', () => {
  const placed = place({
    routers: [
      { name: 'outer', nat: 'preserving' },
      { name: 'inner', nat: 'preserving', behind: 'outer' }
    ],
    hosts: [{ name: 'a', behind: 'inner' }]
  })
  assert.is(placed.get('a')?.outside, placed.get('outer')?.address)
  assert.equal(placed.get('a')?.gateway, { name: 'inner', address: placed.get('inner')?.lan?.address })
})

topology('two homes may use the same network, and then the same addresses', () => {
  const placed = place(NATS)
  assert.is(placed.get('e1')?.address, placed.get('e2')?.address)
  assert.is.not(placed.get('e1')?.outside, placed.get('e2')?.outside)
})

topology('errors name what cannot be built', () => {
  const broken: Array<[RegExp, RouterPlan[], HostPlan[]]> = [
    [/^a is listed twice/, [], [{ name: 'a' }, { name: 'a' }]],
    [/^a is behind r, which is no router/, [], [{ name: 'a', behind: 'r' }]],
    [/^b is behind a, which is no router/, [], [{ name: 'a' }, { name: 'b', behind: 'a' }]],
    [/^A b: a name is/, [], [{ name: 'A b' }]],
    [/^a segment has 64 ports/, [], Array.from({ length: 65 }, (_, i) => ({ name: `n${i}` }))]
  ]
  for (const [why, routers, hosts] of broken) assert.throws(() => place({ routers, hosts }), why)
})

topology('no two of one network have the same address', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 30 }), fc.array(fc.nat(14), { maxLength: 30 }), (above, homes) => {
      // router i is behind an earlier one or on the segment; so is each host
      const routers = above
        .slice(0, 12)
        .map((n, i): RouterPlan => ({ name: `r${i}`, nat: 'preserving', ...behind(n, i) }))
      const hosts = homes.map((n, i): HostPlan => ({ name: `h${i}`, ...behind(n, routers.length) }))
      const all = [...place({ routers, hosts }).values()]
      const addresses = all.map(({ gateway, address }) => `${gateway?.name ?? 'segment'} ${address}`)
      assert.is(new Set(addresses).size, all.length)
      for (const { address, gateway } of all) assert.is.not(address, gateway?.address)
    })
  )
})

topology.run()

function behind(n: number, routers: number): { behind?: string } {
  return n < routers ? { behind: `r${n}` } : {}
}
