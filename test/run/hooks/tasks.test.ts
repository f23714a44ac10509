/** The hook that takes what clients measure: entries of the record, tasks.json, what differs from signed answers. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tasks } from '../../../node/run/hooks/tasks.ts'
import type { LoadHandlers } from '../../../node/run/load/load-stream-server.ts'
import type { PlannedPhase } from '../../../node/run/plan.ts'
import type { Signed } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Ack } from '../../../protocols/phase.ts'
import { readTasksFile } from '../../../protocols/tasks/read-tasks-file.ts'
import { tallySamples } from '../../../protocols/tasks/tally.ts'
import type { LoadAnswer, TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import { blockOf, type MadeSample, step } from '../../helpers/load-blocks.ts'
import { type FakeRun, fakeRun } from '../../helpers/run.ts'

const hook = suite('tasks on their controller')

const http = { type: 'http', url: 'http://10.0.0.7/' }
const usual = { who: 'members' as const, deadline: 1_000, grace: 0, step }
const start: PlannedPhase = { ...usual, phase: 'start' }
const work = (part: PlannedPhase['part'], element?: number): PlannedPhase => ({
  ...usual,
  phase: 'work',
  part,
  element
})
const stop: PlannedPhase = { ...usual, phase: 'stop' }

interface Made extends FakeRun {
  handlers: LoadHandlers
  bring(member: number, samples: MadeSample[], about?: { task?: string; element?: number }): TaskAnswer
  before(at: PlannedPhase): void
  after(at: PlannedPhase, answers: Record<number, LoadAnswer>): Promise<void>
  close(): Promise<void>
  types(): string[]
}

/** Two members with clients, of whom both have some of each task. */
async function made(task: object[] = [{ name: 't', operation: http, clients: 4 }], spec: object = {}): Promise<Made> {
  const fake = await fakeRun({ members: 2, spec: { command: undefined, tools: [], task, ...spec } })
  const { run } = fake
  for (const [rank, entry] of run.record.roster.entries()) if (rank < 2) entry.load = rank
  let handlers: LoadHandlers | undefined
  run.parts.loadStreams = {
    open: (_, given) => {
      handlers = given
    },
    close: () => {}
  }
  const its = tasks()
  const peers = fake.signers.map(({ peer }) => peer)
  its.before?.(start, run)
  run.elementAt = Date.now()
  return {
    ...fake,
    handlers: handlers as unknown as LoadHandlers,
    bring(member, samples, { task = 't', element = 1 } = {}) {
      const block = blockOf(samples, { task, element })
      handlers?.take(peers[member] as string, block)
      return { element, task, ...tallySamples(block), ended: 'schedule' }
    },
    before: at => void its.before?.(at, run),
    after: async (at, answers) => {
      const acks = Object.entries(answers).map(([i, load]) => ({ by: peers[Number(i)], value: { load } }))
      await its.after?.(at, run, acks as Signed<Ack>[])
    },
    close: async () => its.close?.(run),
    types: () => fake.stored.map(({ type }) => type)
  }
}

const samples = (count: number, latency: number): MadeSample[] =>
  Array.from({ length: count }, (_, i) => ({ due: i * 2, latency }))

