/** Members that break, come back, or are lost: what they ran and what they had goes on elsewhere. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { peek } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { JobOffer } from '../../../protocols/jobs/job-stream.ts'
import { jobsAnswerOf } from '../../../protocols/jobs/jobs-answer.ts'
import { resultText } from '../../../protocols/jobs/jobs-file.ts'
import type { Behaviour } from '../../helpers/job-member.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { jobOf, stateOf, TestGraph } from './test-graph.ts'

const test = suite('jobs of members that are lost')
test.after(stayAwake())

const never = () => new Promise<Behaviour>(() => {})
const outcomes = (entry: { attempts: Array<{ attempt: number; member: string; outcome: string }> } | undefined) =>
  entry?.attempts.map(({ attempt, member, outcome }) => [attempt, member, outcome])

test('what runs on a member goes on while its stream is down, and its end is heard on the next', async () => {
  const ends = Promise.withResolvers<Behaviour>()
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act: () => ends.promise }] })
  graph.graph.start()
  const [member] = graph.members
  await until(() => graph.at('a', 'running') >= 0)
  member?.cut()
  ends.resolve({ outcome: 'done' })
  const entries = await graph.end()
  assert.equal(outcomes(entries.a), [[1, 'n1', 'done']])
  assert.is(member?.streams, 2)
  assert.is(graph.results.length, 1)
})

test('streams that break all the time lose no job and run none twice', async () => {
  const jobs = Array.from({ length: 40 }, (_, i) => jobOf({ name: `j${i}`, needs: i > 3 ? [`j${i - 4}`] : [] }))
  const graph = new TestGraph({ jobs, members: [{}, {}] })
  graph.graph.start()
  const cutting = setInterval(() => graph.members[Math.floor(Math.random() * 2)]?.cut(), 15)
  const entries = await graph.end().finally(() => clearInterval(cutting))
  for (const { job, state, attempts } of Object.values(entries)) {
    assert.is(state, 'done')
    // an offer that was lost on its way is made again
    assert.equal(
      new Set(attempts.filter(({ outcome }) => outcome !== 'lost').map(each => each.outcome)),
      new Set(['done']),
      job
    )
  }
  const offered = graph.members.flatMap(({ taken }) => taken.map(({ job }) => job))
  assert.is(new Set(offered).size, 40)
  assert.is(offered.length, 40, 'each was run once')
})

test('a member that was started anew has its jobs tried again, and the attempt is named', async () => {
  let first = true
  const act = () => (first ? never() : { outcome: 'done' as const })
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act }] })
  graph.graph.start()
  await until(() => graph.at('a', 'running') >= 0)
  first = false
  graph.members[0]?.restart()
  const entries = await graph.end()
  assert.equal(outcomes(entries.a), [
    [1, 'n1', 'lost'],
    [2, 'n1', 'done']
  ])
  const again = graph.changes.find(({ state, reason }) => state === 'queued' && reason != null)
  assert.is(again?.reason, 'nothing is known of it here')
})

test('a job that waits for the one member that is left is tried on another again when that leaves', async () => {
  let tries = 0
  const act = () => (++tries === 1 ? { broken: 'io' as const, reason: 'the disk' } : { outcome: 'done' as const })
  const facts = { fits: (selector: string) => selector === 'all' }
  const graph = new TestGraph({
    jobs: [jobOf({ name: 'long', on: 'second' }), jobOf({ name: 'a' })],
    members: [
      { act, facts },
      { act: never, slots: 1 }
    ]
  })
  graph.graph.start()
  await until(() => graph.changes.some(({ job, state, why }) => job === 'a' && state === 'queued' && why != null))
  await until(() => graph.members[1]?.wanted.some(({ slots }) => slots > 0) === true)
  graph.graph.leave(graph.members[1]?.peer as string, 'it went away')
  const { a, long } = await graph.end()
  assert.equal([a?.state, long?.state], ['done', 'failed'])
})

test('where a member of one platform refuses, one of another that could not run it before is tried again', async () => {
  let tries = 0
  const act = () => (++tries === 1 ? { broken: 'io' as const, reason: 'the disk' } : { outcome: 'done' as const })
  const refuse = () => ({ code: 'not-allowed' as const, reason: 'its owner' })
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act }, { refuse, platform: 'linux-arm64' }] })
  const { a } = await graph.run()
  assert.equal(outcomes(a), [
    [1, 'n1', 'broken'],
    [2, 'n2', 'refused'],
    [2, 'n1', 'done']
  ])
})

test('a member that is out of reach for too long gives its jobs to another; when it is back, it ends them', async () => {
  let isAway = false
  const fault = () => (isAway ? new BakError('unreachable', 'it is away') : undefined)
  const jobs = [jobOf({ name: 'a' })]
  const graph = new TestGraph({
    ...{ jobs, members: [{ fault, act: never, slots: 4 }, { slots: 1 }] },
    run: { lostTimeoutMs: 150 }
  })
  graph.graph.start()
  await until(() => graph.at('a', 'running') >= 0)
  isAway = true
  graph.members[0]?.cut()
  await until(() => graph.at('a', 'done') >= 0)
  isAway = false
  const entries = await graph.end()
  assert.equal(outcomes(entries.a), [
    [1, 'n1', 'lost'],
    [2, 'n2', 'done']
  ])
  assert.match(entries.a?.attempts[0]?.reason ?? '', /^out of reach for more than 0.15 s$/)
  assert.equal(graph.members[0]?.running, [])
  assert.is(graph.members[0]?.heardOver, 1, 'it hears that the graph is over')
  assert.equal(graph.members[0]?.got, [], 'and its end counts for nothing')
})

test('a member that leaves gives its jobs back; without another one they fail, and say so', async () => {
  const jobs = [jobOf({ name: 'a' }), jobOf({ name: 'b', needs: ['a'] })]
  const graph = new TestGraph({ jobs, members: [{ act: never }] })
  graph.graph.start()
  await until(() => graph.at('a', 'running') >= 0)
  graph.graph.leave(graph.members[0]?.peer ?? '', 'it was excluded')
  const entries = await graph.end()
  assert.equal(stateOf(entries), { a: 'failed', b: 'skipped' })
  assert.match(entries.a?.reason ?? '', /n1 is gone: it was excluded/)
})

test('outputs that were lost with a member are made again where they are needed, or are the result', async () => {
  const held = Promise.withResolvers<Behaviour>()
  const act = ({ job }: { job: string }) => (job === 'wait' ? held.promise : { outcome: 'done' as const })
  const on = (name: string) => ({ facts: { fits: (selector: string) => selector === 'all' || selector === name } })
  const jobs = [
    jobOf({ name: 'wait', on: 'b' }),
    jobOf({ name: 'base' }),
    jobOf({ name: 'used', needs: ['base'] }),
    jobOf({ name: 'root' }),
    jobOf({ name: 'silent', outputs: [] }),
    jobOf({ name: 'app', on: 'b', needs: ['used', 'wait'] })
  ]
  const graph = new TestGraph({
    jobs,
    members: [
      { ...on('a'), act, slots: 9 },
      { ...on('b'), act, slots: 1 }
    ]
  })
  graph.graph.start()
  await until(() => ['base', 'used', 'root', 'silent'].every(job => graph.at(job, 'done') >= 0))
  assert.is(graph.at('app', 'queued'), -1)
  held.resolve({ outcome: 'done' })
  graph.graph.leave(graph.members[0]?.peer ?? '', 'it was lost')
  const entries = await graph.end()
  assert.equal(new Set(Object.values(stateOf(entries))), new Set(['done']))
  for (const job of ['base', 'used', 'root']) {
    assert.equal(outcomes(entries[job])?.at(-1), [2, 'n2', 'done'], job)
    const [first] = entries[job]?.attempts ?? []
    assert.type(first?.result, 'string', 'the first result is kept with its attempt')
  }
  assert.is(entries.silent?.attempts.length, 1, 'it had no outputs')
  const kept = Object.values(entries).flatMap(({ result, attempts }) => [result, ...attempts.map(each => each.result)])
  for (const { peer, got } of graph.members) {
    assert.ok(got.every(each => kept.includes(resultText(each))))
    const own = graph.results.filter(({ by }) => by === peer).map(({ envelope }) => envelope)
    assert.equal(jobsAnswerOf(own), jobsAnswerOf(got))
  }
})

test('an input that nobody has any more, as its member says, is made again', async () => {
  const jobs = [jobOf({ name: 'base' }), jobOf({ name: 'app', needs: ['base'] })]
  let isGone = true
  const graph: TestGraph = new TestGraph({
    jobs,
    members: [
      {
        act: ({ job }, _, member) => {
          if (job !== 'app' || !isGone) return { outcome: 'done' }
          isGone = false
          member.has.clear()
          return { broken: 'unknown-digest', reason: 'its input base/out is nowhere' }
        }
      }
    ]
  })
  const before = graph.members[0]
  const entries = await graph.run()
  assert.equal(stateOf(entries), { base: 'done', app: 'done' })
  assert.is((before?.holds ?? 0) > 0, true)
  assert.equal(outcomes(entries.app), [
    [1, 'n1', 'broken'],
    [2, 'n1', 'done']
  ])
})

for (const what of ['makes it again', 'fails, and what needs it']) {
  test(`when the last holder of an input is lost, who fetches it is not waited for: its maker ${what}`, async () => {
    const isAgain = what === 'makes it again'
    const on = (name: string) => ({ facts: { fits: (selector: string) => selector === 'all' || selector === name } })
    const jobs = [
      jobOf({ name: 'base', ...(isAgain ? {} : { on: 'a' }) }),
      jobOf({ name: 'app', on: 'b', needs: ['base'], retries: 0 })
    ]
    const act = ({ inputs }: JobOffer) => (inputs[0]?.from.length === 1 ? never() : { outcome: 'done' as const })
    const graph = new TestGraph({
      jobs,
      members: [
        { ...on('a'), slots: 9 },
        { ...on('b'), act, isSilent: true }
      ]
    })
    graph.graph.start()
    await until(() => graph.members[1]?.running.includes('app/1') === true)
    graph.graph.leave(graph.members[0]?.peer ?? '', 'it was lost')
    const { base, app } = await graph.end()
    assert.equal([base?.state, app?.state], isAgain ? ['done', 'done'] : ['failed', 'skipped'])
    assert.equal(app?.from, isAgain ? undefined : ['base'])
    assert.equal(outcomes(app)?.[0], [1, 'n2', 'lost'])
    assert.is(app?.attempts[0]?.reason, 'n1 was lost, and with it its input base/out, which had not come')
    assert.equal(graph.members[1]?.running, [], 'it was ended there')
  })
}

for (const [how, broken] of [
  ['has none', 'unknown-digest'],
  ['does not answer', 'unreachable']
] as const) {
  test(`who signed outputs that it never made, and ${how}, is named, and they are made on another member`, async () => {
    const jobs = [jobOf({ name: 'base' }), jobOf({ name: 'app', on: 'honest', needs: ['base'] })]
    const on = (name: string) => ({ facts: { fits: (selector: string) => selector === 'all' || selector === name } })
    const act = ({ job, inputs: [input] }: JobOffer, _: AbortSignal, { peer }: { peer: string }): Behaviour => {
      const isFalse = job === 'app' && input?.from.some(each => each === graph.members[0]?.peer && each !== peer)
      return isFalse ? { broken, reason: 'input base/out is not here', lacks: input?.digest } : { outcome: 'done' }
    }
    const graph: TestGraph = new TestGraph({
      jobs,
      // the first says that it has what it signed, whenever it is asked
      members: [
        { ...on('liar'), act, slots: 9 },
        { ...on('honest'), act },
        { ...on('honest'), act }
      ]
    })
    const { base, app } = await graph.run()
    assert.equal([base?.state, app?.state], ['done', 'done'])
    const tries = broken === 'unreachable' ? 2 : 1
    assert.is(app?.attempts.length, tries + 1)
    for (const { outcome, reason } of app?.attempts.slice(0, tries) ?? []) {
      assert.is(outcome, 'broken')
      assert.is(reason, 'n1 has signed that it made base/out: input base/out is not here')
    }
    assert.equal(outcomes(base)?.[0], [1, 'n1', 'done'])
    assert.is.not(base?.member, 'n1')
    const again = graph.changes.find(({ job, reason }) => job === 'base' && reason != null)
    assert.is(again?.reason, 'nobody in reach has its output base/out, which app needs; n1 has signed that it made it')
  })
}

test('a job that could not be run is tried elsewhere, as often as its retries say', async () => {
  const act = (): Behaviour => ({ broken: 'io', reason: 'the disk is full' })
  const other = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act }, {}] })
  assert.equal(outcomes((await other.run()).a), [
    [1, 'n1', 'broken'],
    [2, 'n2', 'done']
  ])
  const none = new TestGraph({ jobs: [jobOf({ name: 'a', retries: 1 })], members: [{ act }] })
  const entries = await none.run()
  assert.is(entries.a?.state, 'failed')
  assert.is(entries.a?.reason, 'the disk is full (attempt 2, and retries = 1)')
  assert.is(entries.a?.attempts.length, 2)
})

test('a job that its member ended by itself is tried again, and that result is kept', async () => {
  let first = true
  const act = (): Behaviour => {
    const isFirst = first
    first = false
    return isFirst ? { outcome: 'cancelled' } : { outcome: 'done' }
  }
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ act }] })
  const entries = await graph.run()
  assert.is(entries.a?.state, 'done')
  assert.is(graph.members[0]?.got.length, 2)
  assert.type(entries.a?.attempts[0]?.result, 'string')
})

for (const [what, forge] of [
  ['another key', { key: '0'.repeat(64) }],
  ['another job', { job: 'b' }],
  ['other outputs', { outputs: [] }],
  ['another attempt', { attempt: 7 }]
] as const) {
  test(`a result of ${what} is not taken`, async () => {
    const forged = { forge: (result: object) => ({ ...result, ...forge }) as never }
    const graph = new TestGraph({ jobs: [jobOf({ name: 'a', retries: 0 })], members: [forged] })
    const entries = await graph.run()
    assert.is(entries.a?.state, 'failed')
    assert.match(entries.a?.reason ?? '', /^its result has another (key|job|list of outputs|attempt) than was offered$/)
    assert.equal(graph.members[0]?.got, [])
  })
}

test('a result that another has signed is not taken', async () => {
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a', retries: 0 })], members: [{}, {}] })
  const [first, second] = graph.members
  if (first != null && second != null) Object.assign(first.signer, second.signer)
  const entries = await graph.run()
  assert.is(entries.a?.state, 'failed')
  assert.match(entries.a?.reason ?? '', /signed by/)
  assert.not.match(entries.a?.reason ?? '', /12D3/, 'who did not sign it stands beside it, by name')
})

test('a cancelled graph does not wait for members out of reach, nor for one that does not end its job', async () => {
  const jobs = [jobOf({ name: 'a', on: 'a' }), jobOf({ name: 'b', on: 'b' })]
  let isAway = false
  const fault = () => (isAway ? new BakError('unreachable', 'it is away') : undefined)
  const on = (name: string) => ({ facts: { fits: (selector: string) => selector === name }, act: never })
  const graph = new TestGraph({ jobs, members: [{ ...on('a'), fault }, on('b')] })
  graph.graph.start()
  await until(() => graph.at('a', 'running') >= 0 && graph.at('b', 'running') >= 0)
  isAway = true
  graph.members[0]?.cut()
  const stalled = graph.members[1]
  const freed = Promise.withResolvers<void>()
  if (stalled != null) stalled.stalls = freed.promise
  const begun = performance.now()
  graph.graph.cancel('enough')
  const entries = await graph.end()
  freed.resolve()
  assert.ok(performance.now() - begun < 6_000)
  assert.equal(stateOf(entries), { a: 'cancelled', b: 'cancelled' })
  assert.match(entries.b?.reason ?? '', /n2 does not say that it has ended it/)
})

test('a member that takes no jobs at all is out, and says why', async () => {
  const fault = () => new BakError('not-allowed', 'allow.controllers does not name this one')
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ fault }] })
  const entries = await graph.run()
  assert.match(entries.a?.reason ?? '', /n1 is gone: allow.controllers does not name this one/)
})

test('a member that is not ready yet is asked again', async () => {
  let asked = 0
  const fault = () => (++asked < 3 ? new BakError('state', 'the command has not come') : undefined)
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{ fault }] })
  assert.is((await graph.run()).a?.state, 'done')
})

test('an offer of which the member knows nothing is made again, and fails its job where that goes on', async () => {
  let left = 3
  const act = (): Behaviour =>
    left-- > 0 ? { broken: 'interrupted', reason: 'nothing is known of it here' } : { outcome: 'done' }
  const jobs = [jobOf({ name: 'a', retries: 0 })]
  const some = new TestGraph({ jobs, members: [{ act, isSilent: true }] })
  const entries = await some.run()
  assert.is(entries.a?.state, 'done')
  assert.is(entries.a?.attempts.length, 4)
  left = 1_000
  const many = new TestGraph({ jobs, members: [{ act, isSilent: true }] })
  assert.is((await many.run()).a?.state, 'failed')
})

test('results say of which run and graph they are', async () => {
  const graph = new TestGraph({ jobs: [jobOf({ name: 'a' })], members: [{}] })
  await graph.run()
  const [result] = graph.results
  assert.ok(result)
  assert.equal(peek(jobResultSubject, result.envelope), result.value)
})

test.run()
