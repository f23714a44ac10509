import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refusalOfResult } from '../../node/run/archive-rule.ts'
import { newSigner } from '../helpers/streams.ts'
import { controller, member, run } from '../protocols/samples.ts'

const test = suite('which results are taken in')
const stranger = newSigner().peer

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
