import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressBehind, chooseRelays, type RelayView, WANTED } from '../../../node/mesh/relay/choose.ts'

const test = suite('the choice of relays')

const view = (peer: string, more: Partial<RelayView> = {}): RelayView => ({
  peer,
  connected: true,
  held: false,
  notBefore: 0,
  ...more
})

const cases: Array<[title: string, relays: RelayView[], asked: string[]]> = [
  ['nobody relays', [], []],
  ['one relay is all there is', [view('a')], ['a']],
  ['one is held, one more is wanted', [view('a', { held: true }), view('b')], ['b']],
  ['two are held', [view('a', { held: true }), view('b', { held: true }), view('c')], []],
  ['one that refused is not asked before its time', [view('a', { notBefore: 101 }), view('b')], ['b']],
  ['one that refused is asked at its time', [view('a', { notBefore: 100 })], ['a']]
]
for (const [title, relays, asked] of cases) {
  test(title, () => assert.equal(chooseRelays('me', relays, 100), asked))
}

test('connected relays come first', () => {
  const relays = [...'abcdefgh'].map(peer => view(peer, { connected: peer === 'e' || peer === 'g' }))
  assert.equal(chooseRelays('me', relays, 0).sort(), ['e', 'g'])
})

test('not all peers choose the same of many relays', () => {
  const relays = [...'abcdefgh'].map(peer => view(peer))
  const chosen = Array.from({ length: 50 }, (_, i) => chooseRelays(`peer${i}`, relays, 0))
  assert.is(new Set(chosen.flat()).size, relays.length)
})

test('never more than wanted, never one that is held or not due; the order of the list does not matter', () => {
  const relay = fc.record({
    peer: fc.string({ minLength: 1 }),
    connected: fc.boolean(),
    held: fc.boolean(),
    notBefore: fc.nat(200)
  })
  const relays = fc.uniqueArray(relay, { selector: ({ peer }) => peer })
  fc.assert(
    fc.property(relays, fc.string(), (all, self) => {
      const asked = chooseRelays(self, all, 100)
      const held = all.filter(each => each.held).length
      const free = all.filter(each => !each.held && each.notBefore <= 100).length
      assert.is(asked.length, Math.max(0, Math.min(WANTED - held, free)))
      for (const peer of asked) assert.ok(all.some(each => each.peer === peer && !each.held && each.notBefore <= 100))
      assert.equal(chooseRelays(self, all.toReversed(), 100), asked)
    })
  )
})

const relay = '12D3KooWQSt5TsGU8emEKKTQMWpuRfxpsY1pb5g6sLExHqvbjMLi'
const me = '12D3KooWKVCy6ckjs1FDgz2ATJsSX5vpRHqfxdiyRBAR1JMwZxed'
const behind: Array<[title: string, addresses: string[], expected: string | undefined]> = [
  ['no address', [], undefined],
  ['its only one', ['/ip4/127.0.0.1/tcp/1'], '/ip4/127.0.0.1/tcp/1'],
  ['its public one', ['/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/2', '/ip4/127.0.0.1/tcp/1'], '/ip4/8.8.8.8/tcp/2'],
  ['a name', ['/ip4/10.0.0.1/tcp/1', '/dns4/relay.example.org/tcp/2'], '/dns4/relay.example.org/tcp/2'],
  ['one that a record can hold', [`/dns4/${'a.'.repeat(100)}org/tcp/2`, '/ip4/10.0.0.1/tcp/1'], '/ip4/10.0.0.1/tcp/1']
]
for (const [title, addresses, expected] of behind) {
  test(`the address behind a relay is made of ${title}`, () => {
    const found = addressBehind(
      addresses.map(address => `${address}/p2p/${relay}`),
      me
    )
    assert.is(found, expected && `${expected}/p2p/${relay}/p2p-circuit/p2p/${me}`)
  })
}

test.run()
