import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isHere, shownNames, stateOf, Table } from '../../../node/mesh/membership/table.ts'
import { check } from '../../../protocols/codec.ts'
import { seal } from '../../../protocols/envelope.ts'
import { name as nameSchema } from '../../../protocols/fields.ts'
import { type MemberRecord, memberSubject } from '../../../protocols/hello.ts'
import { peerIdOf } from '../../../protocols/identity.ts'
import { member, record as sample } from '../../protocols/samples.ts'

const sealed = seal(memberSubject, sample, member)
const record = (change: Partial<MemberRecord> = {}): MemberRecord => ({ ...sample, peer: 'p', version: 5, ...change })

const table = suite('membership table')

const wins: Array<[title: string, known: Partial<MemberRecord>, comes: Partial<MemberRecord>, news: boolean]> = [
  ['a newer record wins', { version: 5 }, { version: 6 }, true],
  ['an older one does not', { version: 5 }, { version: 4 }, false],
  ['the same one is no news', { version: 5 }, { version: 5 }, false],
  ['another of the same version is no news', { version: 5, name: 'x' }, { version: 5, name: 'y' }, false],
  ['an older one does not bring back a peer that left', { version: 5, state: 'left' }, { version: 4 }, false],
  ['a newer one does', { version: 5, state: 'left' }, { version: 6 }, true]
]
for (const [title, known, comes, news] of wins) {
  table(title, () => {
    const rows = new Table()
    assert.ok(rows.learn(record(known), sealed, 100))
    assert.is(rows.learn(record(comes), sealed, 200), news)
    assert.equal(rows.get('p')?.record, news ? record(comes) : record(known))
    assert.is(rows.rows().length, 1)
  })
}

table('a peer that is gone is forgotten until it announces itself again, whoever still has its old record', () => {
  const rows = new Table()
  rows.learn(record(), sealed, 100)
  assert.not(rows.forget('p', 5), 'it is here')
  rows.markLost('p', 5, 200)
  assert.not(rows.forget('p', 4), 'a newer record than the one that was forgotten')
  assert.ok(rows.forget('p', 5))
  assert.is(rows.get('p'), undefined)
  assert.not(rows.learn(record(), sealed, 300))
  assert.ok(rows.learn(record({ version: 6 }), sealed, 400))
  assert.is(stateOf(rows.get('p') as never), 'alive')
})

table('a newcomer to a full table takes the place of the peer that has been gone for longest, and of no other', () => {
  const rows = new Table(3)
  for (const [i, peer] of ['a', 'b', 'c'].entries()) rows.learn(record({ peer }), sealed, i)
  assert.not(rows.learn(record({ peer: 'd' }), sealed, 10))
  assert.ok(rows.learn(record({ peer: 'a', version: 6 }), sealed, 11), 'a known peer is still updated')
  rows.markLost('c', 9, 20)
  rows.learn(record({ peer: 'b', version: 9, state: 'left' }), sealed, 30)
  assert.ok(rows.learn(record({ peer: 'd' }), sealed, 40))
  assert.equal(
    rows
      .rows()
      .map(row => row.record.peer)
      .sort(),
    ['a', 'b', 'd']
  )
})

table('the newest record stays, in whatever order they come', () => {
  const versions = fc.uniqueArray(fc.nat(), { minLength: 1 })
  fc.assert(
    fc.property(versions, all => {
      const rows = new Table()
      const news = all.filter(version => rows.learn(record({ version }), sealed, 1))
      assert.is(rows.get('p')?.record.version, Math.max(...all))
      assert.equal(
        news,
        [...news].sort((a, b) => a - b)
      )
    })
  )
})

table('the time of a state is when it began, not when it was confirmed last', () => {
  const rows = new Table()
  rows.learn(record({ version: 1 }), sealed, 100)
  rows.learn(record({ version: 2, cores: 3 }), sealed, 200)
  assert.is(rows.get('p')?.since, 100)
  rows.learn(record({ version: 3, state: 'busy' }), sealed, 300)
  assert.is(rows.get('p')?.since, 300)
})

table('a reported peer is lost, and a second report changes nothing', () => {
  const rows = new Table()
  rows.learn(record({ version: 5 }), sealed, 100)
  assert.is(rows.markLost('p', 5, 200), true)
  assert.is(stateOf(rows.get('p') as never), 'lost')
  assert.is(isHere(rows.get('p') as never), false)
  assert.is(rows.get('p')?.since, 200)
  assert.is(rows.markLost('p', 5, 300), false)
  assert.is(rows.get('p')?.since, 200)
})

const void_: Array<[title: string, known: Partial<MemberRecord> | undefined, version: number]> = [
  ['on an older record than is known', { version: 5 }, 4],
  ['of a peer that has left', { version: 5, state: 'left' }, 5],
  ['of an unknown peer', undefined, 5]
]
for (const [title, known, version] of void_) {
  table(`a report ${title} is void`, () => {
    const rows = new Table()
    if (known != null) rows.learn(record(known), sealed, 100)
    const before = rows.rows()
    assert.is(rows.markLost('p', version, 200), false)
    assert.equal(rows.rows(), before)
  })
}

