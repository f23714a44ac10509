/** When a peer relays for others: with a real relay service that serves nothing, as its registrar is a fake. */
import type { Libp2pEvents } from '@libp2p/interface'
import type { NodeAddress } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type RelayMode, RelayOffer, type RelayOfferComponents } from '../../../node/mesh/relay/relay-offer.ts'
import { observeProtocol } from '../../../protocols/observe.ts'
import { FakeMembers, logger, nodeAddress } from '../../helpers/fakes.ts'
import { silent } from '../../helpers/networks.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('offering a relay')

const proven = nodeAddress('/ip4/8.8.8.8/tcp/4001')
const unproven = nodeAddress('/ip4/8.8.8.8/tcp/4001', 'transport', false)

async function start(mode: RelayMode, addresses: NodeAddress[]) {
  const events = new TypedEventEmitter<Libp2pEvents>()
  const members = new FakeMembers()
  const served = new Set<string>()
  const registrar = {
    handle: async (protocol: string) => void served.add(protocol),
    unhandle: async (protocol: string) => void served.delete(protocol)
  }
  const components: RelayOfferComponents & { registrar: typeof registrar; logger: typeof logger } = {
    events,
    addressManager: { getAddressesWithMetadata: () => addresses },
    transportManager: { getAddrs: () => [multiaddr('/ip4/127.0.0.1/tcp/4001')] },
    streams: { serve: async ({ id }) => void served.add(id), unserve: async ({ id }) => void served.delete(id) },
    members,
    registrar,
    logger
  }
  const offer = new RelayOffer(components, {
    ...{ log: silent, signer: newSigner(), mode, limits: { reservations: 8 } }
  })
  await offer.afterStart()
  /** Sets the peer's own addresses, as libp2p reports them. */
  const become = async (...now: NodeAddress[]) => {
    addresses.splice(0, addresses.length, ...now)
    events.dispatchEvent(new CustomEvent('self:peer:update', { detail: {} as never }))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return { offer, served, told: () => members.updates.map(({ relay }) => relay), become }
}

const cases: Array<[mode: RelayMode, title: string, addresses: NodeAddress[], relays: boolean]> = [
  ['auto', 'is proven public', [proven], true],
  ['auto', 'is not proven public', [unproven], false],
  ['on', 'is not proven public', [], true],
  ['off', 'is proven public', [proven], false]
]
for (const [mode, title, addresses, relays] of cases) {
  test(`a peer that ${title} ${relays ? 'relays' : 'does not relay'} in mode ${mode}`, async () => {
    const { offer, served, told } = await start(mode, addresses)
    assert.equal(told(), relays ? [true] : [])
    assert.is(served.size, relays ? 2 : 0)
    await offer.stop()
    assert.is(served.size, 0)
  })
}

test('in mode auto a peer relays from the moment at which it is proven public, until it no longer is', async () => {
  const { offer, served, told, become } = await start('auto', [unproven])
  assert.equal(told(), [])
  await become(proven)
  assert.equal(told(), [true])
  assert.ok(served.has(observeProtocol.id))
  await become(proven)
  assert.equal(told(), [true], 'told once')
  await become(unproven)
  assert.equal(told(), [true, undefined])
  assert.is(served.size, 0)
  await offer.stop()
})

test.run()
