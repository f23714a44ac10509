import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refusalOfArchive, refusalOfResult } from '../../node/run/archive-rule.ts'
import { newSigner } from '../helpers/streams.ts'
import { controller, member, run } from '../protocols/samples.ts'

const test = suite('who may store results')
const stranger = newSigner().peer
const named = (name: string) => ({ cleo: ['p1'], twin: ['p1', 'p2'] })[name] ?? []

test('all, none, or those who are listed by id or by a name that is theirs alone', () => {
  assert.is(refusalOfArchive(true, 'p1', named), undefined)
  assert.match(refusalOfArchive(false, 'p1', named) as string, 'does not name p1')
  assert.is(refusalOfArchive(['cleo'], 'p1', named), undefined)
  assert.is(refusalOfArchive(['p2'], 'p2', named), undefined)
  assert.match(refusalOfArchive(['cleo'], 'p2', named) as string, 'does not name p2')
  assert.match(refusalOfArchive(['twin'], 'p2', named) as string, 'names twin, as several peers')
  assert.is(refusalOfArchive(['twin', 'p2'], 'p2', named), undefined)
})

const roles = { roleOf: (peer: string) => (peer === controller.peer ? ('controller' as const) : undefined) }
const result = (by: string | undefined, of = controller.peer) => ({
  run,
  controller: { peer: of, name: 'c' },
  seal: by == null ? undefined : { by, signature: '' }
})

test('a result is sealed by who moves it or by a controller of the mesh, under its own id', () => {
  const moved = { run, peer: member.peer }
  assert.is(refusalOfResult(result(member.peer), moved, roles), undefined)
  assert.is(refusalOfResult(result(controller.peer), moved, roles), undefined)
  assert.match(refusalOfResult(result(stranger), moved, roles) as string, 'nor is a controller of this mesh')
  assert.match(
    refusalOfResult(result(member.peer), { ...moved, run: 'other' }, roles) as string,
    `the result of ${run}`
  )
})

test('a run whose controller this peer has heard of is not that of another', () => {
  const moved = { run, peer: member.peer, controller: controller.peer }
  assert.is(refusalOfResult(result(member.peer), moved, roles), undefined)
  assert.match(
    refusalOfResult(result(member.peer, stranger), moved, roles) as string,
    `${controller.peer} drives this run`
  )
})

test.run()
