/** What tasks came to held against what members signed: each thing that is changed is a fault. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SampleLoad } from '../../../node/run/load/sample-load.ts'
import type { CheckedCertificate } from '../../../protocols/certificate.ts'
import { check } from '../../../protocols/codec.ts'
import { tasksFileOf } from '../../../protocols/layout.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { spec as specSchema } from '../../../protocols/spec.ts'
import { unpackColumns } from '../../../protocols/tasks/sample-block.ts'
import { tallyColumns } from '../../../protocols/tasks/tally.ts'
import type { TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import { taskEntryOf } from '../../../protocols/tasks/task-entry.ts'
import type { TasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { loadPlanOf } from '../../../protocols/tasks/workers.ts'
import { checkTaskResults } from '../../../protocols/verify/task-results-check.ts'
import { blockOf, hourly, step } from '../../helpers/load-blocks.ts'
import { scratch } from '../../store/scratch.ts'

const checking = suite('what tasks came to, held against what members signed')

const spec = check(specSchema, {
  tools: [],
  task: [{ name: 't', operation: { type: 'http', url: 'http://10.0.0.7/' }, clients: 2, time_period: 1 }]
})
const roster = ['a', 'b'].map(name => ({ peer: `peer-${name}`, name }))

interface Made {
  dir: string
  file: TasksFile
  record: RunRecord
  answers: Record<'a' | 'b', TaskAnswer>
}

/** @param lost b answers nothing */
async function made({ lost = false } = {}): Promise<Made> {
  const hosts = roster.map(({ name: host }) => ({ host, cores: 1 }))
  const load = new SampleLoad(step, loadPlanOf(spec, hosts), hourly())
  load.begin(1, () => 0)
  const answers = {} as Made['answers']
  for (const member of ['a', 'b'] as const) {
    const latencies = Array.from({ length: 500 }, (_, i) => (member === 'a' ? 1 : 3) + ((i * 37) % 500) / 100)
    const block = blockOf(
      latencies.map((latency, i) => ({
        ...{ due: i * 2, latency, service: latency / 2, warmup: i < 20 },
        ...(i === 77 ? { failed: 'timeout' } : {})
      }))
    )
    load.take(member, block)
    answers[member] = { element: 1, task: 't', ...tallyColumns(unpackColumns(block)), ended: 'schedule' }
    if (!lost || member === 'a') load.answer(member, { tasks: [answers[member]] })
  }
  await load.end(1)
  const dir = scratch()
  write(dir, load.file)
  const workload = load.results.map(each => taskEntryOf(step, each))
  const record = { spec, roster, workload, verdict: 'ok', shortfalls: [] } as unknown as RunRecord
  return { dir, file: load.file, record, answers }
}

function write(dir: string, file: unknown): void {
  const path = join(dir, tasksFileOf(step))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(file))
}

const certificateOf = (answers: Partial<Made['answers']>) =>
  [
    {
      value: { phase: 'work', part: 'tasks', element: 1, step },
      acks: Object.entries(answers).map(([name, task]) => ({ by: `peer-${name}`, value: { load: { tasks: [task] } } }))
    }
  ] as unknown as CheckedCertificate[]

const faultsIn = async ({ dir, record, answers }: Made) =>
  (await checkTaskResults(dir, record, certificateOf(answers))).map(({ where, what }) => `${where}: ${what}`)

checking('a result that is as it was signed has no fault', async () => {
  assert.equal(await faultsIn(await made()), [])
})

checking('of a member that was lost what had come counts', async () => {
  const it = await made({ lost: true })
  const { b: _, ...answers } = it.answers
  assert.equal(await checkTaskResults(it.dir, it.record, certificateOf(answers)), [])
  assert.match((await faultsIn(it)).join(), /b signed it, and is said to be lost/)
})

checking('what had come of members that answered nothing counts as that of lost ones', async () => {
  const it = await made({ lost: true })
  const [task] = it.file.tasks as [Task]
  for (const each of task.members) each.lost = true
  task.ended = 'cut'
  write(it.dir, it.file)
  it.record.workload = [taskEntryOf(step, task)]
  assert.equal(await checkTaskResults(it.dir, it.record, []), [])
})

