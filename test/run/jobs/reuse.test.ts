/** Results that are known already: whose count, who must have their outputs, and why a job runs all the same. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { GraphRunInit } from '../../../node/run/jobs/graph-init.ts'
import { open } from '../../../protocols/envelope.ts'
import { type JobResult, jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { TestMember } from '../../helpers/job-member.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { digest, GRAPH, jobOf, RUN, stateOf, TestGraph } from './test-graph.ts'

const test = suite('results that are known')
test.after(stayAwake())

const EARLIER = '20261121T213015-k3f9ab'

const jobs = () => [jobOf({ name: 'lib' }), jobOf({ name: 'app', needs: ['lib'] })]

/** A result that this member signed in an earlier run, and the outputs of which it has. */
function earlier(member: TestMember, job: string, inputs: JobResult['inputs'] = []) {
  const offered = { job, attempt: 1, inputs: inputs.map(each => ({ ...each, bytes: 1, from: [] })) }
  const former = new TestMember({ run: EARLIER, graph: GRAPH, jobs: jobs(), controller: member.peer })
  Object.assign(former.signer, member.signer)
  const sealed = former.sealed(offered, { outcome: 'done' })
  for (const each of former.has) member.has.add(each)
  return open(jobResultSubject, sealed)
}

const inputsOf = ({ value }: { value: JobResult }) =>
  value.outputs.map(output => ({ path: `${value.job}/${output.path}`, digest: output.digest }))

/** A graph of which `lib` and `app` were made before by the first member. */
function graphWith(run: Partial<GraphRunInit>, members: ConstructorParameters<typeof TestGraph>[0]['members'] = [{}]) {
  const graph = new TestGraph({ jobs: jobs(), members, run: { cache: true, ...run } })
  const [first] = graph.members
  if (first == null) throw new Error('no member')
  const lib = earlier(first, 'lib')
  const app = earlier(first, 'app', inputsOf(lib))
  return { graph, first, lib, app }
}

test('what is known here is taken, with its outputs, and nothing runs', async () => {
  const results: ReturnType<typeof open<JobResult>>[] = []
  const known = (keys: string[]) => results.filter(({ value }) => keys.includes(value.key))
  const { graph, first, lib, app } = graphWith({ known })
  results.push(lib, app)
  const entries = await graph.run()
  assert.equal(stateOf(entries), { lib: 'reused', app: 'reused' })
  assert.equal(first.taken, [])
  assert.is(first.looks.length, 0)
  const { member, by, run, why, outputs, attempts } = entries.app as JobEntry
  assert.equal([member, by, run, why], ['n1', first.peer, EARLIER, 'its result is known'])
  assert.equal(outputs, app.value.outputs)
  assert.equal(attempts, [])
  assert.is(graph.changes.find(({ job, state }) => job === 'app' && state === 'reused')?.bytes, 100)
  assert.equal(graph.graph.finished.get('app')?.holders, [first.peer])
})

test('what a member knows is taken, and many jobs are asked for in few messages', async () => {
  const { graph, first, lib, app } = graphWith({})
  for (const { value, envelope } of [lib, app]) first.knows.set(value.key, envelope)
  const entries = await graph.run()
  assert.equal(stateOf(entries), { lib: 'reused', app: 'reused' })
  const many = Array.from({ length: 40 }, (_, i) => jobOf({ name: `j${i}` }))
  const wide = new TestGraph({ jobs: many, members: [{ slots: 40 }, {}], run: { cache: true } })
  await wide.run()
  assert.equal(
    wide.members.map(({ looks }) => looks.map(keys => keys.length)),
    [
      [16, 16, 8],
      [16, 16, 8]
    ]
  )
})

test('outputs that nobody needs may be gone; those of a root may not, and then all that it needs is made again', async () => {
  const { graph, first, lib, app } = graphWith({})
  for (const { value, envelope } of [lib, app]) first.knows.set(value.key, envelope)
  for (const { digest } of lib.value.outputs) first.has.delete(digest)
  assert.equal(stateOf(await graph.run()), { lib: 'reused', app: 'reused' })
  const bare = graphWith({})
  for (const { value, envelope } of [bare.lib, bare.app]) bare.first.knows.set(value.key, envelope)
  bare.first.has.clear()
  const entries = await bare.graph.run()
  assert.equal(stateOf(entries), { lib: 'done', app: 'done' })
  assert.is(entries.app?.why, `nobody in reach has the outputs of its result in ${EARLIER}`)
  assert.is(entries.lib?.why, `nobody in reach has the outputs of its result in ${EARLIER}`)
  assert.equal(bare.graph.statesOf('lib'), ['waiting', 'reused', 'queued', 'running', 'done'])
  assert.is(entries.lib?.attempts.length, 1)
})

test('a job without retries is made all the same where its known result cannot be had', async () => {
  const once = [jobOf({ name: 'lib', retries: 0 }), jobOf({ name: 'app', needs: ['lib'], retries: 0 })]
  const graph = new TestGraph({ jobs: once, members: [{}], run: { cache: true } })
  const [first] = graph.members
  if (first == null) throw new Error('no member')
  const lib = earlier(first, 'lib')
  first.knows.set(lib.value.key, lib.envelope)
  first.has.clear()
  assert.equal(stateOf(await graph.run()), { lib: 'done', app: 'done' })
})

test('one whose outputs a later graph needs is not reused without them', async () => {
  const { graph, first, lib, app } = graphWith({ wanted: new Set(['lib']) })
  for (const { value, envelope } of [lib, app]) first.knows.set(value.key, envelope)
  for (const { digest } of lib.value.outputs) first.has.delete(digest)
  const entries = await graph.run()
  assert.is(entries.lib?.state, 'done')
  assert.equal(graph.graph.finished.get('lib')?.holders, [first.peer])
})

