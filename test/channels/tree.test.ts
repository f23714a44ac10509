import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Routes } from '../../node/channels/routes.ts'
import { type Branch, branchesOf, peersIn, placeOf } from '../../node/channels/tree.ts'

const pure = suite('how a run is divided')
const named = (n: number) => Array.from({ length: n }, (_, i) => `m${i}`)
const depthOf = (branches: Branch[]): number =>
  branches.length === 0 ? 0 : 1 + Math.max(...branches.map(({ below }) => depthOf(below)))
const widest = (branches: Branch[]): number => Math.max(branches.length, ...branches.map(({ below }) => widest(below)))

pure('nobody is below anybody where the controller may tell all', () => {
  assert.equal(
    branchesOf(named(3), 3),
    named(3).map(head => ({ head, below: [] }))
  )
  assert.equal(branchesOf([], 3), [])
})

pure('neighbours in rank are in one branch, and branches are of nearly the same size', () => {
  assert.equal(branchesOf(named(8), 3).map(peersIn), [
    ['m0', 'm1'],
    ['m2', 'm3', 'm4'],
    ['m5', 'm6', 'm7']
  ])
})

pure('of 10,000 nobody tells more than 10, and a command takes four hops', () => {
  const branches = branchesOf(named(10_000), 64)
  assert.equal([widest(branches), depthOf(branches)], [10, 4])
})

pure(
  'however many there are, all are in it once, in order, nobody tells too many, and depth grows with the logarithm',
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 2, max: 200 }), (n, fanout) => {
        const branches = branchesOf(named(n), fanout)
        assert.equal(branches.flatMap(peersIn), named(n))
        assert.ok(widest(branches) <= fanout, `${widest(branches)} of ${n} by ${fanout}`)
        const deepest = n <= fanout ? 1 : Math.ceil(Math.log(n) / Math.log(Math.min(fanout, 16)) + 1e-9)
        assert.ok(depthOf(branches) <= Math.max(1, deepest), `${depthOf(branches)} deep: ${n} by ${fanout}`)
      }),
      { numRuns: 300 }
    )
  }
)

pure('each finds the head that it answers and those that answer it, and they find each other', () => {
  const branches = branchesOf(named(30), 3)
  for (const peer of named(30)) {
    const place = placeOf(peer, branches)
    assert.ok(place != null)
    for (const { head } of place.below) assert.is(placeOf(head, branches)?.head, peer)
    if (place.head != null) assert.ok(placeOf(place.head, branches)?.below.some(({ head }) => head === peer))
    else assert.ok(branches.some(({ head }) => head === peer))
  }
  assert.is(placeOf('controller', branches), undefined)
})
pure.run()

const roads = suite('over whose line the controller tells a member')
/** m0 tells m1; m2 tells m3 and m4; m5 tells m6 and m7. */
function eight() {
  const gone = new Set<string>()
  return { gone, roads: new Routes({ peers: named(8), fanout: 3, isOpen: peer => !gone.has(peer) }) }
}

roads('heads tell who is below them, and each line carries a command once', () => {
  assert.equal(eight().roads.to(named(8), 0), ['m0', 'm2', 'm5'])
  assert.equal(eight().roads.to(['m4', 'm7'], 1), ['m2', 'm5'])
  assert.equal(eight().roads.below('m5'), ['m6', 'm7'])
  assert.equal(eight().roads.below('m7'), [])
})

roads('who is below a head that cannot be told is told directly', () => {
  const { roads, gone } = eight()
  gone.add('m2')
  assert.equal(roads.to(['m3', 'm4', 'm6'], 0), ['m3', 'm4', 'm5'])
})

roads('whom its head cannot tell is told directly, until the next phase', () => {
  const { roads } = eight()
  assert.equal(roads.stray(['m3', 'm6']), ['m3', 'm6'])
  assert.equal(roads.stray(['m3', 'm4']), ['m4'])
  assert.equal(roads.to(['m3', 'm7'], 0), ['m3', 'm5'])
  roads.begin()
  assert.equal(roads.to(['m3', 'm7'], 0), ['m2', 'm5'])
})

roads('with the fourth attempt all are told directly: a head may stand still', () => {
  assert.equal(eight().roads.to(['m3', 'm4'], 2), ['m2'])
  assert.equal(eight().roads.to(['m3', 'm4'], 3), ['m3', 'm4'])
})

roads('a head speaks for those below it and for nobody else', () => {
  const { roads } = eight()
  const pairs = [
    ['m2', 'm3'],
    ['m2', 'm2'],
    ['m2', 'm6'],
    ['m3', 'm4']
  ] as const
  assert.equal(
    pairs.map(([line, peer]) => roads.speaksFor(line, peer)),
    [true, false, false, false]
  )
})
roads.run()
