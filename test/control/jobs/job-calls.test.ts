/** Calls about jobs, answered by the records of several peers. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { byBegin, jobs } from '../../../node/control/jobs/job-list.ts'
import { jobLog } from '../../../node/control/jobs/job-log-call.ts'
import { job } from '../../../node/control/jobs/job-view.ts'
import { slots } from '../../../node/control/jobs/slots-call.ts'
import type { CallResponse } from '../../../protocols/control.ts'
import { jobLogFile } from '../../../protocols/layout.ts'
import { jobEntryOf, signedResult } from '../../helpers/job-results.ts'
import { run, runRecord, specOf } from '../../protocols/samples.ts'
import { plant } from '../../store/scratch.ts'
import { type Peer, somePeers } from './some-peers.ts'

const test = suite('calls about jobs')
const signal = new AbortController().signal
const options = { signal }
let peers: Record<string, Peer> = {}
const graph = { role: 'setup' as const }
const spec = specOf({
  jobs: { env: { CFLAGS: '-O2' } },
  job: [
    { name: 'gen', role: 'setup', script: 'date > out', outputs: ['x.c'] },
    { name: 'lib', role: 'setup', script: 'make', needs: ['gen'], outputs: ['lib.a'], env: { V: '1' } }
  ]
})

/** n1 led the run, n2 ran lib, n3 was asked. */
async function mesh() {
  peers = await somePeers({ n1: { records: [{ ...runRecord, spec }] }, n2: {}, n3: {} }, { [run]: 'n1' })
  const { n1, n2 } = peers as { n1: Peer; n2: Peer; n3: Peer }
  const result = signedResult(n2.signer, {
    attempt: 2,
    inputs: [{ path: 'gen/x.c', digest: 'c'.repeat(64) }],
    lines: 2
  })
  const attempts = [
    { attempt: 1, member: 'n3', outcome: 'lost' as const, reason: 'n3 is lost', offered: 1, ended: 2 },
    { attempt: 2, member: 'n2', outcome: 'done' as const, offered: 3, ended: 4 }
  ]
  n1.jobRecords.note(run, [
    jobEntryOf({ job: 'gen', began: 1 }),
    jobEntryOf({ needs: ['gen'], attempts, member: 'n2', by: n2.signer.peer, began: 3, outputs: result.value.outputs }),
    jobEntryOf({ job: 'app', state: 'skipped', attempts: [], member: undefined, from: ['lib'], reason: 'lib failed' })
  ])
  const at = { run, graph, job: 'lib', attempt: 2 }
  n2.jobRecords.logs.append(at, [
    { n: 1, t: 0, text: 'one' },
    { n: 2, t: 1, text: 'two', phase: 'build' }
  ])
  n2.jobRecords.keep(result)
  return peers as { n1: Peer; n2: Peer; n3: Peer }
}
test.after.each(() => {
  for (const each of Object.values(peers)) each.close()
})

const one = async <T>(answers: AsyncIterable<T>): Promise<T> => (await Array.fromAsync(answers))[0] as T
const failureOf = (answers: AsyncIterable<unknown>): Promise<string> =>
  Array.fromAsync(answers).then(
    () => 'none',
    ({ code, message }) => `${code}: ${message}`
  )

test('the jobs of a run are those that its leader knows, from any peer', async () => {
  const { n1, n3 } = await mesh()
  for (const { parts } of [n1, n3]) {
    const answer = await one(jobs(parts, {}, options))
    assert.is(answer.run, run)
    assert.equal(
      answer.jobs.map(each => [each.job, each.state, each.member, each.attempt, each.at]),
      [
        ['gen', 'done', 'n1', 1, 'n1'],
        ['lib', 'done', 'n2', 2, 'n1'],
        ['app', 'skipped', undefined, undefined, 'n1']
      ]
    )
  }
})

test('jobs are in the order in which they began, those that wait behind all that ended', () => {
  const lines = [
    { job: 'waits', state: 'waiting' as const, changed: 1 },
    { job: 'queued', state: 'queued' as const, changed: 2 },
    { job: 'skipped', state: 'skipped' as const, changed: 30 },
    { job: 'late', state: 'running' as const, began: 40, changed: 40 },
    { job: 'early', state: 'done' as const, began: 20, changed: 50 }
  ].map(each => ({ ...each, run, graph, at: 'n1', outputs: 0, bytes: 0 }))
  assert.equal(
    lines.sort(byBegin).map(each => each.job),
    ['early', 'skipped', 'late', 'queued', 'waits']
  )
})

test('all jobs that any peer knows are each told once, and who is silent is named', async () => {
  const { n2, n3 } = await mesh()
  n3.leave()
  const answer = await one(jobs(n2.parts, { all: true, where: 'job = lib' }, options))
  assert.equal(
    answer.jobs.map(each => [each.job, each.at]),
    [['lib', 'n1']]
  )
  assert.equal(answer.silent, [{ name: 'n3', reason: 'it cannot be reached' }])
})

