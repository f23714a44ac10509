import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { topicName } from '../../protocols/hello.ts'
import { fuzz, MAX_GROWTH_BYTES } from './fuzz.ts'
import { targets } from './list.ts'
import { ours, pubsubOf, startWorld, type World } from './world.ts'

const INPUTS = 2_000
/** For all targets together: on a slow machine each gets fewer inputs. */
const BUDGET_MS = 36_000
const MIN_TARGET_MS = 250

const test = suite('fuzzing')
let world: World
test.before(async () => {
  world = await startWorld()
})
test.after(() => world?.stop())

const names = targets.map(({ name }) => name)

test('every protocol in protocols/ is on the list, on both sides', async () => {
  const modules = await Promise.all(globSync('protocols/**/*.ts').map(file => import(resolve(file))))
  const exported = modules.flatMap(each => Object.values(each) as Array<{ id?: string; maxFrame?: number }>)
  const ids = new Set(exported.filter(each => each?.maxFrame != null && each.id != null).map(({ id }) => id as string))
  assert.ok(ids.size >= 10)
  for (const id of ids) {
    assert.ok(names.includes(id), `${id} is not on the list in test/fuzz/list.ts`)
    assert.ok(names.includes(`answers of ${id}`), `the answers of ${id} are not on the list in test/fuzz/list.ts`)
  }
})

test('every protocol and topic of a daemon is on the list', () => {
  const { network, mesh } = world.target.parts
  for (const id of ours(network)) assert.ok(names.includes(id), `${id} is not on the list in test/fuzz/list.ts`)
  for (const topic of pubsubOf(network).getTopics()) {
    assert.ok(
      targets.some(target => target.topic != null && topicName(mesh.mesh, target.topic(world)) === topic),
      `${topic} is not on the list in test/fuzz/list.ts`
    )
  }
  assert.is(new Set(names).size, names.length)
})

let left = BUDGET_MS
for (const [i, target] of targets.entries()) {
  test(`${target.name}: every input is accepted or refused with a code, in time, and the heap does not grow`, async () => {
    const inputs = Math.ceil(INPUTS * (target.share ?? 1))
    const fuzzed = await fuzz(world, target, { inputs, time: Math.max(MIN_TARGET_MS, left / (targets.length - i)) })
    left -= fuzzed.took
    assert.is(fuzzed.failure, undefined, fuzzed.failure)
    assert.ok(fuzzed.growth < MAX_GROWTH_BYTES, `${fuzzed.growth} bytes more after ${fuzzed.inputs} inputs`)
  })
}

test('the state of the daemon is unchanged', () => {
  const { coordinator, agent, members } = world.target.parts
  assert.equal(
    coordinator.drivers().map(({ run }) => run.id),
    [world.live]
  )
  assert.equal(agent.runs(), [world.live])
  assert.is(coordinator.driver(world.live)?.run.record.phase, 'work')
  assert.equal(coordinator.driver(world.live)?.run.record.excluded, [])
  assert.is(members.self.name, 'target')
  assert.is(members.self.state, 'alive')
})

test.run()
