/** Tasks that went to their end and measured nothing. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { taskFaultOf } from '../../../protocols/tasks/task-fault.ts'
import { specOf } from '../samples.ts'

const test = suite('the fault of a task')
const operation = { type: 'http', url: 'http://10.0.0.7/' }
const specWith = (task: object, more: object = {}) =>
  specOf({ command: undefined, task: [{ name: 't', operation, ...task }], ...more })
const errors = [
  { kind: 'timeout', count: 2 },
  { kind: 'status 503', count: 8 }
]
type Ended = Parameters<typeof taskFaultOf>[0]
const table: Array<[string, Partial<Ended>, string | undefined]> = [
  ['all of its requests failed', {}, 'each of its 10 requests failed: status 503'],
  ['its only request failed', { samples: 1, failed: 1, errors: [] }, 'its request failed'],
  ['one of its requests did not', { failed: 9 }, undefined],
  ['it was cut short', { ended: 'cut' }, undefined],
  ['it had no time for a request', { samples: 0, failed: 0 }, undefined]
]
for (const [what, given, wanted] of table)
  test(`${what}: ${wanted ?? 'no fault'}`, () => {
    const ended: Ended = { task: 't', samples: 10, failed: 10, errors, ended: 'schedule', ...given }
    assert.is(taskFaultOf(ended, specWith({})), wanted)
  })

test('errors that end nothing are none, nor is a value of a search that does not hold', () => {
  const ended: Ended = { task: 't', samples: 10, failed: 10, errors, ended: 'completed' }
  assert.is(taskFaultOf(ended, specWith({ ignore_errors: true })), undefined)
  assert.is(taskFaultOf(ended, { ...specWith({}), search: {} }), undefined)
})

test.run()
