import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type KnownPeer, remember } from '../../../node/mesh/peering/address-book.ts'
import { dialsFor, missingOf } from '../../../node/mesh/peering/dial-plan.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { record } from '../../protocols/samples.ts'

const DAY = 86_400_000
const now = 20_000 * DAY + 1234

const seen = (peer: string, change: Partial<MemberView> = {}): MemberView => ({
  ...record,
  ...{ peer, name: peer, shown: peer, role: 'agent', state: 'alive', path: 'indirect', since: now - 5_000 },
  ...change
})
const known = (peer: string, change: Partial<KnownPeer> = {}): KnownPeer => ({
  ...{ peer, name: peer, addresses: [`/ip4/10.0.0.1/tcp/${peer.length}`], seen: now - (now % DAY) },
  ...change
})

const missing = suite('missing peers')

missing('are lost members and known peers that are not in the table; not those that are here or have left', () => {
  const members = [
    seen('here'),
    seen('lost', { state: 'lost' }),
    seen('left', { state: 'left' }),
    seen('draining', { state: 'draining' }),
    seen('nowhere', { state: 'lost', addresses: [] })
  ]
  const book = [known('here'), known('left'), known('away'), known('gone', { left: true })]
  assert.equal(missingOf(members, book), [
    { peer: 'lost', addresses: record.addresses },
    { peer: 'away', addresses: ['/ip4/10.0.0.1/tcp/4'] }
  ])
})

missing('are all dialled within four rounds in a small mesh, where every member searches', () => {
  for (const [gone, dials] of [
    [0, 0],
    [1, 1],
    [4, 1],
    [5, 2],
    [32, 8],
    [1000, 8]
  ]) {
    assert.is(dialsFor(gone as number, 2, 0.999), dials as number)
  }
})

missing('are searched for by about four members in a round, however large the mesh', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 2_000 }), here => {
      const searching = Array.from({ length: here }, (_, i) => dialsFor(3, here, i / here)).filter(n => n > 0)
      assert.is(searching.length, 4)
    })
  )
})
missing.run()

const remembered = suite('remembered peers')

remembered('are those here and those that were here; the latest first, those that have left at the end', () => {
  const before = [known('long-ago', { seen: now - 3 * DAY }), known('moved'), known('left'), known('lost')]
  const members = [
    seen('moved', { addresses: ['/ip4/10.9.9.9/tcp/1'] }),
    seen('left', { state: 'left' }),
    seen('lost', { state: 'lost', since: now - DAY }),
    seen('hidden', { addresses: [] })
  ]
  const after = remember(before, members, now)
  assert.equal(
    after.map(({ peer, left }) => [peer, left]),
    [
      ['moved', undefined],
      ['lost', undefined],
      ['long-ago', undefined],
      ['left', true]
    ]
  )
  assert.equal(after[0]?.addresses, ['/ip4/10.9.9.9/tcp/1'])
})

remembered('give the same file all day long if the members stay the same', () => {
  const members = [seen('a'), seen('b', { state: 'left' })]
  const morning = remember([], members, now)
  assert.equal(remember(morning, members, now + 3_600_000), morning)
})

remembered('are forgotten after a week; one that left and came back is like any other', () => {
  const before = [known('old', { seen: now - 8 * DAY }), known('back', { left: true })]
  assert.equal(
    remember(before, [seen('back')], now).map(({ peer, left }) => [peer, left]),
    [['back', undefined]]
  )
})

remembered('are 1024 at most, the latest', () => {
  const crowd = Array.from({ length: 1500 }, (_, i) => known(`p${i}`, { seen: now - i }))
  const after = remember(crowd, [], now)
  assert.is(after.length, 1024)
  assert.is(after[0]?.peer, 'p0')
})
remembered.run()
