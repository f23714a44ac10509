/** The driver as a process of its own, started as a daemon starts it, with modules as operations. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Pacer, pacerOf } from '../../../../protocols/tasks/pacing.ts'
import { RAW_SAMPLES_FILE } from '../../../../protocols/tasks/task.ts'
import type { TaskAnswer } from '../../../../protocols/tasks/task-answer.ts'
import { pick, sumOf, TestDriver, withDriver } from '../../../helpers/load-driver.ts'

const WAITS = 'export default async () => { await new Promise(resolve => setTimeout(resolve, 3)) }'
const operation = { type: 'module', module: 'm.mjs' }

const driver = suite('the process of the driver')

driver('brings each request of a paced task, then says that all are there', async () => {
  const task = { name: 'read', operation, clients: 6, time_period: 1, warmup_time_period: 0.5, target_throughput: 400 }
  await withDriver({ spec: { task: [task] }, files: { 'm.mjs': WAITS } }, async it => {
    assert.is((await it.hear('ready')).workers, 2)
    await it.send({ type: 'prepare' })
    assert.is((await it.hear('done')).error, undefined)
    const { at, joined } = await it.element(1, { wait: 200 })
    const [answer] = joined.tasks
    assert.is(answer?.samples, 400)
    assert.is(answer?.warmup, 200)
    assert.is(answer?.ended, 'schedule')
    assert.equal(sumOf(it), pick(answer))
    assert.is(it.said.at(-1), joined)
    const { first = 0, last = 0 } = answer?.began ?? {}
    assert.ok(first >= at && last - at < 100, `began ${first - at} to ${last - at} ms behind the agreed moment`)
    const clients = new Set(it.columns('read').flatMap(({ client }) => [...client]))
    assert.equal([...clients].sort(), [0, 1, 2, 3, 4, 5])
    const dues = it.columns('read').flatMap(({ due }) => [...due])
    assert.equal(
      dues.map(each => Math.round(each * 10) / 10).sort((a, b) => a - b),
      Array.from({ length: 600 }, (_, i) => i * 2.5)
    )
    assert.is(joined.health?.workers, 2)
    assert.ok((joined.health?.busy ?? 2) <= 1)
    assert.is(joined.health?.waited != null, existsSync('/proc/thread-self/schedstat'))
  })
})

driver('says while it tries to reach a target that it does, and which one it could not', async () => {
  const task = { name: 'read', operation: { type: 'http', url: 'http://127.0.0.1:1/' }, iterations: 1 }
  await withDriver({ spec: { task: [task], load: { probe_timeout: 2 } }, files: {} }, async it => {
    await it.send({ type: 'prepare' })
    assert.match((await it.hear('done')).error ?? '', /http:\/\/127.0.0.1:1.*ECONNREFUSED/)
    const told = it.all('status').flatMap(({ prepared }) => prepared ?? [])
    assert.equal(told[0], { done: 0, total: 1, what: 'reaching the targets' })
  })
})

driver('beyond its share brings histograms, and keeps each request where it is asked to', async () => {
  const task = { name: 'read', operation, clients: 2, iterations: 400, warmup_iterations: 50 }
  const spec = { task: [task], load: { samples: 'raw' } }
  await withDriver({ spec, files: { 'm.mjs': WAITS }, exact: 100 }, async it => {
    const { joined } = await it.element(1)
    const samples = it.all('samples').reduce((sum, each) => sum + each.samples, 0)
    assert.is(samples, 100)
    assert.is(
      it.all('histograms').reduce((sum, each) => sum + each.samples, 0),
      800
    )
    assert.is(joined.tasks[0]?.samples, 800)
    assert.is(joined.tasks[0]?.warmup, 100)
    assert.equal(sumOf(it), pick(joined.tasks[0]))
    const lines = readFileSync(join(it.folder, 'out', RAW_SAMPLES_FILE), 'utf8')
      .trimEnd()
      .split('\n')
    assert.is(lines.length, 901)
    assert.is(lines.filter(each => each.includes(',warmup,')).length, 100)
  })
})

driver('a task that completes its element ends the others, and they say so', async () => {
  const tasks = [
    { name: 'short', operation, parallel: 'p', iterations: 5 },
    { name: 'long', operation, parallel: 'p', iterations: 1_000_000 }
  ]
  const spec = { task: tasks, parallel: [{ name: 'p', completed_by: 'short' }] }
  await withDriver({ spec, files: { 'm.mjs': WAITS } }, async it => {
    await it.begin(1)
    assert.is((await it.hear('completing')).element, 1)
    await it.send({ type: 'complete', element: 1 })
    const { tasks: answers } = await it.hear('joined')
    assert.equal(answers.map(({ task, ended }) => [task, ended]).sort(), [
      ['long', 'completed'],
      ['short', 'schedule']
    ])
    assert.is(it.all('completing').length, 1)
  })
})

driver('clients that are cut short end at once, also in a request, and what they measured is brought', async () => {
  const files = { 'm.mjs': 'let n = 0; export default async () => { if (++n > 3) await new Promise(() => {}) }' }
  const task = { name: 'read', operation, clients: 2, iterations: 100 }
  await withDriver({ spec: { task: [task] }, files, workers: 1 }, async it => {
    await it.begin(1)
    await it.hear('samples')
    const before = performance.now()
    await it.send({ type: 'cut' })
    const { tasks } = await it.hear('joined')
    assert.ok(performance.now() - before < 2_000)
    assert.is(tasks[0]?.ended, 'cut')
    assert.is(tasks[0]?.samples, 3)
    assert.is(tasks[0]?.error, undefined)
  })
})

driver('an error that is to end the run ends the element, named', async () => {
  const files = {
    'm.mjs': 'let n = 0; export default async () => { if (++n > 20) throw new Error("the disk is full") }'
  }
  const task = { name: 'write', operation, iterations: 1_000_000 }
  await withDriver({ spec: { task: [task], load: { on_error: 'abort' } }, files }, async it => {
    await it.begin(1)
    assert.match((await it.hear('failed')).reason, /^write: the disk is full$/)
    const [answer] = (await it.hear('joined')).tasks
    assert.is(answer?.ended, 'cut')
    assert.match(answer?.error ?? '', /the disk is full/)
  })
})

driver('a module that kills its thread fails the element, and the next one', async () => {
  const files = {
    'm.mjs':
      'let n = 0; export default async () => { if (++n === 5) setTimeout(() => { throw new Error("lost my mind\\n    at home") }); await new Promise(r => setTimeout(r, 5)) }'
  }
  const tasks = ['one', 'two'].map(name => ({ name, operation, clients: 2, time_period: 5 }))
  await withDriver({ spec: { task: tasks }, files }, async it => {
    const { joined } = await it.element(1)
    assert.match(joined.tasks[0]?.error ?? '', /^a worker thread has died: lost my mind {5}at home$/)
    assert.match((await it.hear('failed')).reason, /lost my mind/)
    const second = await it.element(2)
    assert.match(second.joined.tasks[0]?.error ?? '', /lost my mind/)
  })
})

driver('operations without any wait leave the thread its turns, and are unpaced', async () => {
  const task = { name: 'spin', operation, time_period: 1 }
  await withDriver(
    { spec: { task: [task] }, files: { 'm.mjs': 'export default () => {}' }, exact: 1_000 },
    async it => {
      const { joined } = await it.element(1)
      assert.ok((joined.tasks[0]?.samples ?? 0) > 10_000)
      assert.equal(sumOf(it), pick(joined.tasks[0]))
    }
  )
})

driver('prepares each once by threads that are free; what fails is named', async () => {
  const files = {
    'm.mjs':
      'import { appendFileSync } from "node:fs"; export default async ({ params }) => { appendFileSync("done.txt", params.n + "\\n"); if (params.n === 9) throw new Error("no room") }'
  }
  const named = (n: number) => ({ name: `p${n}`, ...operation, params: { n } })
  const spec = {
    task: [{ name: 'read', operation: { type: 'command', command: ['true'] }, clients: 2 }],
    operation: [1, 2, 3, 4, 9].map(named),
    load: { prepare: ['p1', 'p2', 'p3', 'p4'], setup: ['p1', 'p9'] }
  }
  await withDriver({ spec, files }, async it => {
    await it.send({ type: 'prepare' })
    assert.is((await it.hear('done')).error, undefined)
    const done = () =>
      readFileSync(join(it.folder, 'work', 'done.txt'), 'utf8')
        .trim()
        .split('\n')
    assert.equal(done().sort(), ['1', '2', '3', '4'])
    await it.send({ type: 'setup' })
    assert.is((await it.hear('done', 10_000, 1)).error, 'p9: no room')
    assert.equal(done().slice(4), ['1', '9'])
  })
})

driver('what is asked behind a preparation that failed waits for what is still under way', async () => {
  const files = {
    'm.mjs': `export default async ({ params }) => {
      if (params.n === 1) throw new Error('no room')
      await new Promise(resolve => setTimeout(resolve, 800))
      if (params.n === 2) throw new Error('too late')
    }`
  }
  const named = (n: number) => ({ name: `p${n}`, ...operation, params: { n } })
  const spec = {
    task: [{ name: 'read', operation: { type: 'command', command: ['true'] }, clients: 2 }],
    operation: [1, 2, 3].map(named),
    load: { prepare: ['p2', 'p1'], teardown: ['p3'] }
  }
  await withDriver({ spec, files }, async it => {
    await it.send({ type: 'prepare' })
    assert.is((await it.hear('done')).error, 'p1: no room')
    await it.send({ type: 'teardown' })
    assert.equal(await it.hear('done', 10_000, 1), { type: 'done', what: 'teardown' })
  })
})

driver('a module that cannot be loaded is named before anything begins', async () => {
  const task = { name: 'read', operation }
  await withDriver({ spec: { task: [task] }, files: { 'm.mjs': 'export const other = 1' } }, async it => {
    await it.send({ type: 'prepare' })
    assert.match((await it.hear('done')).error ?? '', /m\.mjs: it does not export a default function/)
  })
})

driver(
  'an element without clients here is joined at once, and a cut between elements is answered with nothing',
  async () => {
    const tasks = [
      { name: 'one', operation, clients: 1, iterations: 1 },
      { name: 'two', operation, clients: 2, iterations: 1 }
    ]
    await withDriver({ spec: { task: tasks }, files: { 'm.mjs': WAITS } }, async it => {
      await it.send({ type: 'cut' })
      await it.element(1)
      await it.element(2)
      assert.equal(
        it.all('joined').map(each => each.tasks.map(({ task, samples }) => [task, samples])),
        [[['one', 1]], [['two', 2]]]
      )
    })
  }
)

driver('closes operations in each of its threads when the socket closes, and waits for none that hangs', async () => {
  const files = {
    'm.mjs': `import { appendFileSync } from 'node:fs'
      export default async () => { await new Promise(resolve => setTimeout(resolve, 3)) }
      export const teardown = async ({ folder }) => { appendFileSync(folder + '/../out/closed', 'x'); await new Promise(() => {}) }`
  }
  const it = await TestDriver.start({ spec: { task: [{ name: 'a', operation, clients: 2, iterations: 2 }] }, files })
  await it.element(1)
  const before = performance.now()
  await it.end()
  assert.ok(performance.now() - before < 5_000)
  assert.is(readFileSync(join(it.folder, 'out', 'closed'), 'utf8'), 'xx')
  assert.is(await it.close(), 0)
})

driver('ends with status 0 as soon as the socket closes', async () => {
  const it = await TestDriver.start({ spec: { task: [{ name: 'a', operation }] }, files: { 'm.mjs': WAITS } })
  await it.hear('ready')
  assert.is(await it.close(), 0)
  assert.is(it.stderr, '')
})

driver('begins when it was agreed, and says so, where the wall clock was set back meanwhile', async () => {
  const task = { name: 'read', operation, iterations: 5 }
  await withDriver({ spec: { task: [task] }, files: { 'm.mjs': WAITS } }, async it => {
    const { at, joined } = await it.element(1, { ahead: 3_600_000 })
    const [{ began, samples }] = joined.tasks as [TaskAnswer]
    assert.is(samples, 5)
    const late = (began?.first ?? 0) - at
    assert.ok(late >= 0 && late < 1_000, `${late} ms`)
  })
})

driver('draws the distances of a schedule of Poisson for its sample', async () => {
  const paced = { schedule: 'poisson' as const, target_throughput: 1_000, iterations: 20 }
  const spec = { task: [{ name: 'read', operation, ...paced }] }
  const sample = '1-a/sample2'
  await withDriver({ spec, sample, files: { 'm.mjs': 'export default () => {}' } }, async it => {
    await it.element(1)
    const dues = it.columns('read').flatMap(({ due }) => [...due])
    const task = { name: 'read', clients: 1, schedule: paced.schedule, throughput: { perSecond: 1_000, unit: 'ops' } }
    const pacer = pacerOf(task, 0, sample) as Pacer
    const first = (dues[0] as number) - pacer.due
    for (const due of dues) {
      assert.ok(Math.abs(due - first - pacer.due) < 1e-6)
      pacer.advance(1, 'ops')
    }
    assert.is(dues.length, 20)
  })
})

driver('of a search a target that cannot be reached ends the element, and not the run', async () => {
  const files = {
    'm.mjs': "export default async () => { throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }"
  }
  const task = { name: 'read', operation, time_period: 5 }
  const search = { from: 1, to: 2, step: 1 }
  const threshold = [{ metric: 'read.latency.p99', max: 5 }]
  await withDriver({ spec: { task: [task], search, threshold }, files }, async it => {
    await it.send({ type: 'prepare' })
    await it.hear('done')
    const { joined } = await it.element(1)
    const [{ ended, error, unreachable }] = joined.tasks as [TaskAnswer]
    assert.equal([ended, error, unreachable], ['cut', 'read: ECONNREFUSED', true])
    assert.equal(it.all('failed'), [])
  })
})

driver.run()
