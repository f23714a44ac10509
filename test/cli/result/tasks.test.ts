// tasks.json of the samples of a result: read, checked, and named where it is none.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTasks, warmupEnd } from '../../../cli/result/tasks.ts'
import { tasksFileOf } from '../../../protocols/layout.ts'
import { readTasksFile } from '../../../protocols/tasks/read-tasks-file.ts'
import type { TaskResult, TasksFile } from '../../../protocols/tasks/tasks-file.ts'

const test = suite('tasks of a result')
const step = { number: 1, name: 'default', sample: 1 }
const columns = { p50: [1, null], p99: [2, null], max: [3, null] }
const seconds = { every: 1, throughput: [10, 0], failed: [0, 0], latency: columns, service: columns }
const measured = { samples: 10, warmup: 0, failed: 0, seconds }
const task: TaskResult = {
  ...{
    task: 'get',
    operation: 'get',
    element: 1,
    clients: 2,
    unit: 'ops',
    exact: true,
    ended: 'schedule',
    duration: 2
  },
  ...measured,
  throughput: { min: 10, mean: 10, median: 10, max: 10, rows: [[1, false, 10]] },
  errors: [],
  members: [{ member: 'n1', clients: 2, ...measured }]
}
const file: TasksFile = { format: 1, elements: [{ element: 1, tasks: ['get'], at: 1000 }], tasks: [task] }

const folders: string[] = []
test.after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

async function resultWith(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bak-tasks-'))
  folders.push(folder)
  const path = join(folder, tasksFileOf(step))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

test('a sample has what its file says, and one without a file has nothing', async () => {
  const folder = await resultWith(file)
  const { samples, unread } = await readTasks(folder, [step, { ...step, sample: 2 }])
  assert.equal(samples, [{ step, ...file }])
  assert.equal(unread, [])
})

const BAD: Array<[what: string, content: unknown, words: RegExp]> = [
  ['no JSON', '{', /tasks\.json is not JSON/],
  ['another format', { ...file, format: 2 }, /tasks\.json: format/],
  ['a text for a number', { ...file, tasks: [{ ...task, samples: 'x' }] }, /tasks\.json: tasks\.0\.samples/],
  [
    'a column that is shorter than the others',
    { ...file, tasks: [{ ...task, seconds: { ...seconds, service: { ...columns, max: [1] } } }] },
    /task get has 2 seconds, and 1 of service\.max/
  ],
  [
    'a column of a member that is longer',
    { ...file, tasks: [{ ...task, members: [{ ...task.members[0], seconds: { ...seconds, failed: [0, 0, 0] } }] }] },
    /task get on n1 has 2 seconds, and 3 of failed/
  ],
  [
    'more seconds than are kept',
    { ...file, tasks: [{ ...task, seconds: { ...seconds, throughput: Array(3601).fill(1) } }] },
    /3601 seconds; 3600 are the most/
  ]
]
for (const [what, content, words] of BAD)
  test(`${what} is named with its path, and the other samples are read`, async () => {
    const folder = await resultWith(content)
    const { samples, unread } = await readTasks(folder, [step])
    assert.equal(samples, [])
    assert.is(unread.length, 1)
    assert.match(unread[0]?.reason ?? '', words)
  })

test('a link in the place of the file is not followed', async () => {
  const folder = await resultWith(file)
  const other = { ...step, sample: 2 }
  await mkdir(dirname(join(folder, tasksFileOf(other))), { recursive: true })
  await symlink(join(folder, tasksFileOf(step)), join(folder, tasksFileOf(other)))
  try {
    await readTasksFile(folder, other)
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /^1-default\/sample2\/tasks\.json: /)
  }
})

test('the warm-up ends with the first row that counts', () => {
  const rows: TaskResult['throughput']['rows'] = [
    [1, true, 5],
    [2, true, 6],
    [3, false, 7]
  ]
  assert.is(warmupEnd({ ...task, throughput: { ...task.throughput, rows } }), 3)
  const warm = { ...task.throughput, rows: rows.slice(0, 2) }
  assert.is(warmupEnd({ ...task, throughput: warm, duration: 2.5 }), 2.5, 'nothing else came')
  assert.is(warmupEnd(task), 0)
  const told = { ...task, seconds: { ...seconds, every: 4, warmup: 2 }, duration: 20 }
  assert.is(warmupEnd(told), 8, 'as it is told')
})

test.run()
