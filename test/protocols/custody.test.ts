import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { custodyOf, handOver, holdersOf } from '../../protocols/custody.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { controller, member, run } from './samples.ts'

const test = suite('custody of a result')
const other = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
const fresh = { run } as RunRecord

test('its controller holds it, and each to whom a holder gave it', () => {
  const moved = handOver(handOver(fresh, member.peer, controller, 1), other, member, 2)
  assert.equal(holdersOf(run, controller.peer, custodyOf(moved)), [controller.peer, member.peer, other])
  assert.equal(holdersOf(run, controller.peer, custodyOf(fresh)), [controller.peer])
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