table('a report on a newer record than the known one counts: its reporter knew more', () => {
  const rows = new Table()
  rows.learn(record({ version: 5 }), sealed, 100)
  assert.is(rows.markLost('p', 6, 200), true)
})

table('a record that comes after the report on it does not bring its peer back; a newer one does', () => {
  for (const first of [undefined, 3]) {
    const rows = new Table()
    if (first != null) rows.learn(record({ peer: 'p', version: first, state: 'left' }), sealed, 100)
    assert.is(rows.markLost('p', 5, 200), false)
    for (const version of [4, 5]) {
      rows.learn(record({ peer: 'p', version }), sealed, 300)
      assert.is(stateOf(rows.get('p') as never), 'lost')
    }
    rows.learn(record({ peer: 'p', version: 6 }), sealed, 400)
    assert.is(stateOf(rows.get('p') as never), 'alive')
  }
})

table('a peer that connects after the report on it is not lost when the reported record comes', () => {
  const rows = new Table()
  rows.markLost('p', 5, 100)
  rows.markConnected('p', 200)
  rows.learn(record({ peer: 'p', version: 5 }), sealed, 300)
  assert.is(stateOf(rows.get('p') as never), 'alive')
})

table('a lost peer is back with a newer record or a connection, and not with the old record', () => {
  for (const back of ['record', 'connection']) {
    const rows = new Table()
    rows.learn(record({ version: 5 }), sealed, 100)
    rows.markLost('p', 5, 200)
    assert.is(rows.learn(record({ version: 5 }), sealed, 250), false)
    assert.is(isHere(rows.get('p') as never), false)
    assert.is(back === 'record' ? rows.learn(record({ version: 6 }), sealed, 300) : rows.markConnected('p', 300), true)
    assert.is(isHere(rows.get('p') as never), true)
    assert.is(rows.get('p')?.since, 300)
  }
})

table('the connection of a peer that is here, has left or is unknown is no news', () => {
  const rows = new Table()
  rows.learn(record(), sealed, 100)
  rows.learn(record({ peer: 'q', state: 'left' }), sealed, 100)
  for (const peer of ['p', 'q', 'r']) assert.is(rows.markConnected(peer, 200), false)
  assert.is(rows.get('q')?.record.state, 'left')
})

table('peers that left or were lost long ago are forgotten, and no others', () => {
  const rows = new Table()
  for (const peer of ['here', 'lost-early', 'lost-late']) rows.learn(record({ peer }), sealed, 100)
  for (const [peer, at] of [
    ['left-early', 100],
    ['left-late', 200]
  ] as const) {
    rows.learn(record({ peer, state: 'left' }), sealed, at)
  }
  rows.markLost('lost-early', 5, 100)
  rows.markLost('lost-late', 5, 200)
  rows.expire(200)
  assert.equal(
    rows
      .rows()
      .map(row => row.record.peer)
      .sort(),
    ['here', 'left-late', 'lost-late']
  )
})
table.run()

const names = suite('shown names')
const peerOf = (n: number) => peerIdOf(Buffer.alloc(32, `peer ${n} `))
const show = (list: Array<[peer: string, name: string]>) =>
  Object.fromEntries(shownNames(list.map(([peer, name]) => record({ peer, name }))))

names('a peer has its own name if it is unique, and else the end of its id too', () => {
  const [a, b, c] = [peerOf(1), peerOf(2), peerOf(3)]
  assert.equal(
    show([
      [a, 'db'],
      [b, 'web'],
      [c, 'db']
    ]),
    {
      [a]: `db#${a.slice(-6)}`,
      [b]: 'web',
      [c]: `db#${c.slice(-6)}`
    }
  )
})

names('a peer that takes the shown name of another does not get it', () => {
  const [a, b, c] = [peerOf(1), peerOf(2), peerOf(3)]
  const shown = show([
    [a, 'db'],
    [b, 'db'],
    [c, `db#${a.slice(-6)}`]
  ])
  assert.is(new Set(Object.values(shown)).size, 3)
  assert.is(shown[b], `db#${b.slice(-6)}`)
  assert.is(shown[a], `db#${a}`)
})

/** Names that are often alike, and often look like the shown names of others. */
const crowd = fc
  .array(
    fc.oneof(
      fc.constantFrom('db', 'web', 'x'.repeat(64), `${'x'.repeat(63)}y`),
      fc.nat(12).map(n => `db#${peerOf(n).slice(-6)}`),
      fc.nat(12).map(n => `db#${peerOf(n)}`),
      fc.nat(12).map(n => `db#${peerOf(n).slice(-6)}#${peerOf(n).slice(-6)}`)
    ),
    { maxLength: 12 }
  )
  .map(all => all.map((name, n): [string, string] => [peerOf(n), name]))

names('are unique, are valid names, and are the same on every peer', () => {
  fc.assert(
    fc.property(
      crowd.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        const shown = show(all)
        assert.is(new Set(Object.values(shown)).size, all.length)
        for (const name of Object.values(shown)) check(nameSchema, name)
        assert.equal(show(shuffled), shown)
        for (const [peer, name] of all) {
          assert.ok(shown[peer]?.startsWith(name.slice(0, 11)))
          if (all.filter(([, other]) => other === name).length > 1) assert.is.not(shown[peer], name)
        }
      }
    ),
    { numRuns: 1_000 }
  )
})
names.run()
