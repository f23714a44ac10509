/** The instances of a run by name: those of workloads, and the driver of each member with clients of tasks. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instancesOf, labelsIn, nameOfInstance, outputFileOf } from '../../protocols/instances.ts'
import { specOf } from './samples.ts'

const test = suite('instances of a run')
const workload = [{ name: 'web', role: 'server', command: ['x'], instances: 2 }]
const task = [{ name: 'get', operation: { type: 'http', url: 'http://127.0.0.1/' } }]
const spec = specOf({ command: undefined, workload, task })
const controller = { name: 'c', peer: '' }

test('members with clients have a driver, whose output is theirs', () => {
  const roster = [
    { name: 'a', workloads: [{ name: 'web', instances: 2, rank: 0 }], load: undefined },
    { name: 'b', load: 0 }
  ]
  assert.equal(instancesOf({ spec, roster, controller }).map(nameOfInstance), ['a/web.1', 'a/web.2', 'b/load'])
  const path = '1-default/sample1/workload/b/load/stderr.txt'
  assert.equal(outputFileOf(path, labelsIn(spec)), { member: 'b', workload: 'load', stream: 'stderr' })
})

test('a run without tasks has none', () => {
  const without = specOf({ command: undefined, workload })
  assert.equal([...labelsIn(without).keys()], ['web.1', 'web.2'])
  assert.is(outputFileOf('1-default/sample1/workload/b/load/stderr.txt', labelsIn(without)), undefined)
})

test.run()
