/** How tasks go before anything has come of them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { liveOf } from '../../../node/run/load/live.ts'
import { TaskResults } from '../../../node/run/load/task-results.ts'
import type { PlannedTask } from '../../../protocols/tasks/elements.ts'
import { type LoadNow, loadNow } from '../../../protocols/tasks/load-now.ts'
import type { LoadStatus } from '../../../protocols/tasks/load-stream.ts'

const test = suite('tasks that have just begun')

const PLANNED: PlannedTask = {
  ...{ name: 't', operation: { type: 'command', command: 'true', timeout: 0 }, operationName: 'o', clients: 2 },
  ...{ warmupIterations: 0, rampUp: 0, schedule: 'deterministic', ignoreErrors: false }
}

function nowOf(of: Partial<PlannedTask>, statuses: Map<string, LoadStatus> = new Map()): LoadNow {
  const task = { ...PLANNED, ...of }
  const plan = { elements: [{ number: 1, tasks: [task], clients: 2 }], clients: 2, members: [] }
  const of1 = {
    task: 't',
    element: 1,
    operation: 'o',
    clients: 2,
    members: new Map(['a', 'b'].map(member => [member, 1]))
  }
  return liveOf({ element: 1, plan, statuses, tasks: [new TaskResults(of1)] })
}

function begun(of: Partial<PlannedTask>) {
  const [now] = nowOf(of).tasks
  return [now?.progress, now?.warmup]
}

test('have done nothing yet where they have an end of their own, and are in a warm-up only where there is one', () => {
  assert.equal(begun({ period: 5 }), [0, false])
  assert.equal(begun({ iterations: 5 }), [0, false])
  assert.equal(begun({ iterations: 5, warmupIterations: 2 }), [0, true])
  assert.equal(begun({ warmupPeriod: 5 }), [undefined, true])
  assert.equal(begun({}), [undefined, false])
})

test('have sums that can be read whatever members tell', () => {
  const most = Number.MAX_SAFE_INTEGER
  const tasks = ['t', 'u'].map(task => ({ task, clients: most, sent: most, done: most }))
  const status = { element: 1, workers: 1, busy: 0, lag: 0, tasks }
  const now = nowOf({}, new Map(['a', 'b'].map(member => [member, status])))
  assert.ok(v.is(loadNow, now))
  assert.equal([now.tasks[0]?.clients, now.members[0]?.clients, now.members[0]?.done], [most, most, most])
})

test.run()
