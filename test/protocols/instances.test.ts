/** Whose output a file of a result is, and who writes any. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instancesOf, labelsIn, nameOfInstance, outputFileOf } from '../../protocols/instances.ts'
import { specOf } from './samples.ts'

const task = { operation: { type: 'http', url: 'http://10.0.0.7/' } }
const spec = specOf({ command: undefined, workload: [{ name: 'web', role: 'server', command: ['x'] }], task: [task] })
const controller = { peer: 'p', name: 'a' }
const roster = [
  { name: 'a', workloads: [{ name: 'web', instances: 1, rank: 0 }] },
  { name: 'b', load: 0 },
  { name: 'c', load: 1 }
]

test('drivers of members that load write output, and others do not', () => {
  assert.equal(instancesOf({ spec, controller, roster }).map(nameOfInstance), ['a/web', 'b/load', 'c/load'])
  assert.equal(instancesOf({ spec, controller, roster: [] }), [])
})

test('a file in the folder of a driver is its output, in a run of tasks only', () => {
  const path = '1-default/sample1/workload/b/load/stderr.txt'
  assert.equal(outputFileOf(path, labelsIn(spec)), { member: 'b', workload: 'load', stream: 'stderr' })
  assert.is(outputFileOf(path, labelsIn(specOf())), undefined)
  assert.is(outputFileOf('1-default/sample1/workload/b/load/samples.csv', labelsIn(spec)), undefined)
})

test.run()