hook('an element that all have answered is an entry of the record, a join point and a file', async () => {
  const it = await made()
  it.before(work('prepare'))
  await it.after(work('prepare'), { 0: { tasks: [], targets: [{ target: http.url, server: 'nginx/1.22.1' }] } })
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(100, 5)), it.bring(1, samples(50, 9))]
  await it.after(work('tasks', 1), {
    0: { tasks: [{ ...a, began: { first: 1_000, last: 1_002 } }] },
    1: { tasks: [{ ...b, began: { first: 1_001, last: 1_005 } }] }
  })
  const [entry] = it.run.record.workload
  assert.equal([entry?.name, entry?.member, entry?.exit, entry?.error], ['t', undefined, 0, undefined])
  const value = (name: string) => entry?.metrics?.find(each => each.name === name)?.value
  assert.equal([value('t.samples'), value('t.error_rate'), value('t.latency.p50')], [150, 0, 5])
  assert.equal(
    entry?.metrics?.filter(({ main }) => main).map(({ name }) => name),
    ['t.throughput', 't.latency.p50', 't.latency.p99']
  )
  const join = it.stored.find(each => each.type === 'join-point')
  assert.equal(join?.type === 'join-point' && [join.element, join.skew, join.tasks[0]?.samples], [1, 5, 150])
  await it.after(stop, { 0: { tasks: [a] }, 1: { tasks: [b] } })
  await it.close()
  assert.is(it.run.record.workload.length, 1)
  assert.equal(it.run.record.shortfalls, [])
  const file = await readTasksFile(it.run.folder.root, step)
  assert.equal(
    file?.tasks[0]?.members.map(({ member, samples }) => [member, samples]),
    [
      ['m0', 100],
      ['m1', 50]
    ]
  )
  assert.equal(file?.servers, [{ target: http.url, server: 'nginx/1.22.1', member: 'm0' }])
})

hook('what a member signs otherwise than it came is named, and the result is partial', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(10, 5)), it.bring(1, samples(10, 5))]
  await it.after(work('tasks', 1), { 0: { tasks: [a] }, 1: { tasks: [{ ...b, samples: 11 }] } })
  assert.ok(it.run.record.partial)
  const reason = 'it signed 11 requests, and 10 came'
  assert.equal(it.run.record.shortfalls, [{ kind: 'workload', member: 'm1', what: 't', reason }])
})

hook('of a member that is lost what had come counts, and what comes later does not', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const a = it.bring(0, samples(10, 5))
  it.bring(1, samples(7, 5))
  const peer = it.signers[1]?.peer as string
  it.run.exclude({ peer, name: 'm1', phase: 'work', code: 'lost', reason: 'gone' })
  assert.not(it.handlers.admits(peer))
  assert.ok(it.handlers.admits(it.signers[0]?.peer as string))
  await it.after(work('tasks', 1), { 0: { tasks: [a] } })
  await it.after(stop, { 0: { tasks: [a] } })
  const [task] = (await readTasksFile(it.run.folder.root, step))?.tasks ?? []
  assert.is(task?.samples, 17)
  assert.equal(
    task?.members.map(({ lost, samples }) => [lost, samples]),
    [
      [undefined, 10],
      [true, 7]
    ]
  )
})

hook('a task that was cut short is kept and marked at the end of the sample', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const a = it.bring(0, samples(10, 5))
  await it.after(work('tasks', 1), {})
  assert.is(it.run.record.workload.length, 0)
  const b = it.bring(1, samples(10, 5))
  await it.after(stop, { 0: { tasks: [{ ...a, ended: 'cut' }] }, 1: { tasks: [{ ...b, ended: 'cut' }] } })
  const [entry] = it.run.record.workload
  assert.equal([entry?.exit, entry?.stopped, entry?.error], [undefined, true, undefined])
  assert.is(entry?.metrics?.find(({ name }) => name === 't.samples')?.value, 20)
})

hook('an error that ended a task is in its entry, with the member', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(3, 5)), it.bring(1, samples(3, 5))]
  await it.after(work('tasks', 1), {
    0: { tasks: [a] },
    1: { tasks: [{ ...b, ended: 'cut', error: 'the driver ended by SIGKILL' }] }
  })
  assert.is(it.run.record.workload[0]?.error, 'm1: the driver ended by SIGKILL')
})

