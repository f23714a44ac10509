import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fuzz, LEAK } from './fuzz.ts'
import { targets } from './list.ts'
import { nameOf } from './topics.ts'
import { ours, pubsubOf, startWorld, type World } from './world.ts'

const INPUTS = 2_000
/** Time for all doors together, ms: on a slow machine each gets fewer inputs. */
const BUDGET = 36_000
const LEAST = 250

const test = suite('inputs that nobody expects')
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
  const { network } = world.target.parts
  for (const id of ours(network)) assert.ok(names.includes(id), `${id} is not on the list in test/fuzz/list.ts`)
  const topics = names.filter(name => name.startsWith('topic ')).map(name => name.slice('topic '.length))
  const covered = topics.map(topic => nameOf(world, topic))
  for (const topic of pubsubOf(network).getTopics()) {
    assert.ok(covered.includes(topic), `${topic} is not on the list in test/fuzz/list.ts`)
  }
  assert.is(new Set(names).size, names.length)
})

let left = BUDGET
for (const [i, target] of targets.entries()) {
  test(`${target.name}: every input is taken or refused with a code, in time, and nothing grows`, async () => {
    const inputs = Math.ceil(INPUTS * (target.share ?? 1))
    const fuzzed = await fuzz(world, target, { inputs, time: Math.max(LEAST, left / (targets.length - i)) })
    left -= fuzzed.took
    assert.is(fuzzed.failure, undefined, fuzzed.failure)
    assert.ok(fuzzed.growth < LEAK, `${fuzzed.growth} bytes more after ${fuzzed.inputs} inputs`)
  })
}

test('what the daemon is and does is as it was', () => {
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
