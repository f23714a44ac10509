/** The controller's run of a graph of jobs, over streams to members: order, results, failures, slots, and its end. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { jobOf, stateOf, TestGraph } from './test-graph.ts'

const test = suite('the run of a graph of jobs')
test.after(stayAwake())

const diamond = () => [
  jobOf({ name: 'app', needs: ['left', 'right'] }),
  jobOf({ name: 'left', needs: ['base'] }),
  jobOf({ name: 'right', needs: ['base'] }),
  jobOf({ name: 'base' })
]
const done = (jobs: Array<{ name: string }>) => Object.fromEntries(jobs.map(({ name }) => [name, 'done']))

test('of a diamond the shared job runs once and reaches both, and all wait before any begins', async () => {
  const jobs = diamond()
  const graph = new TestGraph({ jobs, members: [{}, {}] })
  const entries = await graph.run()
  assert.equal(stateOf(entries), done(jobs))
  const offers = graph.members.flatMap(({ taken }) => taken)
  assert.is(offers.filter(({ job }) => job === 'base').length, 1)
  const [base] = entries.base?.outputs ?? []
  for (const side of ['left', 'right']) {
    const offer = offers.find(({ job }) => job === side)
    assert.equal(
      offer?.inputs.map(({ path, digest }) => [path, digest]),
      [['base/out', base?.digest]]
    )
  }
  assert.equal(
    graph.changes.slice(0, 4).map(({ state, have, of }) => [state, have, of]),
    [
      ['waiting', 0, 2],
      ['waiting', 0, 1],
      ['waiting', 0, 1],
      ['waiting', 0, 0]
    ]
  )
  assert.equal(graph.statesOf('left'), ['waiting', 'queued', 'running', 'done'])
  assert.is(graph.results.length, 4)
  for (const member of graph.members) assert.is(member.heardOver, 1)
  assert.is(graph.members.flatMap(({ got }) => got).length, 4)
  assert.is(entries.app?.member, entries.app?.attempts[0]?.member)
  assert.equal(
    entries.app?.attempts.map(({ attempt, outcome }) => [attempt, outcome]),
    [[1, 'done']]
  )
})

test('what needs a job that failed is skipped and says from where, all the way; what does not goes on', async () => {
  const jobs = [
    jobOf({ name: 'lib' }),
    jobOf({ name: 'other' }),
    jobOf({ name: 'app', needs: ['lib', 'tool'] }),
    jobOf({ name: 'tool' }),
    jobOf({ name: 'package', needs: ['app'] })
  ]
  const act = ({ job }: { job: string }) =>
    job === 'lib' || job === 'tool'
      ? { outcome: 'failed' as const, exit: 2, phase: 'build', tail: ['no such file'] }
      : { outcome: 'done' as const }
  const graph = new TestGraph({ jobs, members: [{ act }] })
  const entries = await graph.run()
  assert.equal(stateOf(entries), { lib: 'failed', other: 'done', app: 'skipped', tool: 'failed', package: 'skipped' })
  assert.equal(entries.package?.from?.toSorted(), ['lib', 'tool'])
  assert.equal(entries.app?.from?.toSorted(), ['lib', 'tool'])
  const failed = graph.changes.find(({ job, state }) => job === 'lib' && state === 'failed')
  assert.is(failed?.reason, 'exit 2 in phase build')
  assert.is(entries.lib?.reason, 'exit 2 in phase build')
  assert.equal(failed?.tail, ['no such file'])
  assert.is(entries.lib?.attempts.length, 1, 'a fault of the script is not tried again')
})

test('where the first failure ends all, others are cancelled, and nothing runs any more', async () => {
  const jobs = [jobOf({ name: 'bad' }), jobOf({ name: 'long' }), jobOf({ name: 'next', needs: ['long'] })]
  const act = async ({ job }: { job: string }, signal: AbortSignal) => {
    if (job === 'long') await new Promise(resolve => signal.addEventListener('abort', resolve))
    return job === 'bad' ? { outcome: 'failed' as const, exit: 1 } : { outcome: 'cancelled' as const }
  }
  const graph = new TestGraph({ jobs, members: [{ act }], run: { failFast: true } })
  const entries = await graph.run()
  assert.equal(stateOf(entries), { bad: 'failed', long: 'cancelled', next: 'cancelled' })
  assert.equal([entries.long?.reason, entries.next?.reason], ['bad failed', 'bad failed'])
  assert.equal(graph.members[0]?.running, [])
})

test('a cancelled graph ends what runs, and tells its members that it is over', async () => {
  const jobs = [jobOf({ name: 'a' }), jobOf({ name: 'b' }), jobOf({ name: 'c' }), jobOf({ name: 'd', needs: ['a'] })]
  const graph = new TestGraph({ jobs, members: [{ act: () => new Promise(() => {}) }] })
  graph.graph.start()
  await until(() => graph.members[0]?.running.length === 2)
  graph.graph.cancel('by n1: Ctrl-C')
  const entries = await graph.end()
  assert.equal(stateOf(entries), { a: 'cancelled', b: 'cancelled', c: 'cancelled', d: 'cancelled' })
  assert.equal([entries.a?.reason, entries.d?.reason], ['by n1: Ctrl-C', 'by n1: Ctrl-C'])
  assert.equal(graph.members[0]?.running, [])
  assert.is(graph.members[0]?.heardOver, 1)
  assert.is(graph.members[0]?.got.length, 2, 'their results are taken')
})

test('one with one slot runs one after the other, and slots that others take are not used', async () => {
  const jobs = ['a', 'b', 'c', 'd'].map(name => jobOf({ name }))
  const one = new TestGraph({ jobs, members: [{ slots: 1 }] })
  await one.run()
  assert.is(one.members[0]?.peak, 1)
  const others = new TestGraph({ jobs, members: [{ slots: 4 }] })
  const [member] = others.members
  if (member != null) member.others = 3
  others.graph.start()
  await others.end()
  assert.is(member?.peak, 1)
})

test('work goes to the member that is used least, then to the one that has the inputs', async () => {
  const jobs = [jobOf({ name: 'a', on: 'second' }), jobOf({ name: 'b', needs: ['a'] })]
  const graph = new TestGraph({ jobs, members: [{ facts: { fits: on => on === 'all' } }, {}] })
  const entries = await graph.run()
  assert.is(entries.a?.member, 'n2')
  assert.is(entries.b?.member, 'n2')
})

test('a busy member is asked again when it says that slots are free, another one at once', async () => {
  const jobs = ['a', 'b', 'c'].map(name => jobOf({ name }))
  let busy = true
  const refuse = () => (busy ? { code: 'busy' as const, reason: 'no slot is free' } : undefined)
  const graph = new TestGraph({ jobs, members: [{ refuse, slots: 1 }] })
  const [member] = graph.members
  graph.graph.start()
  await until(() => graph.changes.some(({ reason }) => reason?.startsWith('refused')))
  busy = false
  member?.tellSlots()
  const entries = await graph.end()
  assert.equal(stateOf(entries), { a: 'done', b: 'done', c: 'done' })
  assert.is(entries.a?.attempts.at(-1)?.attempt, 1, 'a refused offer has no number')
  assert.ok((entries.a?.attempts.length ?? 0) <= 2, 'refusals of one member are one')
})

test('a member that says that it has free slots and refuses as busy is not asked without an end, and another gets the job', async () => {
  let asked = 0
  const refuse = () => {
    asked++
    return { code: 'busy' as const, reason: 'no slot is free' }
  }
  const both = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ refuse, slots: 8 }, { slots: 1 }] })
  assert.is((await both.run()).a?.member, 'n2')
  assert.ok(asked <= 3, `${asked} times`)
  const alone = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ refuse, slots: 8 }] })
  asked = 0
  alone.graph.start()
  await new Promise(resolve => setTimeout(resolve, 700))
  assert.ok(asked >= 2 && asked <= 8, `${asked} times`)
  alone.graph.cancel('enough')
  assert.equal(stateOf(await alone.end()), { a: 'cancelled' })
})

test('a refusal for good sends it to another member; where none is left it fails, and says who said what', async () => {
  const refuse = () => ({ code: 'not-allowed' as const, reason: 'allow.workloads is off' })
  const some = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ refuse }, {}] })
  const entries = await some.run()
  assert.is(entries.a?.member, 'n2')
  assert.equal(
    entries.a?.attempts.map(({ member, outcome }) => [member, outcome]),
    [
      ['n1', 'refused'],
      ['n2', 'done']
    ]
  )
  const none = new TestGraph({ jobs: [jobOf({ name: 'a', cores: 2 })], members: [{ refuse }, { facts: { cores: 1 } }] })
  assert.is(
    (await none.run()).a?.reason,
    'no member can run it: n1 refused it: allow.workloads is off; n2 has 1 of 2 cores'
  )
})

test('a job that no member can run fails at once, before what it needs is done', async () => {
  const jobs = [
    jobOf({ name: 'slow' }),
    jobOf({ name: 'big', needs: ['slow'], cores: 64 }),
    jobOf({ name: 'last', needs: ['big'] })
  ]
  const graph = new TestGraph({ jobs, members: [{}] })
  const entries = await graph.run()
  assert.is(entries.big?.reason, 'it needs 64 cores, and the most is 4, on n1')
  assert.equal(entries.last?.from, ['big'])
  assert.ok(graph.at('big', 'failed') < graph.at('slow', 'running'))
})

test('one that needs many slots is not overtaken for ever by small ones', async () => {
  const small = Array.from({ length: 30 }, (_, i) => jobOf({ name: `small${i}` }))
  const jobs = [jobOf({ name: 'first' }), jobOf({ name: 'big', needs: ['first'], slots: 2 }), ...small]
  const graph = new TestGraph({ jobs, members: [{ slots: 2 }] })
  const entries = await graph.run()
  assert.is(entries.big?.state, 'done')
  const order = graph.members[0]?.taken.map(({ job }) => job) ?? []
  assert.ok(order.indexOf('big') < 10, `it was offered as number ${order.indexOf('big')}`)
})

test('a member hears how many slots the graph could use there, and how many its largest job takes', async () => {
  const jobs = [jobOf({ name: 'a' }), jobOf({ name: 'b' }), jobOf({ name: 'c', slots: 2 })]
  const graph = new TestGraph({ jobs, members: [{ slots: 2, act: () => new Promise(() => {}) }] })
  graph.graph.start()
  await until(() => graph.members[0]?.wanted.at(-1)?.slots === 2)
  assert.is(graph.members[0]?.wanted.at(-1)?.most, 2)
  graph.graph.cancel('enough')
  await graph.end()
})

test('lines of a log and what a job says of itself go on as they come', async () => {
  const act = (offer: { job: string; attempt: number }, _: AbortSignal, member: { say(message: never): void }) => {
    const name = { job: offer.job, attempt: offer.attempt }
    member.say({ type: 'stated', ...name, phase: 'build', percent: 40 } as never)
    member.say({ type: 'lines', ...name, lines: [{ n: 1, t: 5, text: 'hello' }] } as never)
    return { outcome: 'done' as const }
  }
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act }] })
  await graph.run()
  assert.equal(graph.progress, [{ graph: { role: 'setup' }, job: 'a', member: 'n1', phase: 'build', percent: 40 }])
  assert.equal(graph.lines, [{ job: 'a', attempt: 1, member: 'n1', lines: [{ n: 1, t: 5, text: 'hello' }] }])
})

test('a graph without jobs is over at once, and what is left out is told', async () => {
  const graph = new TestGraph({
    jobs: [],
    members: [{}],
    run: { leftOut: [{ job: 'x', why: 'no member fits gpu=1' }] }
  })
  const entries = await graph.run()
  assert.equal(stateOf(entries), { x: 'left-out' })
  assert.equal(graph.changes, [{ graph: { role: 'setup' }, job: 'x', state: 'left-out', why: 'no member fits gpu=1' }])
})

test.run()