hook('a task that completes others ends its element with the part behind it', async () => {
  const parallel = { parallel: 'p', operation: http, clients: 1 }
  const it = await made(
    [
      { name: 'x', ...parallel },
      { name: 'y', ...parallel }
    ],
    {
      parallel: [{ name: 'p', completed_by: 'x' }]
    }
  )
  it.before(work('tasks', 1))
  const x = it.bring(0, samples(4, 5), { task: 'x' })
  const y = it.bring(1, samples(6, 5), { task: 'y' })
  await it.after(work('tasks', 1), { 0: { tasks: [x] }, 1: { tasks: [] } })
  assert.is(it.run.record.workload.length, 0)
  it.before(work('complete', 1))
  await it.after(work('complete', 1), { 0: { tasks: [] }, 1: { tasks: [{ ...y, ended: 'completed' }] } })
  assert.equal(
    it.run.record.workload.map(({ name, exit }) => [name, exit]),
    [
      ['x', 0],
      ['y', 0]
    ]
  )
})

hook('a driver that was the bottleneck is a warning', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(600, 5)), it.bring(1, samples(600, 5))]
  const health = { workers: 2, busy: 0.99, lag: 1, lagMax: 2, overhead: 0.1 }
  await it.after(work('tasks', 1), { 0: { tasks: [a] }, 1: { tasks: [b], health } })
  const warning = it.stored.find(({ type }) => type === 'warning')
  assert.match(
    warning?.type === 'warning' ? warning.text : '',
    /1-default\/sample1, t: the driver of m1 was the bottleneck/
  )
})

hook('of an element that was over at once nothing is said of drivers', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(3, 5)), it.bring(1, samples(3, 5))]
  const health = { workers: 2, busy: 1, lag: 90, lagMax: 90, overhead: 9 }
  await it.after(work('tasks', 1), { 0: { tasks: [a], health }, 1: { tasks: [b], health } })
  assert.is(
    it.stored.find(({ type }) => type === 'warning'),
    undefined
  )
})

hook('a result of test mode says so', async () => {
  const load = { test_mode: true }
  const [tried, measured] = [await made(undefined, { load }), await made()]
  for (const each of [tried, measured]) each.before(work('prepare'))
  assert.match(tried.run.record.remarks?.join() ?? '', /^test mode: one iteration of each task, .* no measurement$/)
  assert.is(measured.run.record.remarks, undefined)
})

hook('requests that were due and not sent are a warning', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  const [a, b] = [it.bring(0, samples(3, 5)), it.bring(1, samples(3, 5))]
  await it.after(work('tasks', 1), { 0: { tasks: [{ ...a, unsent: 30 }] }, 1: { tasks: [{ ...b, unsent: 12 }] } })
  const [warning] = it.stored.flatMap(event => (event.type === 'warning' ? [event.text] : []))
  assert.match(warning ?? '', /^1-default\/sample1, t: 42 requests were due and not sent: the target could not keep up/)
})

hook(
  'what a member signed as cut short without a reason is named, but at the end of a sample that was not to end so',
  async () => {
    const it = await made()
    it.before(work('tasks', 1))
    const [a, b] = [it.bring(0, samples(10, 5)), it.bring(1, samples(10, 5))]
    await it.after(work('tasks', 1), { 0: { tasks: [a] }, 1: { tasks: [{ ...b, ended: 'cut' }] } })
    const reason = 'its clients were cut short, and it does not say why'
    assert.equal(it.run.record.shortfalls, [{ kind: 'workload', member: 'm1', what: 't', reason }])
    assert.ok(it.run.record.partial)
    const blamed = await made(
      [
        { name: 't', operation: http, clients: 2, parallel: 'p' },
        { name: 'u', operation: http, clients: 2, parallel: 'p' }
      ],
      { parallel: [{ name: 'p' }] }
    )
    blamed.before(work('tasks', 1))
    const own = (task: string, more: object) => ({
      ...blamed.bring(0, samples(10, 5), { task }),
      ended: 'cut' as const,
      ...more
    })
    await blamed.after(work('tasks', 1), { 0: { tasks: [own('t', { error: 'ECONNREFUSED' }), own('u', {})] } })
    await blamed.after(stop, {})
    assert.equal(blamed.run.record.shortfalls, [], 'the error of one task cuts those beside it short')
    const stopped = await made()
    stopped.before(work('tasks', 1))
    const cut = [0, 1].map(member => ({ tasks: [{ ...stopped.bring(member, samples(10, 5)), ended: 'cut' as const }] }))
    await stopped.after(stop, cut as unknown as Record<number, LoadAnswer>)
    assert.equal(stopped.run.record.shortfalls, [])
  }
)

