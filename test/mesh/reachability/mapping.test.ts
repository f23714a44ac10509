/** Port mappings with fakes of libp2p and of the routers' protocols. */
import type { Libp2pEvents } from '@libp2p/interface'
import type { NodeAddress } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Mapping, type MappingComponents, type PortMappers } from '../../../node/mesh/reachability/mapping.ts'
import { BakError } from '../../../protocols/errors.ts'
import { nodeAddress, settle } from '../../helpers/fakes.ts'
import { silent } from '../../helpers/networks.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const test = suite('the mapping of a port')
test.after(stayAwake())

const byUpnp = nodeAddress('/ip4/8.8.8.8/tcp/4001', 'ip-mapping')
const pmp = { external: { host: '8.8.4.4', port: 4001 }, internal: '192.168.1.7', lifetime: 7_200 }

const started: Mapping[] = []
test.after.each(async () => {
  for (const each of started.splice(0)) await each.stop()
})

interface Init {
  listening?: string[]
  on?: boolean
  /** Whether UPnP maps a port. */
  upnp?: boolean
  mapPort?: PortMappers['mapPort']
  router?: string
}

function start({ listening = ['/ip4/192.168.1.7/tcp/4001'], on = true, upnp = false, ...more }: Init = {}) {
  const events = new TypedEventEmitter<Libp2pEvents>()
  const addresses: NodeAddress[] = []
  /** What was asked of libp2p's address manager and of routers, in order. */
  const calls: string[] = []
  const components: MappingComponents = {
    events,
    transportManager: { getAddrs: () => listening.map(each => multiaddr(each)) },
    addressManager: {
      getAddressesWithMetadata: () => addresses,
      addPublicAddressMapping: (host, port, outer, outerPort) =>
        void calls.push(`add ${host}:${port} ${outer}:${outerPort}`),
      removePublicAddressMapping: (host, port, outer, outerPort) =>
        void calls.push(`remove ${host}:${port} ${outer}:${outerPort}`),
      confirmObservedAddr: address => void calls.push(`confirm ${address}`)
    }
  }
  const mappers: PortMappers = {
    upnp: async () => ({
      start: async () => void calls.push('upnp start'),
      stop: async () => void calls.push('upnp stop'),
      mapIpAddresses: async () => {
        if (!upnp) throw new Error('no router found')
        addresses.push(byUpnp)
      }
    }),
    router: async () => ('router' in more ? more.router : '192.168.1.1'),
    mapPort: more.mapPort ?? (async () => pmp),
    unmapPort: async (router, port) => void calls.push(`unmap ${router} ${port}`)
  }
  const mapping = new Mapping(components, { log: silent, on, mappers, upnpTimeout: 20 })
  started.push(mapping)
  mapping.afterStart()
  return { mapping, calls, events, listening }
}

test('is asked for only where it is allowed', async () => {
  const { calls } = start({ on: false })
  await settle(20)
  assert.equal(calls, [])
})

for (const [title, listening] of [
  ['on loopback only', ['/ip4/127.0.0.1/tcp/4001']],
  ['at a public address', ['/ip4/8.8.8.8/tcp/4001']],
  ['on IPv6 only', ['/ip6/fd00::1/tcp/4001']],
  ['behind a relay only', ['/ip4/192.168.1.9/tcp/1/p2p-circuit']],
  ['nowhere', []]
] as const) {
  test(`is not asked for by a peer that listens ${title}`, async () => {
    const { calls } = start({ listening: [...listening] })
    await settle(20)
    assert.equal(calls, [])
  })
}

test('is asked for once the peer listens in a private network', async () => {
  const { calls, listening, events } = start({ listening: [], upnp: true })
  listening.push('/ip4/192.168.1.7/tcp/4001')
  for (let i = 0; i < 2; i++) events.dispatchEvent(new CustomEvent('transport:listening', { detail: {} as never }))
  await until(() => calls.length > 0)
  await settle(20)
  assert.equal(calls, ['upnp start'])
})

test('by UPnP leaves NAT-PMP alone', async () => {
  const { calls } = start({ upnp: true })
  await settle(600)
  assert.equal(calls, ['upnp start'])
})

test('by NAT-PMP is announced, and removed at the stop', async () => {
  const { mapping, calls } = start({ upnp: false })
  await until(() => calls.length >= 3)
  assert.equal(calls, ['upnp start', 'add 192.168.1.7:4001 8.8.4.4:4001', 'confirm /ip4/8.8.4.4/tcp/4001'])
  calls.length = 0
  await mapping.stop()
  assert.equal(calls.sort(), ['unmap 192.168.1.1 4001', 'upnp stop'])
})

for (const [title, init] of [
  ['without a router', { router: undefined }],
  [
    'by a router that refuses',
    {
      mapPort: async () => {
        throw new BakError('not-allowed', 'the router refused with NAT-PMP result 2')
      }
    }
  ],
  [
    'by a router behind another one, whose public address is private',
    { mapPort: async () => ({ ...pmp, external: { host: '10.0.0.2', port: 4001 } }) }
  ]
] as Array<[string, Init]>) {
  test(`is not announced ${title}`, async () => {
    const { mapping, calls } = start(init)
    await settle(400)
    await mapping.stop()
    assert.equal(calls, ['upnp start', 'upnp stop'])
  })
}

test('does not delay a stop for long, though a router does not answer', async () => {
  const { mapping } = start({ mapPort: () => new Promise(() => {}) })
  await settle(400)
  const began = performance.now()
  await mapping.stop()
  assert.ok(performance.now() - began < 2_000)
})

test.run()
