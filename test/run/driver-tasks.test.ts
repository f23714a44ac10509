/** How a run with tasks is driven, with members that answer as a test says. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { taskOrder } from '../../node/run/hooks/task-order.ts'
import type { Signer } from '../../protocols/envelope.ts'
import type { Ack, Command } from '../../protocols/phase.ts'
import type { TaskAnswer } from '../../protocols/tasks/task-answer.ts'
import { driverOf } from '../helpers/driven.ts'
import { stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'

const test = suite('how a run with tasks is driven')
test.after(stayAwake())

const http = (name: string, more: object = {}) => ({
  name,
  operation: { type: 'http', url: 'http://127.0.0.1/' },
  clients: 2,
  ...more
})
const operation = [{ name: 'reset', type: 'command', command: ['reset'] }]
const setUp = { operation, load: { setup: ['reset'], teardown: ['reset'] } }
const BOTH = { command: undefined, task: [http('a'), http('b')] }
const inTurns = {
  parallel: [{ name: 'p', completed_by: 'b' }],
  task: [http('a', { parallel: 'p' }), http('b', { parallel: 'p' })]
}

const answerFor = (task: string, element: number, more: Partial<TaskAnswer> = {}): TaskAnswer => ({
  ...{ element, task, samples: 5, warmup: 0, failed: 0, latency: 10, service: 10, ended: 'schedule' },
  ...more
})
/** What members say of an element whose tasks have gone well. */
const went = ({ part, element }: Command): Partial<Ack> =>
  element == null || part === 'complete' ? {} : { load: { tasks: [answerFor(element === 1 ? 'a' : 'b', element)] } }

type Say = (command: Command, rank: number) => Partial<Ack> | 'silent' | undefined
const tasksOf = (spec: object, say: Say = went) =>
  driverOf({
    spec: { ...BOTH, ...spec },
    hooks: [taskOrder()],
    say: (command, rank) => say(command, rank) ?? went(command)
  })
const work = (phases: string[]) => phases.filter(each => each.startsWith('work')).map(each => each.slice(5, -12))
const lacks = ({ run }: Awaited<ReturnType<typeof driverOf>>) =>
  run.record.shortfalls.map(({ what, member, reason }) => `${what} on ${member}: ${reason}`)

test('each part is a phase of those that have clients, the elements begin at an agreed instant, and only the first sets up', async () => {
  const made = await tasksOf({ ...setUp, ...inTurns })
  await made.driver.drive()
  assert.equal([made.run.record.verdict, made.run.record.reason], ['ok', undefined])
  assert.equal(work(made.phases()), ['prepare', 'setup', 'tasks 1', 'complete 1', 'teardown'])
  const peers = made.signers.map(({ peer }) => peer)
  for (const { part, to, at, issued, element } of made.commands.filter(({ phase }) => phase === 'work')) {
    assert.equal(to, part === 'setup' || part === 'teardown' ? peers.slice(0, 1) : peers, part)
    assert.is(element, part === 'tasks' || part === 'complete' ? 1 : undefined)
    assert.is(at != null && at > issued, part === 'tasks', part)
  }
  const named = made.stored.flatMap(event => ('element' in event ? (event.element ?? []) : []))
  assert.ok(named.length >= 8 && named.every(each => each === 1), 'events name the element')
})

test('members that the selector of the load leaves out have no clients, and the ranks of the others have no gap', async () => {
  const made = await tasksOf({ load: { on: 'm1' } })
  await made.driver.drive()
  assert.equal(
    made.run.record.roster.map(({ name, load }) => [name, load]),
    [
      ['m0', undefined],
      ['m1', 0],
      ['node-c', undefined]
    ]
  )
  const [, second] = made.signers as [Signer, Signer]
  assert.ok(made.commands.every(({ phase, to }) => phase !== 'work' || to?.join() === second.peer))
  assert.is(made.run.record.verdict, 'ok')
})

test('a load that nobody can have ends the run before anybody is asked to join', async () => {
  const made = await tasksOf({ load: { on: 'nobody' } })
  await made.driver.drive()
  assert.equal(made.phases(), [])
  assert.equal([made.run.record.verdict, made.run.record.status], ['quorum', 3])
  assert.match(made.run.record.reason ?? '', /load\.on.*no member of the run fits "nobody"/)
})

test('the first client that ends completes its element for all: only members with clients are asked, and one answer is enough', async () => {
  const made = await tasksOf(
    { parallel: [{ name: 'p', completed_by: 'any' }], task: [http('a', { parallel: 'p', clients: 1 })] },
    ({ part }, rank) => (part === 'tasks' && rank === 1 ? 'silent' : undefined)
  )
  await made.driver.drive()
  const tasks = made.commands.filter(({ part }) => part === 'tasks')
  assert.equal(tasks[0]?.to, [made.signers[0]?.peer])
  assert.is(made.commands.find(({ part }) => part === 'complete')?.to?.length, 2)
  assert.equal([made.run.record.verdict, made.run.record.excluded], ['ok', []])
  const two = await tasksOf(
    { parallel: [{ name: 'p', completed_by: 'any' }], task: [http('a', { parallel: 'p' })] },
    ({ part }, rank) => (part === 'tasks' && rank === 1 ? 'silent' : undefined)
  )
  await two.driver.drive()
  assert.is(two.commands.find(({ part }) => part === 'tasks')?.to?.length, 2)
  assert.equal([two.run.record.verdict, two.run.record.excluded], ['ok', []])
})

