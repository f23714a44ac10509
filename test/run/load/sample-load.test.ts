import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { SampleLoad } from '../../../node/run/load/sample-load.ts'
import { check } from '../../../protocols/codec.ts'
import { spec as specSchema } from '../../../protocols/spec.ts'
import { LogHistogram } from '../../../protocols/tasks/histogram.ts'
import { decodeHistogram, encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import { packColumns, unpackColumns } from '../../../protocols/tasks/sample-block.ts'
import type { TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import { type TaskResult, tasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { loadPlanOf } from '../../../protocols/tasks/workers.ts'
import { workEntry } from '../../../protocols/work-entry.ts'
import { blockOf, columnsOf, hourly, type MadeSample, step } from '../../helpers/load-blocks.ts'

const load = suite('the load of a sample on its controller')

const AT = 1_000_000
const hosts = [
  { host: 'a', cores: 1 },
  { host: 'b', cores: 1 }
]
const http = { type: 'http', url: 'http://10.0.0.7/' }

const plain = { name: 't', operation: http, clients: 4 }

function loadOf(tasks: object[] = [plain]): SampleLoad {
  const spec = check(specSchema, { tools: [], task: tasks })
  return new SampleLoad(step, loadPlanOf(spec, hosts), hourly())
}

const answer = (change: Partial<TaskAnswer> = {}): TaskAnswer => ({
  ...{ element: 1, task: 't', samples: 0, warmup: 0, failed: 0, latency: 0, service: 0, ended: 'schedule' },
  ...change
})

load('what all members brought is one result, with each for itself', async () => {
  const its = loadOf()
  its.begin(1, () => AT)
  its.take('a', blockOf([{ due: 0, latency: 5, warmup: true }, ...evenly(100, 10)]))
  its.take('b', blockOf([...evenly(99, 30), { due: 990, latency: 200, service: 20, failed: 'status 503' }]))
  its.answer('a', { tasks: [answer({ began: { first: AT, last: AT + 2 } })], health: health(0.2) })
  its.answer('b', { tasks: [answer({ began: { first: AT + 1, last: AT + 4 } })] })
  const { results, joinPoint } = await endOf(its)
  const [result] = results as [TaskResult]
  assert.is(joinPoint.skew, 4)
  assert.is(result.samples, 200)
  assert.is(result.warmup, 1)
  assert.is(result.failed, 1)
  assert.ok(result.exact)
  assert.is(result.latency?.max, 200)
  assert.is(result.latency?.percentiles['50'], 20)
  assert.is(result.service?.max, 30)
  assert.equal(result.errors, [{ kind: 'status 503', count: 1 }])
  assert.equal(
    result.members.map(({ member, clients, samples, health }) => [member, clients, samples, health?.busy]),
    [
      ['a', 2, 100, 0.2],
      ['b', 2, 100, undefined]
    ]
  )
  assert.is(result.ended, 'schedule')
  assert.is(result.duration, 1.19)
  v.parse(tasksFile, JSON.parse(JSON.stringify(its.file)))
})

for (const key of ['latency', 'service', 'processing'] as const)
  load(`a ${key} that is longer than the element so far is refused: no result with it could be read`, () => {
    const its = loadOf()
    its.begin(1, () => AT)
    const block = blockOf([{ due: 0, latency: 5 }])
    const columns = unpackColumns(block)
    columns[key][0] = 1e15
    assert.throws(() => its.take('a', { ...block, columns: packColumns(columns) }), /a sample ended \d+ s from now/)
  })

const BARELY = 1.8e-307
load('times that no clock can tell from none give a result that can be read', async () => {
  const its = loadOf()
  its.begin(1, () => AT)
  its.take(
    'a',
    blockOf([
      { due: BARELY, latency: BARELY },
      { due: BARELY, latency: BARELY, failed: 'timeout' }
    ])
  )
  v.parse(v.array(workEntry), its.entries())
  const { results } = await endOf(its)
  v.parse(tasksFile, JSON.parse(JSON.stringify(its.file)))
  assert.equal(results[0]?.throughput, { min: 0, mean: 0, median: 0, max: 0, rows: [] })
})

load('a member brings as many samples in histograms as those of all members have room for', async () => {
  const its = loadOf()
  its.begin(1, () => AT)
  const sizes = new LogHistogram()
  sizes.addAt(1, 2 ** 39)
  const encoded = encodeHistogram(sizes)
  const block = {
    ...{ type: 'histograms' as const, seq: 1, step, element: 1, task: 't', second: 3, warmup: false, errors: [] },
    ...{ samples: sizes.count, failed: 0, unit: 'ops', operations: sizes.count },
    ...{ sums: { latency: sizes.count, service: sizes.count } },
    ...{ latency: encoded, service: encoded, processing: encoded }
  }
  for (const member of ['a', 'b']) its.take(member, block)
  const more = [block, blockOf([{ due: 0, latency: 1 }])]
  for (const each of more)
    assert.throws(() => its.take('a', each), /samples more are too many for a histogram of all members/)
  const { results } = await endOf(its)
  const all = decodeHistogram(Buffer.from(results[0]?.latency?.histogram ?? '', 'base64'))
  assert.is(all.count, 2 ** 40)
})

load('times that are longer than the task has gone on are refused', () => {
  const its = new SampleLoad(step, loadPlanOf(check(specSchema, { tools: [], task: [plain] }), hosts), () => 0)
  its.begin(1, () => AT)
  const day = 86_400_000
  assert.throws(() => its.take('a', blockOf([{ due: 0, latency: day }])), /ended 86400 s from now/)
  const { columns } = columnsOf([{ due: 0, latency: 1 }])
  const slow = packColumns({ ...columns, service: Float64Array.of(day) })
  assert.throws(() => its.take('a', { ...blockOf([{ due: 0, latency: 1 }]), columns: slow }), /86400 s from now/)
  const sizes = (ms: number) => {
    const histogram = new LogHistogram()
    histogram.record(ms * 1000)
    return encodeHistogram(histogram)
  }
  const beyond = {
    ...{ type: 'histograms' as const, seq: 1, step, element: 1, task: 't', second: 0, warmup: false, samples: 1 },
    ...{ failed: 0, sums: { latency: 1000, service: day * 1000 }, operations: 1, unit: 'ops', errors: [] },
    ...{ latency: sizes(1), service: sizes(day), processing: sizes(1) }
  }
  assert.throws(() => its.take('a', beyond), /longer than its task/)
  its.take('a', { ...beyond, sums: { latency: 1000, service: 1000 }, service: sizes(1) })
  assert.is(its.now().tasks[0]?.samples, 1)
})

for (const operation of [http, { type: 'command', command: ['true'] }])
  load(
    `a request of an operation ${operation.type} that stands for more than one is refused, and one of a module is not`,
    () => {
      const its = loadOf([{ name: 't', operation }])
      its.begin(1, () => AT)
      const other = new RegExp(`a request of an operation ${operation.type} stands for another number than one`)
      const heavy = blockOf([{ due: 0, latency: 5, weight: 1_000 }])
      assert.throws(() => its.take('a', heavy), other)
      assert.throws(() => its.take('a', blockOf([{ due: 0, latency: 5 }], { unit: 'docs' })), other)
      assert.throws(() => its.take('a', { ...secondOf(10), operations: 20 }), other)
      its.take('a', secondOf(10))
      const free = loadOf([{ name: 't', operation: { type: 'module', module: 'm.mjs' } }])
      free.begin(1, () => AT)
      free.take('a', heavy)
      free.take('a', { ...secondOf(10), operations: 20, unit: 'docs' })
      assert.equal([its.now().tasks[0]?.samples, free.now().tasks[0]?.samples], [10, 11])
    }
  )

for (const [what, key, value] of [
  ['due behind its begin', 'due', 30],
  ['sent at another time than its latency says', 'sent', 5]
] as const)
  load(`a request that was ${what} is refused`, () => {
    const its = loadOf()
    its.begin(1, () => AT)
    const block = blockOf([{ due: 10, latency: 20, service: 10 }])
    const columns = unpackColumns(block)
    columns[key][0] = value
    const refused = { ...block, columns: packColumns(columns) }
    assert.throws(() => its.take('a', refused), /was not sent, or had not ended, when its latency says so/)
    its.take('a', block)
  })

load('clients that began before their element, or behind now, are refused, but for what the clock may be off', () => {
  let now = 0
  const its = new SampleLoad(step, loadPlanOf(check(specSchema, { tools: [], task: [plain] }), hosts), () => now)
  its.begin(1, () => AT)
  now = 10_000
  const said = (first: number, last: number, bound = 0) =>
    its.refusalOf({ tasks: [answer({ began: { first: AT + first, last: AT + last } })] }, bound)
  assert.is(said(0, 10_000), undefined)
  assert.is(said(-900, 10_900), undefined)
  assert.is(said(-2_900, 10_900, 2_000), undefined)
  assert.is(said(-3_600_000, 0), 'it says that clients of t began 3600.0 s before the begin of their element')
  assert.is(said(0, 12_000), 'it says that clients of t began 12.0 s behind the begin of their element')
  assert.ok(said(5, 3))
  assert.is(its.refusalOf({ tasks: [answer()] }, 0), undefined)
})

load('samples of clients that there are not are of no target', async () => {
  const targets = ['http://10.0.0.7', 'http://10.0.0.8']
  const its = loadOf([{ name: 't', operation: { type: 'http', url: '/', targets }, clients: 2 }])
  its.begin(1, () => AT)
  its.take('a', blockOf([0, 1, 2, 2 ** 32 - 1].map(client => ({ due: 0, latency: 1, client }))))
  const { results } = await endOf(its)
  assert.equal(
    results[0]?.targets?.map(({ samples }) => samples),
    [1, 1]
  )
})

load.run()

async function endOf(its: SampleLoad, element = 1) {
  const ended = await its.end(element)
  if (ended == null) throw new Error('nothing began')
  return ended
}

/** So many in a second. */
function evenly(count: number, latency: number): MadeSample[] {
  return Array.from({ length: count }, (_, i) => ({ due: (i * 1_000) / count, latency }))
}

/** A second of so many requests that took 1 ms. */
function secondOf(samples: number) {
  const sizes = new LogHistogram()
  for (let i = 0; i < samples; i++) sizes.record(1_000)
  const encoded = encodeHistogram(sizes)
  return {
    ...{ type: 'histograms' as const, seq: 1, step, element: 1, task: 't', second: 0, warmup: false, samples },
    ...{ failed: 0, sums: { latency: 1_000 * samples, service: 1_000 * samples }, operations: samples, unit: 'ops' },
    ...{ errors: [], latency: encoded, service: encoded, processing: encoded }
  }
}

function health(busy: number) {
  return { workers: 1, busy, lag: 0, lagMax: 0, overhead: 0 }
}
