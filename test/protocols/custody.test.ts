import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { custodyOf, handOver, holdersOf } from '../../protocols/custody.ts'
import { MAX_HANDOVERS, type RunRecord } from '../../protocols/record.ts'
import { newSigner } from '../helpers/streams.ts'
import { controller, member, run } from './samples.ts'

const test = suite('custody of a result')
const other = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
const fresh = { run, controller: { peer: controller.peer, name: 'c' } } as RunRecord

test('its controller holds it, and each to whom a holder gave it', () => {
  const moved = handOver(handOver(fresh, member.peer, controller, 1), other, member, 2)
  assert.equal(holdersOf(run, controller.peer, custodyOf(moved)), [controller.peer, member.peer, other])
  assert.equal(holdersOf(run, controller.peer, custodyOf(fresh)), [controller.peer])
})

test('a move that is tried again adds nothing, and a record that can name no more is not made one that cannot be read', () => {
  const moved = handOver(fresh, member.peer, controller, 1)
  assert.is(handOver(moved, member.peer, controller, 2), moved)
  let record = fresh
  for (let i = 0; i < MAX_HANDOVERS; i++) record = handOver(record, newSigner().peer, controller, i)
  assert.throws(() => handOver(record, newSigner().peer, controller), /was handed over 64 times/)
})

test('nobody gives what it does not have, nor a result of another run', () => {
  const stolen = custodyOf(handOver(fresh, other, member, 1))
  assert.throws(() => holdersOf(run, controller.peer, stolen), /did not have/)
  const foreign = custodyOf(handOver({ ...fresh, run: '20261122T213015-other0' }, other, controller, 1))
  assert.throws(() => holdersOf(run, controller.peer, foreign), /not of/)
  const [sealed] = custodyOf(handOver(fresh, other, controller, 1))
  assert.throws(() => holdersOf(run, controller.peer, [{ ...sealed, by: member.peer } as never]), /signature/)
})

test.run()