test('a run whose leader is gone is told by those who ran its jobs', async () => {
  const { n1, n3 } = await mesh()
  n1.leave()
  const answer = await one(jobs(n3.parts, { run }, options))
  assert.equal(
    answer.jobs.map(each => [each.job, each.state, each.member, each.at]),
    [['lib', 'done', 'n2', 'n2']]
  )
  const view = await one(job(n3.parts, { job: 'lib' }, options))
  assert.equal([view.state, view.entry?.member, view.entry?.attempts.length, view.at], ['done', 'n2', 1, 'n2'])
  assert.equal(view.inputs, [{ at: 'gen/x.c', from: 'unknown', digest: 'c'.repeat(64) }])
  assert.match(await failureOf(jobs(n3.parts, { run: '20261122T213015-zzzzzz' }, options)), /^no-such-run: no jobs of/)
})

test('a job has its script, variables and inputs, its attempts, and the results whose signature is good', async () => {
  const { n1, n2, n3 } = await mesh()
  const view = await one(job(n1.parts, { job: 'lib' }, options))
  assert.equal([view.run, view.at, view.state, view.graphs], [run, 'n1', 'done', ['setup']])
  assert.is(view.script, '#!/bin/sh -e\nmake\n')
  assert.equal(view.variables, { CFLAGS: '-O2', V: '1' })
  assert.equal(view.inputs, [{ at: 'gen/x.c', from: 'gen/x.c', digest: 'c'.repeat(64) }])
  assert.equal(
    view.entry?.attempts.map(({ outcome }) => outcome),
    ['lost', 'done']
  )
  assert.equal(
    view.results.map(({ by, byName, attempt }) => [by, byName, attempt]),
    [[n2.signer.peer, 'n2', 2]]
  )
  // the record of the run is on n1, which says it to nobody here
  const elsewhere = await one(job(n3.parts, { job: `${run}/lib` }, options))
  assert.equal([elsewhere.at, elsewhere.spec, elsewhere.results.length], ['n1', undefined, 1])
})

test('a job whose graph has not begun waits, and is none that there is not', async () => {
  const { n1 } = await mesh()
  const ahead = { ...runRecord, state: 'running' as const, run: '20261122T213016-k3f9ac', spec }
  peers.n4 = (await somePeers({ n4: { records: [ahead] } })).n4 as Peer
  const view = await one(job(peers.n4.parts, { job: `${ahead.run}/lib` }, options))
  assert.equal(
    [view.state, view.graph, view.entry?.needs, view.script],
    ['waiting', graph, ['gen'], '#!/bin/sh -e\nmake\n']
  )
  assert.match(await failureOf(job(peers.n4.parts, { job: `${ahead.run}/app` }, options)), /^no-such-run/)
  assert.ok(n1)
})

test('a name that no job of the run has is answered with the nearest', async () => {
  const { n1 } = await mesh()
  assert.match(
    await failureOf(job(n1.parts, { job: `${run}/libb` }, options)),
    /^usage: .* has no job libb; did you mean lib\?/
  )
  assert.match(
    await failureOf(job(n1.parts, { job: 'libb' }, options)),
    /^no-such-run: no run is known with a job libb/
  )
  assert.match(
    await failureOf(job(n1.parts, { job: 'lib', graph: 'report' }, options)),
    /^usage: lib of .* is not in report: it is in setup/
  )
})

type LogAnswer = CallResponse<'job-log'>
const textOf = (answers: LogAnswer[]) =>
  answers.map(each =>
    each.type === 'lines'
      ? each.lines.map(({ text }) => text).join(' ')
      : each.type === 'attempt'
        ? `${each.attempt} on ${each.member} at ${each.at}`
        : each.type === 'state'
          ? each.state
          : each.reason
  )
const log = async (peer: Peer, request: { job: string; attempt?: number; follow?: boolean }) =>
  textOf(await Array.fromAsync(jobLog(peer.parts, request, options)))

test('the log of a job comes from the member that ran its last attempt', async () => {
  const { n1, n2, n3 } = await mesh()
  for (const each of [n1, n2, n3]) assert.equal(await log(each, { job: 'lib' }), ['2 on n2 at n2', 'one two', 'done'])
  assert.equal(await log(n3, { job: 'lib', follow: true }), ['2 on n2 at n2', 'one two', 'done'])
})

