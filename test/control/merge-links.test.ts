import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Edge, mergeLinks } from '../../node/control/merge-links.ts'
import type { Link } from '../../protocols/adjacency.ts'
import { pathClass } from '../../protocols/path.ts'

const test = suite('merging reports of connections')

const link = (peer: string, more: Partial<Link> = {}): Link => ({ peer, class: 'direct', gossip: false, ...more })
const relayed = { class: 'relayed', via: 'r' } as const

type Case = [
  title: string,
  ofA: Link[],
  ofB: Link[],
  expected: Omit<Edge, 'a' | 'b' | 'said'> | undefined,
  by: string[]
]
const cases: Case[] = [
  ['nothing', [], [], undefined, []],
  ['the same by both', [link('b')], [link('a')], { class: 'direct', gossip: false }, ['a', 'b']],
  ['by the first only', [link('b')], [], { class: 'direct', gossip: false }, ['a']],
  ['by the second only', [], [link('a', relayed)], { ...relayed, gossip: false }, ['b']],
  ['gossip one way', [link('b')], [link('a', { gossip: true })], { class: 'direct', gossip: true }, ['a', 'b']],
  [
    'relayed by the side that has not noticed the direct connection yet',
    [link('b', relayed)],
    [link('a', { class: 'punched' })],
    { class: 'punched', gossip: false },
    ['a', 'b']
  ],
  [
    'mapped by the side that knows of its port, direct by the other',
    [link('b')],
    [link('a', { class: 'mapped' })],
    { class: 'mapped', gossip: false },
    ['a', 'b']
  ],
  [
    'relayed by both, and one knows the relay',
    [link('b', { class: 'relayed' })],
    [link('a', relayed)],
    { ...relayed, gossip: false },
    ['a', 'b']
  ],
  ['by a peer of itself', [link('a')], [], undefined, []],
  ['twice by one', [link('b'), link('b', relayed)], [], { class: 'direct', gossip: false }, ['a']]
]
for (const [title, ofA, ofB, expected, by] of cases) {
  test(`reported ${title}`, () => {
    const reports = new Map([
      ['a', ofA],
      ['b', ofB]
    ])
    const [edge, ...more] = mergeLinks(reports)
    assert.is(more.length, 0)
    if (expected == null) return assert.is(edge, undefined)
    const { a, b, said, ...rest } = edge as Edge
    assert.equal([a, b], ['a', 'b'])
    assert.equal(rest, expected)
    assert.equal(
      said.map(each => each.by),
      by
    )
  })
}

const peer = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const anyLink = fc.record({ peer, class: fc.constantFrom(...pathClass.options), gossip: fc.boolean() })
const reports = fc.uniqueArray(fc.tuple(peer, fc.array(anyLink, { maxLength: 8 })), { selector: ([by]) => by })

test('every reported pair is there once, in order, with the reports of its two peers only, whatever the order of the reports', () => {
  fc.assert(
    fc.property(reports, all => {
      const edges = mergeLinks(new Map(all))
      assert.equal(mergeLinks(new Map([...all].reverse())), edges)
      const reported = all.flatMap(([by, links]) =>
        links.filter(each => each.peer !== by).map(each => [by, each.peer].sort())
      )
      const pairs = [...new Set(reported.map(String))].sort()
      assert.equal(
        edges.map(({ a, b }) => `${a},${b}`),
        pairs
      )
      for (const { a, b, said, gossip, class: chosen } of edges) {
        assert.ok(a < b && said.length > 0 && said.length <= 2)
        assert.is(new Set(said.map(({ by }) => by)).size, said.length)
        for (const { by } of said) assert.ok(by === a || by === b)
        assert.is(
          gossip,
          said.some(each => each.gossip)
        )
        assert.ok(said.some(each => each.class === chosen))
      }
    })
  )
})

test.run()
