import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { peersIn, positionOf, type Subtree, subtreesOf } from '../../node/channels/tree.ts'

const pure = suite('the tree over a roster')
const named = (n: number) => Array.from({ length: n }, (_, i) => `m${i}`)
const depthOf = (subtrees: Subtree[]): number =>
  subtrees.length === 0 ? 0 : 1 + Math.max(...subtrees.map(({ children }) => depthOf(children)))
const widest = (subtrees: Subtree[]): number =>
  Math.max(subtrees.length, ...subtrees.map(({ children }) => widest(children)))

pure('nobody is below anybody where the controller may receive from all', () => {
  assert.equal(
    subtreesOf(named(3), 3),
    named(3).map(root => ({ root, children: [] }))
  )
  assert.equal(subtreesOf([], 3), [])
})

pure('neighbours in rank are in one subtree, and subtrees are of nearly the same size', () => {
  assert.equal(subtreesOf(named(8), 3).map(peersIn), [
    ['m0', 'm1'],
    ['m2', 'm3', 'm4'],
    ['m5', 'm6', 'm7']
  ])
})

pure('of 10,000 nobody receives from more than 10, and an acknowledgement takes four hops', () => {
  const subtrees = subtreesOf(named(10_000), 64)
  assert.equal([widest(subtrees), depthOf(subtrees)], [10, 4])
})

pure('all are in it once, in order, nobody receives from too many, and depth grows with the logarithm', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 2, max: 200 }), (n, fanout) => {
      const subtrees = subtreesOf(named(n), fanout)
      assert.equal(subtrees.flatMap(peersIn), named(n))
      assert.ok(widest(subtrees) <= fanout, `${widest(subtrees)} of ${n} by ${fanout}`)
      const deepest = n <= fanout ? 1 : Math.ceil(Math.log(n) / Math.log(Math.min(fanout, 16)) + 1e-9)
      assert.ok(depthOf(subtrees) <= Math.max(1, deepest), `${depthOf(subtrees)} deep: ${n} by ${fanout}`)
    }),
    { numRuns: 300 }
  )
})

pure('each finds its aggregator and those that it aggregates, and they find each other', () => {
  const subtrees = subtreesOf(named(30), 3)
  for (const peer of named(30)) {
    const position = positionOf(peer, subtrees)
    assert.ok(position != null)
    for (const { root } of position.children) assert.is(positionOf(root, subtrees)?.parent, peer)
    if (position.parent != null) {
      assert.ok(positionOf(position.parent, subtrees)?.children.some(({ root }) => root === peer))
    } else assert.ok(subtrees.some(({ root }) => root === peer))
  }
  assert.is(positionOf('controller', subtrees), undefined)
})
pure.run()