hook('a member that cannot go on ends the run by name; one whose samples cannot be counted is out of it', async () => {
  const failed = await made()
  failed.before(work('tasks', 1))
  failed.handlers.take(failed.signers[0]?.peer as string, {
    type: 'failed',
    step,
    element: 1,
    reason: 'its buffer is full'
  })
  assert.match(String(failed.run.cancelled.reason), /m0: element 1: its buffer is full/)
  const broken = await made()
  broken.before(work('tasks', 1))
  assert.throws(() => broken.bring(0, samples(1, 5), { element: 2 }), /which has not begun/)
  const peer = broken.signers[0]?.peer as string
  const dismissed: string[] = []
  broken.run.dismiss = (...about) => void dismissed.push(...about)
  broken.handlers.onUnreadable(peer, new BakError('bad-message', 'no times'))
  assert.equal(dismissed, [peer, 'bad-message', 'what its clients measured cannot be counted: no times'])
  assert.not(broken.handlers.admits(peer))
  assert.ok(broken.handlers.admits(broken.signers[1]?.peer as string))
  assert.not(broken.run.cancelled.aborted)
})

hook('samples from the future, of another sample and of an element that is over count for nothing', async () => {
  const it = await made([
    { name: 't', operation: http, clients: 2 },
    { name: 'u', operation: http, clients: 2 }
  ])
  it.before(work('tasks', 1))
  assert.throws(() => it.bring(0, [{ due: 1e9, latency: 1 }]), /s from now/)
  it.handlers.take(it.signers[0]?.peer as string, blockOf(samples(5, 1), { of: { ...step, sample: 2 } }))
  const [a, b] = [it.bring(0, samples(2, 5)), it.bring(1, samples(2, 5))]
  await it.after(work('tasks', 1), { 0: { tasks: [a] }, 1: { tasks: [b] } })
  it.bring(0, samples(5, 5))
  await it.after(stop, {})
  assert.is((await readTasksFile(it.run.folder.root, step))?.tasks[0]?.samples, 4)
})

hook('how the tasks go is told live, with the percentiles of the last seconds', async () => {
  const it = await made()
  it.before(work('tasks', 1))
  it.run.elementAt = Date.now() - 60_000
  for (const member of [0, 1])
    it.bring(
      member,
      Array.from({ length: 3_000 }, (_, i) => ({
        due: i * 10,
        latency: i < 1_500 ? 50 : 4,
        failed: i === 7 ? 'timeout' : undefined
      }))
    )
  const status = {
    step,
    element: 1,
    workers: 2,
    busy: 0.5,
    lag: 1,
    tasks: [{ task: 't', clients: 1, progress: 0.5, sent: 1, done: 1 }]
  }
  it.handlers.take(it.signers[0]?.peer as string, { type: 'status', ...status })
  const now = it.run.load?.now()
  const [task] = now?.tasks ?? []
  assert.equal([now?.element, now?.elements, now?.members.length], [1, 1, 1])
  assert.equal([task?.clients, task?.of, task?.samples, task?.failed, task?.warmup], [3, 4, 6_000, 2, false])
  assert.is(task?.throughput, 200)
  assert.ok(Math.abs((task?.latency?.p99 ?? 0) - 4) < 0.01)
  const entry = it.run.load?.entries()[0]
  const p50 = entry?.metrics?.find(({ name }) => name === 't.latency.p50')?.value ?? 0
  assert.ok(p50 > 3.9 && p50 < 50.1)
  await it.close()
})

hook.run()