test('a member that answers for another task than its clients have is named, and the run is partial', async () => {
  const made = await tasksOf({}, ({ part, element }, rank) =>
    part === 'tasks' && element === 1 && rank === 1 ? { load: { tasks: [answerFor('ghost', 1)] } } : undefined
  )
  await made.driver.drive()
  assert.equal(lacks(made), ['a on m1: its clients have no result: the member did not say how they ended'])
  assert.ok(made.run.record.partial)
})

test('an error that ends a task ends the run behind it, and what was set up is torn down', async () => {
  const made = await tasksOf({ ...setUp, samples: 2 }, ({ part, element }, rank) =>
    part === 'tasks' && element === 1 && rank === 1
      ? { load: { tasks: [answerFor('a', 1, { ended: 'cut', error: 'ECONNREFUSED' })] } }
      : undefined
  )
  await made.driver.drive()
  assert.equal(work(made.phases()), ['prepare', 'setup', 'tasks 1', 'teardown'])
  assert.equal(made.phases().slice(-4), ['stop 1-default/1', 'send 1-default/1', 'end', 'terminate'])
  assert.equal([made.run.record.verdict, made.run.record.status], ['workload-failed', 1])
  assert.is(made.run.record.reason, 'a on m1: ECONNREFUSED')
  assert.equal(made.run.record.excluded, [])
})

test('a target that could not be reached ends no search; any other error of a task does', async () => {
  const iterations = [100, 200].map(rate => ({ name: `rate=${rate}`, params: { 'a.target_throughput': `${rate}` } }))
  const searching = {
    ...{ task: [http('a', { time_period: 1 })], iterations, search: { from: 100, to: 200, step: 100, confirm: 1 } },
    threshold: [{ metric: 'a.latency.p99', max: 5 }]
  }
  const driven = async (more: Partial<TaskAnswer>) => {
    const made = await tasksOf(searching, ({ part, step }, rank) =>
      part === 'tasks' && step?.number === 1 && rank === 1
        ? { load: { tasks: [answerFor('a', 1, { ended: 'cut', error: 'a: ECONNREFUSED', ...more })] } }
        : undefined
    )
    await made.driver.drive()
    return made.run.record
  }
  assert.is.not((await driven({ unreachable: true })).verdict, 'workload-failed')
  const other = await driven({})
  assert.equal([other.verdict, other.reason], ['workload-failed', 'a on m1: a: ECONNREFUSED'])
})

const failed: Partial<Ack> = { outcome: 'failed', code: 'unreachable', reason: 'http://127.0.0.1: ECONNREFUSED' }
for (const part of ['prepare', 'setup', 'teardown'] as const) {
  test(`a run whose ${part} fails has failed with its words, excludes nobody, and tears down only what was set up`, async () => {
    const made = await tasksOf(setUp, ({ part: asked }, rank) => (asked === part && rank === 0 ? failed : undefined))
    await made.driver.drive()
    const [teardown, whole] = [['teardown'], ['prepare', 'setup', 'tasks 1', 'tasks 2', 'teardown']]
    const expected = { prepare: ['prepare'], setup: ['prepare', 'setup', ...teardown], teardown: whole }[part]
    assert.equal(work(made.phases()), expected)
    assert.equal([made.run.record.verdict, made.run.record.excluded], ['workload-failed', []])
    assert.match(made.run.record.reason ?? '', new RegExp(`^${part} of tasks on m0: http://127.0.0.1: ECONNREFUSED`))
    assert.equal(lacks(made), part === 'teardown' ? ['teardown on m0: http://127.0.0.1: ECONNREFUSED'] : [])
  })
}

test('a member that cannot prepare is out where the quorum can be met without it, and its clients are named', async () => {
  const made = await tasksOf({ policy: { quorum: 1 } }, ({ part }, rank) =>
    part === 'prepare' && rank === 1 ? failed : undefined
  )
  await made.driver.drive()
  assert.equal(
    made.run.record.excluded.map(({ name, phase, code }) => [name, phase, code]),
    [['m1', 'work', 'unreachable']]
  )
  assert.equal([made.run.record.verdict, made.run.record.partial], ['ok', true])
  assert.equal(
    lacks(made),
    ['a', 'b'].map(task => `${task} on m1: its clients have no result: ${failed.reason}`)
  )
})

