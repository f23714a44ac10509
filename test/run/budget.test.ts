import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Budget } from '../../node/run/budget.ts'
import type { Bounds } from '../../node/store/bounded-unpack.ts'
import { receiveDefaults } from '../../protocols/config-file.ts'
import { BakError } from '../../protocols/errors.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { run } from '../protocols/samples.ts'
import { codeOf } from '../store/scratch.ts'

const GIB = 2 ** 30
const test = suite('the budget of a member')
let digits = 0

function offerOf(change: Partial<TarballOffer> = {}): TarballOffer {
  const digest = (++digits).toString(16).padStart(64, '0')
  return { run, what: `1-default/sample${digits}`, kind: 'sample', digest, bytes: 1000, allow: [], ...change }
}

const budgetOf = (limits: Partial<typeof receiveDefaults> = {}) =>
  new Budget({ run, name: 'b', limits: { ...receiveDefaults, ...limits } })

const unpacked = (data: number, entries = 1) => ({
  files: entries,
  bytes: data,
  data,
  entries,
  refused: [],
  renamed: []
})

/** What a tarball may unpack to. */
async function boundsOf(budget: Budget, offer = offerOf()): Promise<Bounds> {
  let seen: Bounds | undefined
  await budget
    .take(offer, async bounds => {
      seen = bounds
      throw new BakError('mismatch', 'only asked')
    })
    .catch(() => {})
  return seen as Bounds
}

test('small tarballs share one GiB: what the first unpacked to beyond the ratio no other has again', async () => {
  const budget = budgetOf()
  assert.is((await boundsOf(budget)).maxData, GIB + 200_000)
  await budget.take(offerOf(), async () => unpacked(GIB))
  assert.is((await boundsOf(budget)).maxData, GIB + 200_000 - GIB + 200_000)
  const bounds = await boundsOf(budget)
  assert.match(bounds.explain('data'), /receive_limits\.ratio = 200 .* used 1073741824 bytes of 1000 packed/)
})

test('a member that has sent what makes less may not send more of what makes much than any other', async () => {
  const budget = budgetOf()
  await budget.take(offerOf({ bytes: GIB }), async () => unpacked(GIB))
  assert.is((await boundsOf(budget)).maxData, GIB + 200_000)
})

test('what is begun counts with its size, once however often it is offered, until it is taken', async () => {
  const budget = budgetOf({ bytes: 10_000 })
  const first = offerOf({ bytes: 6_000 })
  budget.begin(first)
  budget.begin(first)
  assert.throws(() => budget.begin(offerOf({ bytes: 4_001 })), /receive_limits\.bytes = 10000 /)
  budget.begin(offerOf({ bytes: 4_000 }))
  await budget.take(first, async () => unpacked(10_000))
  assert.throws(() => budget.begin(offerOf({ bytes: 1 })), /used 10000/)
})

test('a tarball that is refused takes no room from those after it', async () => {
  const budget = budgetOf({ bytes: 10_000 })
  const large = offerOf({ bytes: 9_000 })
  budget.begin(large)
  await boundsOf(budget, large)
  budget.begin(offerOf({ bytes: 9_000 }))
  assert.throws(() => budget.begin(offerOf({ bytes: 9_000 })), /receive_limits\.bytes = 10000 /)
})

test('tarballs are counted, begun and taken', async () => {
  const budget = budgetOf({ tarballs: 2 })
  const first = offerOf()
  budget.begin(first)
  await budget.take(first, async () => unpacked(1))
  budget.begin(offerOf())
  assert.throws(() => budget.begin(offerOf()), /receive_limits\.tarballs = 2 /)
})

test('tarballs of one member are unpacked in turn, so that two do not use the same rest', async () => {
  const budget = budgetOf({ bytes: 10_000 })
  const first = budget.take(offerOf(), async () => {
    await new Promise(resolve => setTimeout(resolve, 20))
    return unpacked(7_000)
  })
  const { maxData } = await boundsOf(budget)
  assert.is(maxData, 3_000)
  await first
})

test('a tarball that fails to unpack is tried three times', async () => {
  const budget = budgetOf()
  const offer = offerOf()
  const fails = async () => {
    throw new BakError('no-space', 'full')
  }
  for (let i = 0; i < 3; i++) assert.is(await codeOf(budget.take(offer, fails)), 'no-space')
  assert.is(await codeOf(budget.take(offer, fails)), 'not-allowed')
  assert.throws(() => budget.begin(offer), /3 tarballs of this kind/)
})

test('what this peer sends itself has no bounds', async () => {
  const budget = new Budget({ run, name: 'a' })
  for (let i = 0; i < 5; i++) await budget.take(offerOf({ what: 'same' }), async () => unpacked(GIB * 1000))
  assert.is((await boundsOf(budget)).maxData, Number.POSITIVE_INFINITY)
})

test.run()