test('a member that hangs holds up the others for two seconds, though all are asked what they know', async () => {
  const hangs = Promise.withResolvers<void>()
  const began: number[] = []
  const act = () => {
    const [, second] = graph.members
    if (second != null) second.stalls = hangs.promise
    began.push(performance.now())
    return { outcome: 'done' as const }
  }
  const chain = [jobOf({ name: 'lib', on: 'first' }), jobOf({ name: 'app', needs: ['lib'], on: 'first' })]
  const members = [{ act }, { facts: { fits: (on: string) => on !== 'first' } }]
  const graph: TestGraph = new TestGraph({ jobs: chain, members, run: { cache: true } })
  graph.graph.start()
  await until(() => graph.statesOf('app').includes('done'), { what: 'app is done', timeout: 9_000 })
  hangs.resolve()
  const [first = 0, then = 0] = began
  assert.ok(then - first < 5_000, `${then - first} ms`)
  assert.equal(stateOf(await graph.end()), { lib: 'done', app: 'done' })
})

test('many jobs that need the same outputs have them looked for once', async () => {
  const needing = Array.from({ length: 30 }, (_, i) => jobOf({ name: `u${i}`, needs: ['lib'] }))
  const graph = new TestGraph({
    jobs: [jobOf({ name: 'lib' }), ...needing],
    members: [{ slots: 30 }],
    run: { cache: true }
  })
  const [first] = graph.members
  if (first == null) throw new Error('no member')
  const lib = earlier(first, 'lib')
  first.knows.set(lib.value.key, lib.envelope)
  const entries = await graph.run()
  assert.is(entries.lib?.state, 'reused')
  assert.is(first.taken.length, 30)
  assert.is(first.holds, 1)
  for (const { inputs } of first.taken)
    assert.equal(
      inputs.map(({ digest: each }) => each),
      lib.value.outputs.map(each => each.digest)
    )
})

test('outputs that another member has do as well', async () => {
  const { graph, first, lib, app } = graphWith({}, [{}, {}])
  const [, second] = graph.members
  for (const { value, envelope } of [lib, app]) first.knows.set(value.key, envelope)
  for (const each of first.has) second?.has.add(each)
  first.has.clear()
  assert.equal(stateOf(await graph.run()), { lib: 'reused', app: 'reused' })
})

test('a result counts only if its signer may run the job in this run', async () => {
  const results: ReturnType<typeof open<JobResult>>[] = []
  const known = (keys: string[]) => results.filter(({ value }) => keys.includes(value.key))
  const facts = { fits: (selector: string) => selector === 'none' }
  const { graph, lib } = graphWith({ known }, [{ facts }, {}])
  results.push(lib)
  assert.is((await graph.run()).lib?.state, 'done', 'the selector does not fit it')
  const stranger = new TestMember({ run: RUN, graph: GRAPH, jobs: jobs(), controller: 'x' })
  const other = graphWith({ known: () => [earlier(stranger, 'lib')] })
  assert.is((await other.graph.run()).lib?.state, 'done', 'it is no member')
  const strange = earlier(stranger, 'lib')
  const away = graphWith({ known: () => [strange], took: ({ by }) => by === stranger.peer })
  const app = earlier(away.first, 'app', inputsOf(strange))
  away.first.knows.set(app.value.key, app.envelope)
  const entries = await away.graph.run()
  assert.equal(stateOf(entries), { lib: 'reused', app: 'reused' })
  assert.is(entries.lib?.by, stranger.peer, 'this peer has taken it before')
  assert.is(entries.lib?.member, undefined)
})

test('where reuse is off nobody is asked', async () => {
  const { graph, first, lib } = graphWith({ cache: false })
  first.knows.set(lib.value.key, lib.envelope)
  const entries = await graph.run()
  assert.is(entries.lib?.state, 'done')
  assert.is(entries.lib?.why, 'earlier results are not taken')
  assert.equal(first.looks, [])
})

test('why a job runs is said: nothing is known of it, or what has changed', async () => {
  const results: ReturnType<typeof open<JobResult>>[] = []
  const latest: GraphRunInit['latest'] = (job, isSame) =>
    results.find(({ value }) => value.job === job && isSame(value))
  const { graph, first, lib } = graphWith({ latest })
  const stranger = earlier(first, 'app', [{ path: 'docs/x', digest: digest('x') }])
  results.push({ ...stranger, value: { ...stranger.value, outputs: [] } })
  results.push(earlier(first, 'app', [{ path: 'lib/out', digest: digest('old') }]))
  first.knows.set(lib.value.key, lib.envelope)
  const entries = await graph.run()
  assert.is(entries.lib?.state, 'reused')
  assert.is(entries.app?.why, 'input lib/out has changed')
  const fresh = graphWith({})
  assert.is((await fresh.graph.run()).lib?.why, 'no result of it is known')
})

test('a member that does not answer delays nobody for long, and is not asked again at once', async () => {
  const { graph, first, lib } = graphWith({}, [{}, {}])
  const [, second] = graph.members
  second?.knows.set(lib.value.key, lib.envelope)
  const begun = performance.now()
  const freed = Promise.withResolvers<void>()
  if (second != null) second.stalls = freed.promise
  const running = graph.run()
  setTimeout(() => freed.resolve(), 200)
  const entries = await running
  assert.is(entries.lib?.state, 'reused')
  assert.ok(performance.now() - begun < 5_000)
  assert.ok(first.looks.length > 0)
})

test.run()