test('a log that is longer than what is kept of it says so at its end', async () => {
  const { n1, n2 } = await mesh()
  const result = signedResult(n2.signer, { job: 'gen', lines: 9, dropped: 5 })
  n1.jobRecords.note(run, [
    jobEntryOf({
      job: 'gen',
      attempts: [{ attempt: 1, member: 'n2', outcome: 'done', offered: 1 }],
      member: 'n2',
      by: n2.signer.peer,
      began: 1
    })
  ])
  n2.jobRecords.logs.append({ run, graph, job: 'gen', attempt: 1 }, [{ n: 1, t: 0, text: 'one' }])
  n2.jobRecords.keep(result)
  n2.jobRecords.logs.end({ run, graph, job: 'gen', attempt: 1 })
  assert.equal(await log(n1, { job: 'gen' }), ['1 on n2 at n2', 'one', '8 of its 9 lines are not kept', 'done'])
})

test('where that member is gone the result of the run has it', async () => {
  const { n1, n2, n3 } = await mesh()
  await plant(n1.runs, { [`${run}/${jobLogFile(graph, 'lib')}`]: '{"n":1,"t":0,"text":"kept"}\n' })
  n2.leave()
  assert.equal(await log(n3, { job: 'lib' }), ['2 on n2 at n1', 'kept', 'done'])
})

test('where the leader is gone, who has a log gives it', async () => {
  const { n1, n3 } = await mesh()
  n1.leave()
  assert.equal(await log(n3, { job: 'lib' }), ['2 on n2 at n2', 'one two', 'done'])
})

test('a log is followed over the attempts of a job, whose first member is lost', async () => {
  const { n1, n2, n3 } = await mesh()
  const at = { run, graph, job: 'app' }
  const offered = { member: 'n3', outcome: 'done' as const, offered: 1 }
  n1.jobRecords.note(run, [jobEntryOf({ job: 'app', state: 'running', attempts: [{ ...offered, attempt: 1 }] })])
  n3.jobRecords.logs.begin({ ...at, attempt: 1 })
  n3.jobRecords.logs.append({ ...at, attempt: 1 }, [{ n: 1, t: 0, text: 'first' }])
  const event = (more: object) => n1.events.put({ n: 1, at: 1, type: 'job', graph, job: 'app', ...more } as never)
  await event({ state: 'running', attempt: 1, member: 'n3' })
  const answers = jobLog(n1.parts, { job: 'app', follow: true }, options)
  const next = async (most: number) => {
    const some: LogAnswer[] = []
    while (some.length < most) some.push((await answers.next()).value as LogAnswer)
    return textOf(some)
  }
  assert.equal(await next(2), ['1 on n3 at n3', 'first'])
  // it says nothing more, and its stream does not end either
  await event({ state: 'queued', reason: 'n3 is lost' })
  await event({ state: 'running', attempt: 2, member: 'n2' })
  n2.jobRecords.logs.begin({ ...at, attempt: 2 })
  n2.jobRecords.logs.append({ ...at, attempt: 2 }, [{ n: 1, t: 0, text: 'second' }])
  assert.equal(await next(3), ['the log of attempt 1 on n3 breaks off here', '2 on n2 at n2', 'second'])
  n2.jobRecords.logs.append({ ...at, attempt: 2 }, [{ n: 2, t: 1, text: 'more' }])
  assert.equal(await next(1), ['more'])
  n2.jobRecords.logs.end({ ...at, attempt: 2 })
  await event({ state: 'failed', attempt: 2, member: 'n2', reason: 'exit 1' })
  assert.equal(await Array.fromAsync(answers), [{ type: 'state', state: 'failed', reason: 'exit 1' }])
})

test('a log that nobody has is said, and an attempt that there is not is refused', async () => {
  const { n1 } = await mesh()
  const [missing, state] = await log(n1, { job: 'lib', attempt: 1 })
  assert.match(missing as string, /^the log of attempt 1 of lib cannot be had: n3: this peer has no log of lib/)
  assert.is(state, 'done')
  assert.match(
    await failureOf(jobLog(n1.parts, { job: 'lib', attempt: 3 }, options)),
    /^usage: lib of .* has no attempt 3/
  )
  assert.equal(await log(n1, { job: 'app' }), ['skipped'])
})

test('the slots of all that are selected, with who takes them', async () => {
  const use = { max: 8, taken: 3, runs: [{ run, controller: runRecord.controller.peer, taken: 3, wanted: 2 }] }
  peers = await somePeers({ n1: { slots: use }, n2: {}, n3: {} })
  peers.n3?.leave()
  const { n1 } = peers as { n1: Peer }
  const answers = await Array.fromAsync(slots(n1.parts, {}, options))
  const byName = new Map(answers.map(({ name, peer: _, ...rest }) => [name, rest]))
  assert.equal(byName.get('n1'), use)
  assert.equal(byName.get('n2'), { max: 4, taken: 0, runs: [] })
  assert.equal(byName.get('n3'), { code: 'unreachable', error: 'it cannot be reached' })
  assert.match(await failureOf(slots(n1.parts, { on: 'n9' }, options)), /^no-such-peer/)
})

test.run()