const at = '1-default/sample1/tasks.json'
type Task = TasksFile['tasks'][number]
/** Each changes one thing of what was measured. */
const changes: Array<[string, (task: Task, it: Made) => void, RegExp]> = [
  [
    'requests that nobody signed',
    task => Object.assign(task.members[0] ?? {}, { samples: 481 }),
    /t: a: it signed 480 requests, and 481 came/
  ],
  [
    'a failed request that is left out',
    task => Object.assign(task.members[1] ?? {}, { failed: 0 }),
    /b: it signed 1 failed requests, and 0 came/
  ],
  [
    'a total that is no sum',
    task => Object.assign(task, { failed: 1 }),
    /its failed are not those of its members together/
  ],
  [
    'a percentile',
    task => Object.assign(task.latency?.percentiles ?? {}, { 99: 5 }),
    /latency: its percentile 99 is not that of its histogram/
  ],
  [
    'a percentile of a member',
    task => Object.assign(task.members[0]?.service?.percentiles ?? {}, { 50: 1 }),
    /service of a: its percentile 50/
  ],
  ['a mean', task => Object.assign(task.latency ?? {}, { mean: 2 }), /latency: its mean is not/],
  ['a maximum', task => Object.assign(task.latency ?? {}, { max: 7 }), /its least or greatest value/],
  [
    'percentiles that are left out',
    task => Object.assign(task.latency ?? {}, { percentiles: { 50: 4.99 } }),
    /not those that so many samples show/
  ],
  [
    'a histogram',
    task => Object.assign(task.latency ?? {}, { histogram: task.members[0]?.latency?.histogram }),
    /its histogram has 480 values of 960/
  ],
  [
    'the histograms of members exchanged',
    task => {
      const [one, other] = task.members
      if (one != null && other != null) [one.latency, other.latency] = [other.latency, one.latency]
    },
    /a: the sum of its latency times is not that of what came/
  ],
  ['how it ended', task => Object.assign(task, { ended: 'completed' }), /signed that it ended otherwise/],
  [
    'a member that is left out',
    task => void task.members.pop(),
    /b signed 500 requests of it, and is not among its members/
  ],
  ['a histogram that is none', task => Object.assign(task.latency ?? {}, { histogram: 'AAAA' }), /cannot be read/]
]
for (const [what, change, fault] of changes)
  checking(`${what}, changed in tasks.json, is a fault`, async () => {
    const it = await made()
    change(it.file.tasks[0] as Task, it)
    write(it.dir, it.file)
    assert.match((await faultsIn(it)).join('\n'), fault)
  })

checking('a task that the result does not have is a fault that names who signed it', async () => {
  const it = await made()
  const foreign = { ...it.answers.b, element: 2, task: 'ghost' }
  const certificates = [...certificateOf(it.answers), ...certificateOf({ b: foreign })]
  const [fault, ...others] = await checkTaskResults(it.dir, it.record, certificates)
  assert.equal([fault?.what, others], ['b signed samples of element 2 ghost, which it has not', []])
})

checking('a metric that is changed in the record is a fault', async () => {
  const it = await made()
  const p99 = it.record.workload[0]?.metrics?.find(({ name }) => name === 't.latency.p99')
  assert.ok(p99?.main)
  Object.assign(p99, { value: 1 })
  assert.equal(await faultsIn(it), [`run.json: its results of the tasks of 1-default/sample1 are not those of ${at}`])
})

checking('a sum that was signed otherwise is a fault, unless the result names it', async () => {
  const it = await made()
  it.answers.a = { ...it.answers.a, latency: it.answers.a.latency + 1_000 }
  const reason = 'the sum of its latency times is not that of what came'
  assert.equal(await faultsIn(it), [`${at}: t: a: ${reason}`])
  it.record.shortfalls = [{ kind: 'workload', member: 'a', what: 't', reason }]
  assert.equal(await faultsIn(it), [])
})

checking('a file that is missing is a fault, but of a run that has failed and says nothing of its tasks', async () => {
  const it = await made()
  it.dir = scratch()
  assert.match((await faultsIn(it)).join(), /is missing: members signed what they measured/)
  Object.assign(it.record, { verdict: 'failed', workload: [] })
  assert.equal(await faultsIn(it), [])
})

checking('a file that cannot be read is a fault', async () => {
  const it = await made()
  const path = join(it.dir, tasksFileOf(step))
  writeFileSync(path, readFileSync(path).subarray(0, 100))
  assert.match((await faultsIn(it)).join(), /is not JSON/)
})

checking.run()
