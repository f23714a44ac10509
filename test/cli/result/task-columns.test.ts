// Columns of tasks by the second, as series.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TASK_COLUMNS, type TaskColumnKey, timesOf, valuesOf } from '../../../cli/result/task-columns.ts'
import type { TaskSeconds } from '../../../protocols/tasks/tasks-file.ts'

const test = suite('columns of tasks')
const times = { p50: [1, null, 3], p99: [2, null, 4], max: [3, null, 5] }
const seconds: TaskSeconds = {
  ...{ every: 2, throughput: [100, 90, 30], failed: [4, 0, 2], latency: times, service: times }
}
const column = (key: TaskColumnKey) => TASK_COLUMNS.find(each => each.key === key) as (typeof TASK_COLUMNS)[number]

const CASES: Array<[what: string, key: TaskColumnKey, duration: number, values: number[]]> = [
  ['the last row that was whole', 'throughput', 6, [100, 90, 30]],
  ['the last row as the rate while it lasted', 'throughput', 5.2, [100, 90, 50]],
  ['no rate of a row of which nearly nothing was measured', 'throughput', 4.1, [100, 90, Number.NaN]],
  ['failed requests a second', 'errors', 6, [2, 0, 1]],
  ['a gap where no request ended', 'p99', 4.1, [2, Number.NaN, 4]]
]
for (const [what, key, duration, values] of CASES)
  test(`has ${what}`, () =>
    assert.equal(
      [...valuesOf(column(key), seconds, duration)].map(each => Number(each.toPrecision(6))),
      values
    ))

test('a task that is shorter than a row has the rate while it lasted', () => {
  const one = { p50: [1], p99: [1], max: [1] }
  const short = { every: 1, throughput: [300], failed: [0], latency: one, service: one }
  assert.equal([...valuesOf(column('throughput'), short, 0.25)], [1200])
  assert.equal([...valuesOf(column('throughput'), short, 0)], [Number.NaN])
})

test('a row stands for its middle', () => assert.equal([...timesOf(seconds, 10_000)], [11_000, 13_000, 15_000]))

test.run()
