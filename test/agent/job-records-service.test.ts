/** What a peer tells others of jobs, and whom. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JobRecordsService } from '../../node/agent/job-records-service.ts'
import { createLog } from '../../node/log.ts'
import { JobRecords } from '../../node/store/job-records.ts'
import type { RunFolder } from '../../node/store/run-folder.ts'
import { askLog } from '../../protocols/jobs/job-log-exchange.ts'
import {
  type JobRecordsRequest,
  type JobRecordsResponse,
  jobRecordsProtocol
} from '../../protocols/jobs/job-records.ts'
import { jobLogFile } from '../../protocols/layout.ts'
import type { Role } from '../../protocols/membership.ts'
import { ask, call, type Handler, serve } from '../../protocols/stream.ts'
import { scratchArtifacts } from '../artifacts/scratch-artifacts.ts'
import { hex, jobEntryOf, signedResult } from '../helpers/job-results.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('records of jobs for other peers')
const sleepAgain = stayAwake()
const opened: JobRecords[] = []
test.after(() => {
  for (const each of opened) each.close()
  sleepAgain()
})

const [self, other] = [newSigner(), newSigner()]
const [ops, member, agent, stranger] = [newSigner().peer, newSigner().peer, newSigner().peer, newSigner().peer]
const roles: Record<string, Role> = { [self.peer]: 'agent', [ops]: 'controller', [member]: 'agent', [agent]: 'agent' }
const { run, graph } = signedResult(self).value
const at = { run, graph, job: 'lib', attempt: 1 }

async function service() {
  const jobRecords = new JobRecords({ folder: scratch(), self: self.peer, log: createLog('error', () => {}) })
  opened.push(jobRecords)
  const root = scratch()
  const artifacts = await scratchArtifacts({ self: self.peer })
  let handler: Handler<never, unknown> | undefined
  const part = new JobRecordsService(
    {
      streams: {
        serve: async (_, served) => {
          handler = served as never
        }
      },
      authority: { roleOf: peer => roles[peer] },
      agent: { member: id => (id === run ? ({ candidates: new Set([self.peer, member]) } as never) : undefined) },
      swarms: artifacts,
      coordinator: { folder: id => ({ root: join(root, id) }) as RunFolder }
    },
    {
      ...{ self: self.peer, jobRecords },
      slotUse: () => ({ max: 4, taken: 1, runs: [{ run, controller: ops, taken: 1, wanted: 3 }] })
    }
  )
  await part.start()
  const link = (peer: string) => linkTo(serve(jobRecordsProtocol, handler as never), peer, { yamux: true })
  const signal = AbortSignal.timeout(20_000)
  const answers = (request: JobRecordsRequest, peer = ops): Promise<JobRecordsResponse[]> =>
    Array.fromAsync(ask(link(peer).open, jobRecordsProtocol, request, { signal }))
  const log = (request: object = {}, peer = ops) =>
    askLog(link(peer).open, { type: 'log', run, job: 'lib', ...request }, { signal })
  return { part, jobRecords, artifacts, folder: join(root, run), link, answers, log }
}

const codeOf = (work: Promise<unknown>) => work.then(() => 'ok').catch(({ code }) => code)
const linesOf = (...numbers: number[]) => numbers.map(n => ({ n, t: n, text: `line ${n}` }))
const range = (from: number, to: number) => linesOf(...Array.from({ length: to - from + 1 }, (_, i) => from + i))

const open: JobRecordsRequest[] = [
  { type: 'jobs' },
  { type: 'entries', run },
  { type: 'artifacts' },
  { type: 'slots' },
  { type: 'provenance', digest: hex(1) }
]
const restricted: JobRecordsRequest[] = [
  { type: 'results', run },
  { type: 'log', run, job: 'lib' }
]
for (const [who, peer, ofAll, ofRun] of [
  ['itself', self.peer, 'ok', 'ok'],
  ['a controller', ops, 'ok', 'ok'],
  ['an agent that takes part in the run', member, 'ok', 'ok'],
  ['an agent that takes no part', agent, 'ok', 'not-allowed'],
  ['a stranger', stranger, 'not-allowed', 'not-allowed']
] as const) {
  test(`${who} ${ofAll === 'ok' ? 'may' : 'may not'} ask for jobs, and ${ofRun === 'ok' ? 'may' : 'may not'} for logs`, async () => {
    const { answers, jobRecords } = await service()
    jobRecords.logs.append(at, linesOf(1))
    jobRecords.logs.end(at)
    for (const each of open) assert.is(await codeOf(answers(each, peer)), ofAll, each.type)
    for (const each of restricted) assert.is(await codeOf(answers(each, peer)), ofRun, each.type)
  })
}

test('jobs, entries and results come in as many messages as they need', async () => {
  const { answers, jobRecords } = await service()
  jobRecords.note(
    run,
    Array.from({ length: 450 }, (_, i) => jobEntryOf({ job: `j${i}`, why: 'x'.repeat(1_000) }))
  )
  const results = Array.from({ length: 20 }, (_, i) => signedResult(self, { job: `j${i}`, key: hex(i) }))
  for (const each of results) jobRecords.keep(each)
  const jobs = await answers({ type: 'jobs', run })
  assert.equal(
    jobs.map(each => each.type === 'jobs' && each.jobs.length),
    [200, 200, 50]
  )
  const entries = await answers({ type: 'entries', run })
  assert.is(entries.flatMap(each => (each.type === 'entries' ? each.entries : [])).length, 450)
  assert.equal(await answers({ type: 'entries', run, job: 'j7' }), [
    { type: 'entries', entries: [jobEntryOf({ job: 'j7', why: 'x'.repeat(1_000) })] }
  ])
  const signed = await answers({ type: 'results', run })
  assert.equal(
    signed.flatMap(each => (each.type === 'results' ? each.results : [])),
    results.map(({ envelope }) => envelope).reverse()
  )
  assert.is((await answers({ type: 'results', run, job: 'j7', graph: { role: 'report' } })).length, 0)
})

test('slots, and how an artifact came to be', async () => {
  const { answers, jobRecords } = await service()
  const result = signedResult(other)
  jobRecords.keep(result)
  assert.equal(await answers({ type: 'slots' }), [
    { type: 'slots', max: 4, taken: 1, runs: [{ run, controller: ops, taken: 1, wanted: 3 }] }
  ])
  assert.equal(await answers({ type: 'provenance', digest: hex(100) }), [
    { type: 'results', results: [result.envelope] }
  ])
})

test('artifacts are what is stored and what jobs made, found by what they are called', async () => {
  const { answers, jobRecords, artifacts } = await service()
  const root = scratch()
  await plant(root, { file: 'content' })
  const { digest } = await artifacts.imports.take(join(root, 'file'), { by: self.peer, name: 'staged' })
  await artifacts.store.releases.add(digest, 'app-1.0')
  jobRecords.keep(signedResult(self, { job: 'app', outputs: [{ path: 'bin/app', digest, kind: 'file', bytes: 7 }] }))
  jobRecords.keep(signedResult(other))
  const found = async (request: object) => {
    const all = await answers({ type: 'artifacts', ...request })
    return all
      .flatMap(each => (each.type === 'artifacts' ? each.artifacts : []))
      .map(each => `${each.here ? 'here' : 'elsewhere'} ${each.made.map(({ job, path }) => `${job}/${path}`)}`)
  }
  const [app, lib] = ['here app/bin/app', 'elsewhere lib/lib.a']
  assert.equal(await found({}), [app, lib])
  for (const text of ['app', 'bin/', 'stage', '1.0', digest.slice(0, 8)])
    assert.equal(await found({ text }), [app], text)
  assert.equal(await found({ text: 'lib' }), [lib])
  assert.equal(await found({ text: '%' }), [])
  assert.equal(await found({ run }), [app, lib])
  assert.equal(await found({ run: run.replace('2026', '2025') }), [])
  assert.equal(await found({ here: true }), [app])
})

test('what the runs made whose results a run has taken is told with it, and what was only an input says its path', async () => {
  const { answers, jobRecords, artifacts } = await service()
  const root = scratch()
  await plant(root, { file: 'content', input: 'input' })
  const { digest } = await artifacts.imports.take(join(root, 'file'), { by: self.peer })
  await artifacts.imports.take(join(root, 'input'), { by: self.peer, path: 'src/main.c' })
  const outputs = [{ path: 'bin/app', digest, kind: 'file' as const, bytes: 7 }]
  const earlier = run.replace('2026', '2025')
  jobRecords.keep(signedResult(self, { run: earlier, job: 'app', outputs }))
  const rows = async (request: object) =>
    (await answers({ type: 'artifacts', ...request })).flatMap(each =>
      each.type === 'artifacts' ? each.artifacts : []
    )
  assert.equal(await rows({ run }), [])
  const [taken] = await rows({ run, earlier: [earlier] })
  assert.equal(
    taken?.made.map(({ job, path, run: of }) => [of, job, path]),
    [[earlier, 'app', 'bin/app']]
  )
  assert.equal(await rows({ run, earlier: [earlier], text: 'other' }), [])
  assert.equal(
    (await rows({ text: 'main.c' })).map(each => [each.path, each.made]),
    [['src/main.c', []]]
  )
})

test('a log comes from the line that is asked for, to its end', async () => {
  const { log, jobRecords } = await service()
  jobRecords.logs.append(at, range(1, 300))
  jobRecords.logs.append({ ...at, attempt: 2 }, linesOf(1))
  for (const attempt of [1, 2]) jobRecords.logs.end({ ...at, attempt })
  const [begin, ...rest] = await Array.fromAsync(log({ attempt: 1, from: 100 }))
  assert.equal(begin, { type: 'attempt', ...at })
  assert.equal(rest.pop(), { type: 'end' })
  assert.equal(
    rest.flatMap(each => (each.type === 'lines' ? each.lines : [])),
    range(100, 300)
  )
  const [last] = await Array.fromAsync(log())
  assert.equal(last, { type: 'attempt', ...at, attempt: 2 })
})

test('a log that is followed goes on until its attempt ends, and one that is not ends where it is', async () => {
  const { log, jobRecords } = await service()
  jobRecords.logs.append(at, linesOf(1))
  assert.equal(
    (await Array.fromAsync(log())).map(({ type }) => type),
    ['attempt', 'lines', 'end']
  )
  const followed = log({ follow: true })
  const next = async () => (await followed.next()).value
  assert.is((await next())?.type, 'attempt')
  assert.equal(await next(), { type: 'lines', lines: linesOf(1) })
  const coming = next()
  jobRecords.logs.append(at, linesOf(2, 3))
  assert.equal(await coming, { type: 'lines', lines: linesOf(2, 3) })
  const end = next()
  jobRecords.logs.append(at, linesOf(4))
  jobRecords.keep(signedResult(self))
  assert.equal(await end, { type: 'lines', lines: linesOf(4) })
  // as its result says
  assert.equal(await next(), { type: 'end', lines: 0 })
  assert.is(await next(), undefined)
})

test('who reads slowly gets all of a long log, and is sent no more than it asks for', async () => {
  const { link, log, jobRecords } = await service()
  const text = 'x'.repeat(4_000)
  const long = Array.from({ length: 1_000 }, (_, i) => ({ n: i + 1, t: 0, text }))
  jobRecords.logs.append(at, long)
  jobRecords.logs.end(at)
  const slow = link(ops)
  const exchange = await call(slow.open, jobRecordsProtocol, { signal: AbortSignal.timeout(10_000) })
  await exchange.send({ type: 'log', ...at })
  const received = () => slow.streams[0]?.received ?? 0
  await until(() => received() > 400 * 1024)
  await new Promise(resolve => setTimeout(resolve, 200))
  assert.ok(received() < 1_100 * 1024, `${received()}`)
  exchange.abort(new Error('enough'))
  let lines = 0
  for await (const each of log()) {
    if (each.type === 'lines') lines += each.lines.length
  }
  assert.is(lines, 1_000)
})

test('a caller that goes away, and a service that stops, end what is followed', async () => {
  const { log, part, jobRecords } = await service()
  jobRecords.logs.append(at, linesOf(1))
  const gone = log({ follow: true })
  await gone.next()
  await gone.return(undefined)
  const left = log({ follow: true })
  await left.next()
  await left.next()
  const rest = codeOf(left.next())
  part.stop()
  assert.is(await rest, 'ok')
})

test('the log of a member that is gone comes from the result, if it is the last attempt', async () => {
  const { log, folder, jobRecords } = await service()
  const attempts = [1, 2].map(attempt => ({ attempt, member: 'n1', outcome: 'failed' as const, offered: 1 }))
  const content = `${[1, 2, 3].map(n => JSON.stringify(linesOf(n)[0])).join('\n')}\nno line\n{"n":`
  await plant(folder, { [jobLogFile(graph, 'lib')]: content })
  assert.is(await codeOf(Array.fromAsync(log())), 'no-such-run')
  jobRecords.note(run, [jobEntryOf({ attempts })])
  assert.equal(await Array.fromAsync(log({ from: 2 })), [
    { type: 'attempt', ...at, attempt: 2 },
    { type: 'lines', lines: linesOf(2, 3) },
    { type: 'end' }
  ])
  assert.is(await codeOf(Array.fromAsync(log({ attempt: 1 }))), 'no-such-run')
})

test('entries of a run that the records do not know come from its result', async () => {
  const { answers, folder } = await service()
  const attempts = jobEntryOf().attempts.map(each => ({ ...each, result: 'AAAA' }))
  const jobs = [jobEntryOf({ result: 'AAAA', attempts }), jobEntryOf({ job: 'app' })]
  await plant(folder, { 'jobs.json': JSON.stringify({ format: 1, jobs }) })
  assert.equal(await answers({ type: 'entries', run, job: 'lib' }), [{ type: 'entries', entries: [jobEntryOf()] }])
  await plant(folder, { 'jobs.json': 'damaged' })
  assert.equal(await answers({ type: 'entries', run }), [])
})

test('a first message that asks for nothing is refused', async () => {
  const { answers } = await service()
  assert.is(await codeOf(answers({ type: 'more' })), 'bad-message')
  assert.is(await codeOf(answers({ type: 'log', run: 'no run', job: 'lib' })), 'bad-message')
})

test.run()
