import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type KnownRelay, KnownRelays, type RelayCandidate } from '../../../node/mesh/relay/known-relays.ts'

const test = suite('the relays that a peer knows')

const direct = ['/ip4/192.0.2.7/tcp/4001']
const member = (peer: string, more: Partial<RelayCandidate> = {}): RelayCandidate => ({
  ...{ peer, relay: true, state: 'alive', addresses: direct },
  ...more
})
const connected = () => true

function knownOf(...members: RelayCandidate[]) {
  const known = new KnownRelays('self')
  known.update(members)
  return known
}
const peersOf = (relays: KnownRelay[]) => relays.map(({ peer }) => peer).sort()
const relayOf = (known: KnownRelays, peer: string) => known.get(peer) as KnownRelay

test('are members that relay and are present, without the peer itself', () => {
  const known = knownOf(
    member('a'),
    member('b', { relay: undefined }),
    member('c', { state: 'lost' }),
    member('d', { state: 'left' }),
    member('self')
  )
  assert.equal(peersOf(known.list()), ['a'])
})

test('have the addresses of their latest record that lead through no other relay', () => {
  const known = knownOf(member('a'))
  known.update([member('a', { addresses: ['/ip4/192.0.2.8/tcp/1', '/ip4/192.0.2.9/tcp/1/p2p/b/p2p-circuit'] })])
  assert.equal(relayOf(known, 'a').addresses, ['/ip4/192.0.2.8/tcp/1'])
})

test('stay known when they are lost, and are due at once when they return', () => {
  const known = knownOf(member('a'))
  known.failed(relayOf(known, 'a'), 1_000)
  assert.equal(known.toAsk(connected, 1_000), [])
  known.update([member('a', { state: 'lost' })])
  assert.is(known.size, 1)
  known.update([member('a')])
  assert.equal(peersOf(known.toAsk(connected, 1_000)), ['a'])
})

test('are dropped when they no longer relay, unless there is a reservation', () => {
  const known = knownOf(member('a'), member('b'))
  relayOf(known, 'b').addressBehind = 'x'
  known.update([member('a', { relay: undefined }), member('b', { relay: undefined })])
  assert.equal(peersOf(known.list()), ['b'])
  assert.equal(peersOf(known.reserved()), ['b'])
})

test('are asked until two have given a reservation; one that is being asked counts', () => {
  const known = knownOf(member('a'), member('b'), member('c'))
  const [first, second] = known.toAsk(connected, 0) as [KnownRelay, KnownRelay]
  first.addressBehind = 'x'
  second.reserving = true
  assert.equal(known.toAsk(connected, 0), [])
  second.reserving = false
  assert.is(known.toAsk(connected, 0).length, 1)
})

test('are asked again with growing delays, of 1.5 s at most while there is no reservation', () => {
  const known = knownOf(member('a'), member('b'))
  const relay = relayOf(known, 'a')
  const delays = Array.from({ length: 8 }, () => known.failed(relay, 100))
  assert.ok((delays[0] as number) <= 250)
  assert.ok(Math.max(...delays) <= 1_500)
  assert.is(relay.notBefore, 100 + (delays.at(-1) as number))
  relayOf(known, 'b').addressBehind = 'x'
  assert.ok(known.failed(relay, 100) > 1_500)
  known.retryNow(relay)
  assert.is(relay.notBefore, 0)
})

test('are 32 at most: a lost one makes room for another, a present one does not', () => {
  const known = knownOf(...Array.from({ length: 40 }, (_, i) => member(`relay ${i}`)))
  assert.is(known.size, 32)
  known.update([member('relay 3', { state: 'lost' }), member('new')])
  assert.is(known.size, 32)
  assert.ok(known.get('new') != null && known.get('relay 3') == null)
})

test.run()