for (const when of ['prepare', 'tasks'] as const)
  test(`a member whose samples cannot be counted in ${when} is out of a run that does not need it, and fails one that does`, async () => {
    const reason = 'what its clients measured cannot be counted: no times'
    const drive = async (spec: object) => {
      const made = await tasksOf(spec, ({ part, element }, rank) => {
        if (part !== when || rank !== 1 || (element ?? 1) !== 1) return undefined
        made.run.dismiss(made.signers[1]?.peer as string, 'bad-message', reason)
        return when === 'tasks' ? 'silent' : undefined
      })
      await made.driver.drive()
      return made
    }
    const spared = await drive({ policy: { quorum: 1 } })
    assert.equal([spared.run.record.verdict, spared.run.record.partial], ['ok', true])
    assert.equal(
      spared.run.record.excluded.map(each => [each.name, each.phase, each.code, each.reason]),
      [['m1', 'work', 'bad-message', reason]]
    )
    assert.equal(work(spared.phases()), ['prepare', 'tasks 1', 'tasks 2'])
    assert.equal(
      lacks(spared),
      ['a', 'b'].map(task => `${task} on m1: its clients have no result: ${reason}`)
    )
    const needed = await drive({})
    assert.equal([needed.run.record.verdict, needed.run.record.reason], ['quorum', `m1: ${reason}`])
  })

test('a member whose daemon was started again in mid task fails a run that needs it, and is out of one that does not', async () => {
  const again: Partial<Ack> = { outcome: 'failed', code: 'interrupted', reason: 'its daemon was restarted' }
  const say: Say = ({ part, element }, rank) => (part === 'tasks' && element === 1 && rank === 1 ? again : undefined)
  const needed = await tasksOf({}, say)
  await needed.driver.drive()
  assert.equal([needed.run.record.verdict, needed.run.record.excluded], ['workload-failed', []])
  assert.is(needed.run.record.reason, 'element 1 of tasks on m1: its daemon was restarted')
  const spared = await tasksOf({ policy: { quorum: 1 } }, say)
  await spared.driver.drive()
  assert.equal([spared.run.record.verdict, spared.run.record.partial], ['ok', true])
  assert.equal(
    spared.run.record.excluded.map(({ name, code }) => [name, code]),
    [['m1', 'interrupted']]
  )
  assert.equal(
    lacks(spared),
    ['a', 'b'].map(task => `${task} on m1: its clients have no result: its daemon was restarted`)
  )
})

test('a task whose clients were all on members that are lost ends the run by name', async () => {
  const spec = { policy: { quorum: 1 }, task: [http('a'), http('b', { clients: 1 })] }
  const made = await tasksOf(spec, ({ part }, rank) => (part === 'prepare' && rank === 0 ? failed : undefined))
  await made.driver.drive()
  assert.equal(work(made.phases()), ['prepare', 'tasks 1'])
  assert.is(made.run.record.verdict, 'quorum')
  assert.is(made.run.record.reason, 'task b: no member that was to have its clients is left')
  assert.ok(lacks(made).includes(`a on m0: its clients have no result: ${failed.reason}`), 'what was begun is named')
})

test('a run that is cancelled in mid task tears down, stops and sends', async () => {
  const made = await tasksOf(setUp, ({ part }) => (part === 'tasks' ? 'silent' : undefined))
  const driven = made.driver.drive()
  await until(() => (work(made.phases()).includes('tasks 1') ? true : undefined))
  made.driver.cancel('somebody', 'enough')
  await driven
  assert.equal(work(made.phases()), ['prepare', 'setup', 'tasks 1', 'teardown'])
  assert.equal(made.phases().slice(-4), ['stop 1-default/1', 'send 1-default/1', 'end', 'terminate'])
  assert.equal([made.run.record.verdict, made.run.record.reason], ['cancelled', 'cancelled by somebody: enough'])
})

test('a teardown that has begun is not cut short by a cancel', async () => {
  const made = await tasksOf(setUp, ({ part, attempt }) => {
    if (part === 'teardown' && attempt === 0) made.driver.cancel('somebody', 'enough')
    return undefined
  })
  await made.driver.drive()
  const torn = made.stored.find(event => event.type === 'phase-closed' && event.part === 'teardown')
  assert.is(torn?.type === 'phase-closed' && torn.verdict, 'met')
  assert.equal([made.run.record.verdict, lacks(made)], ['cancelled', []])
})

test('what a member answers only to stop counts as its answer', async () => {
  const late = [answerFor('a', 1, { ended: 'cut' }), answerFor('b', 2, { ended: 'cut' })]
  const made = await tasksOf({}, ({ part, phase }) => {
    if (part === 'tasks') return {}
    return phase === 'stop' ? { load: { tasks: late } } : undefined
  })
  await made.driver.drive()
  assert.equal(lacks(made), [])
  const silent = await tasksOf({}, ({ part }, rank) => (part === 'tasks' && rank === 1 ? {} : undefined))
  await silent.driver.drive()
  assert.equal(
    lacks(silent),
    ['a', 'b'].map(task => `${task} on m1: its clients have no result: the member did not say how they ended`)
  )
  assert.ok(silent.run.record.partial)
})

test.run()
