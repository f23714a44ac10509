/** How tasks go before anything has come of them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { liveOf } from '../../../node/run/load/live.ts'
import { TaskResults } from '../../../node/run/load/task-results.ts'
import type { PlannedTask } from '../../../protocols/tasks/elements.ts'
import type { LoadStatus } from '../../../protocols/tasks/load-stream.ts'

const test = suite('tasks that have just begun')

const PLANNED: PlannedTask = {
  ...{ name: 't', operation: { type: 'command', command: 'true', timeout: 0 }, operationName: 'o', clients: 2 },
  ...{ warmupIterations: 0, rampUp: 0, schedule: 'deterministic', ignoreErrors: false }
}

function begun(of: Partial<PlannedTask>, statuses: Map<string, LoadStatus> = new Map()) {
  const task = { ...PLANNED, ...of }
  const plan = { elements: [{ number: 1, tasks: [task], clients: 2 }], clients: 2, members: [] }
  const of1 = { task: 't', element: 1, operation: 'o', clients: 2, members: new Map([['a', 2]]) }
  const [now] = liveOf({ element: 1, plan, statuses, tasks: [new TaskResults(of1)] }).tasks
  return [now?.progress, now?.warmup]
}

test('have done nothing yet where they have an end of their own, and are in a warm-up only where there is one', () => {
  assert.equal(begun({ period: 5 }), [0, false])
  assert.equal(begun({ iterations: 5 }), [0, false])
  assert.equal(begun({ iterations: 5, warmupIterations: 2 }), [0, true])
  assert.equal(begun({ warmupPeriod: 5 }), [undefined, true])
  assert.equal(begun({}), [undefined, false])
})

test.run()
