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

const missing = suite('who is missing')

missing('lost members, and remembered peers that nobody here knows; not who is here or said good-bye', () => {
  const members = [
    seen('here'),
    seen('lost', { state: 'lost' }),
    seen('left', { state: 'left' }),
    seen('draining', { state: 'draining' }),
    seen('nowhere', { state: 'lost', addresses: [] })
  ]
  const remembered = [known('here'), known('left'), known('away'), known('gone', { left: true })]
  assert.equal(missingOf(members, remembered), [
    { peer: 'lost', addresses: record.addresses },
    { peer: 'away', addresses: ['/ip4/10.0.0.1/tcp/4'] }
  ])
})

missing('where few look each looks, and all that are missing have a dial within four rounds', () => {
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

missing('however large the mesh, about four members look in a round, and none where none is missing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 2_000 }), here => {
      const looking = Array.from({ length: here }, (_, i) => dialsFor(3, here, i / here)).filter(n => n > 0)
      assert.is(looking.length, 4)
    })
  )
})
missing.run()

const memory = suite('who is remembered')

memory('who is here, and who was; those that left last, the latest seen first', () => {
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

memory('the same members give the same file all day long', () => {
  const members = [seen('a'), seen('b', { state: 'left' })]
  const morning = remember([], members, now)
  assert.equal(remember(morning, members, now + 3_600_000), morning)
})

memory('who has not been here for a week is forgotten, and who left and came back is as any other', () => {
  const before = [known('old', { seen: now - 8 * DAY }), known('back', { left: true })]
  assert.equal(
    remember(before, [seen('back')], now).map(({ peer, left }) => [peer, left]),
    [['back', undefined]]
  )
})

memory('no more than 1024, the latest', () => {
  const crowd = Array.from({ length: 1500 }, (_, i) => known(`p${i}`, { seen: now - i }))
  const after = remember(crowd, [], now)
  assert.is(after.length, 1024)
  assert.is(after[0]?.peer, 'p0')
})
memory.run()
