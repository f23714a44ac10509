/** Clients of a run, what they do in each element, and where they are. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { spec } from '../../../protocols/spec.ts'
import { allocationOf, tasksOfClient } from '../../../protocols/tasks/allocation.ts'
import { elementsOf } from '../../../protocols/tasks/elements.ts'
import { assignWorkers, clientsIn, exactShares, loadPlanOf } from '../../../protocols/tasks/workers.ts'
import { rally, runFileOf } from './rally.ts'

const test = suite('the allocation of clients')
const operation = { type: 'http', url: 'http://127.0.0.1/' }
const elementsIn = (file: object) => elementsOf(v.parse(spec, { command: ['true'], ...file }))

for (const { name, schedule, clients, joinPoints, matrix, tasksPerJoinPoint } of rally.allocator)
  test(`is that of Rally: ${name}`, () => {
    const elements = elementsOf(v.parse(spec, runFileOf(schedule)))
    assert.equal(allocationOf(elements), { clients, joinPoints, matrix })
    assert.equal(
      elements.map(each => each.tasks.map(one => one.name)),
      tasksPerJoinPoint
    )
  })

test('with more tasks than clients has several tasks a client, one after the other: a c e and b d', () => {
  const task = [...'abcde'].map(name => ({ name, operation, parallel: 'p' }))
  const [element] = elementsIn({ task, parallel: [{ name: 'p', clients: 2 }] })
  assert.ok(element)
  const { matrix } = allocationOf([element])
  const shown = matrix.map(row =>
    row.map(cell => (cell == null ? '-' : 'join' in cell ? `J${cell.join}` : cell.task)).join(' ')
  )
  assert.equal(shown, ['J0 a c e J1', 'J0 b d - J1'])
  assert.equal(
    tasksOfClient(element, 2, 1).map(({ task: { name }, index }) => [name, index]),
    [
      ['b', 0],
      ['d', 0]
    ]
  )
})

test('names the clients of the task that completes an element', () => {
  const elements = elementsIn({
    task: [
      { name: 'bulk', operation, parallel: 'p', clients: 1 },
      { name: 'search', operation, parallel: 'p', clients: 2 }
    ],
    parallel: [{ name: 'p', completed_by: 'search' }]
  })
  const { matrix } = allocationOf(elements)
  assert.equal(matrix[0]?.at(-1), { join: 1, completing: [1, 2] })
  const completing = [0, 1, 2].map(client => tasksOfClient(elements[0] as never, 3, client)[0]?.isCompleting)
  assert.equal(completing, [false, true, true])
})

test('lets clients begin over the ramp-up, and those of a second task at once', () => {
  const [element] = elementsIn({
    task: [...'ab'].map(name => ({ name, operation, parallel: 'p', clients: 2 })),
    parallel: [{ name: 'p', clients: 2, warmup_time_period: 10, ramp_up_time_period: 4, time_period: 10 }]
  })
  assert.ok(element)
  const waits = [0, 1].map(client => tasksOfClient(element, 2, client).map(({ wait }) => wait))
  assert.equal(waits, [
    [0, 0],
    [2, 0]
  ])
})

test('lets clients begin within the ramp-up also where a limit does not bind, since another element has more clients', () => {
  const [element] = elementsIn({
    task: [...'ab'].map(name => ({ name, operation, parallel: 'p', clients: 2 })),
    parallel: [{ name: 'p', clients: 2, warmup_time_period: 10, ramp_up_time_period: 4, time_period: 10 }]
  })
  assert.ok(element)
  const waits = [0, 1, 2, 3, 4].flatMap(client => tasksOfClient(element, 8, client).map(({ wait }) => wait))
  assert.equal(waits, [0, 1, 2, 3])
})

for (const { hosts, clients, result } of rally.workerAssignments)
  test(`${clients} clients on ${hosts.length} hosts are assigned as by Rally`, () => {
    assert.equal(
      assignWorkers(
        hosts.map(([host, cores]) => ({ host, cores })),
        clients
      ),
      result
    )
  })

const schedules = fc.array(
  fc.record({ clients: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }), cap: fc.boolean() }),
  { minLength: 1, maxLength: 6 }
)
const fileOf = (groups: Array<{ clients: number[]; cap: boolean }>) => ({
  task: groups.flatMap(({ clients }, g) =>
    clients.map((each, t) => ({ name: `t${g}-${t}`, operation, clients: each, parallel: `p${g}` }))
  ),
  parallel: groups.map(({ cap }, g) => ({ name: `p${g}`, ...(cap ? { clients: 2 } : {}) }))
})

test('has each client of each task exactly once, and the rows of clients say the same', () => {
  fc.assert(
    fc.property(schedules, groups => {
      const elements = elementsIn(fileOf(groups))
      const { clients, matrix } = allocationOf(elements)
      const cells = matrix.flat().filter(cell => cell != null && 'task' in cell)
      const expected = elements.flatMap(({ tasks }) =>
        tasks.flatMap(one => Array.from({ length: one.clients }, (_, i) => `${one.name} ${i}`))
      )
      assert.equal(cells.map(cell => `${cell.task} ${cell.clientIndexInTask}`).sort(), expected.sort())
      for (const [client, row] of matrix.entries()) {
        const own = elements.flatMap(element => tasksOfClient(element, clients, client))
        assert.equal(
          own.map(each => `${each.task.name} ${each.index}`),
          row.flatMap(cell => (cell != null && 'task' in cell ? [`${cell.task} ${cell.clientIndexInTask}`] : []))
        )
      }
      assert.is(new Set(matrix.map(row => row.length)).size, 1, 'all rows have the same columns')
    })
  )
})

test('has each client in one worker of one host, and no worker with two more than another of its host', () => {
  const hosts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(hosts, fc.integer({ min: 0, max: 200 }), (cores, clients) => {
      const assigned = assignWorkers(
        cores.map((each, i) => ({ host: `h${i}`, cores: each })),
        clients
      )
      assert.equal(
        assigned.flatMap(({ workers }) => workers.flat()),
        Array.from({ length: clients }, (_, i) => i)
      )
      for (const { workers } of assigned) {
        const counts = workers.map(each => each.length)
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
      }
    })
  )
})

test('says which members have clients of a task, and shares what is kept exactly among them', () => {
  const file = {
    task: [
      { name: 'narrow', operation, clients: 1 },
      { name: 'wide', operation, clients: 6 }
    ]
  }
  const hosts = ['a', 'b', 'c'].map(host => ({ host, cores: 2 }))
  const plan = loadPlanOf(v.parse(spec, { command: ['true'], ...file }), hosts)
  assert.equal([...clientsIn(plan, 'narrow')], [['a', [0]]])
  assert.equal(
    [...clientsIn(plan, 'wide').values()],
    [
      [0, 1],
      [2, 3],
      [4, 5]
    ]
  )
  assert.equal(exactShares(plan), { narrow: 1_000_000, wide: 333_333 })
})

test.run()
