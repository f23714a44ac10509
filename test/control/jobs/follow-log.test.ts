/** The log of a job over its attempts and over the peers that have it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AttemptNews, watchAttempts } from '../../../node/control/jobs/attempt-watch.ts'
import { type Tailed, tailLog } from '../../../node/control/jobs/tail-log.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { RunEvent } from '../../../protocols/events.ts'
import type { LogAnswer, LogRequest } from '../../../protocols/jobs/job-records.ts'
import { Queue } from '../../../protocols/queue.ts'

const test = suite('the log of a job')
const at = {
  run: '20261122T213015-k3f9ab',
  graph: { role: 'setup' as const },
  job: 'lib',
  attempt: 1
}
const line = (n: number) => ({ n, t: n, text: `line ${n}` })
const lines = (...numbers: number[]): LogAnswer => ({ type: 'lines', lines: numbers.map(line) })
const begin: LogAnswer = { type: 'attempt', ...at }
const end: LogAnswer = { type: 'end' }

/** What each peer answers: an error is thrown. */
async function tail(peers: Record<string, Array<LogAnswer | BakError>>, asked: LogRequest[] = []): Promise<Tailed[]> {
  async function* ask(peer: string, request: LogRequest) {
    asked.push(request)
    for (const answer of peers[peer] ?? []) {
      if (answer instanceof BakError) throw answer
      yield answer
    }
  }
  const options = { ask, nameOf: (peer: string) => peer, follow: false, signal: new AbortController().signal }
  return Array.fromAsync(tailLog(at, { ...options, peers: Object.keys(peers) }))
}

const numbers = (tailed: Tailed[]) =>
  tailed.flatMap(each => (each.type === 'lines' ? each.lines.map(({ n }) => n) : []))
const missing = (tailed: Tailed[]) => tailed.flatMap(each => (each.type === 'missing' ? each.reason : []))

test('who has it gives it, and says that it is whole', async () => {
  const tailed = await tail({ a: [begin, lines(1, 2), lines(3), end], b: [begin, lines(1), end] })
  assert.equal(numbers(tailed), [1, 2, 3])
  assert.equal(tailed[0], { type: 'begin', at, peer: 'a' })
  assert.equal(missing(tailed), [])
})

test('what the first cannot give comes from the next, each line once', async () => {
  const asked: LogRequest[] = []
  const gone = new BakError('unreachable', 'the stream ended')
  const tailed = await tail({ a: [begin, lines(1, 2), gone], b: [begin, lines(2, 3), lines(4), end] }, asked)
  assert.equal(numbers(tailed), [1, 2, 3, 4])
  assert.equal(
    asked.map(({ from }) => from),
    [1, 3]
  )
  assert.equal(missing(tailed), [])
})

test('a log of which lines were not kept says how many, whoever gave them', async () => {
  const gone = new BakError('unreachable', 'the stream ended')
  const tailed = await tail({ a: [begin, lines(1, 2), gone], b: [lines(2, 4), { ...end, lines: 9 }] })
  assert.equal(numbers(tailed), [1, 2, 4])
  assert.equal(missing(tailed), ['6 of its 9 lines are not kept'])
  assert.equal(missing(await tail({ a: [begin, lines(1, 2), { ...end, lines: 2 }] })), [])
})

test('a log that breaks off without its end is no whole one, and says who had it', async () => {
  const tailed = await tail({ a: [begin, lines(1)], b: [new BakError('no-such-run', 'it has none of it')] })
  assert.equal(numbers(tailed), [1])
  assert.equal(missing(tailed), ['its log breaks off here: a: the connection broke; b: it has none of it'])
})

test('a log that nobody has is named', async () => {
  assert.equal(missing(await tail({})), ['the log of attempt 1 of lib cannot be had: nobody has it'])
})

type JobEvent = Extract<RunEvent, { type: 'job' }>
const event = (state: JobEvent['state'], more: Partial<JobEvent> = {}) =>
  ({ n: 1, at: 1, type: 'job', graph: at.graph, job: 'lib', state, ...more }) as RunEvent

async function* given(...events: RunEvent[]) {
  yield* events
}

async function newsOf(events: AsyncIterable<RunEvent>, from = 1): Promise<AttemptNews[]> {
  const news = watchAttempts(events, { graph: at.graph, job: 'lib', from })
  const all: AttemptNews[] = []
  for (let next = await news.take(); next !== undefined; next = await news.take()) all.push(next)
  return all
}

const inWords = (news: AttemptNews[]) =>
  news.map(each => (each.type === 'attempt' ? `${each.attempt} on ${each.member}` : each.state))

test('each attempt is told once, and what became of the job at last', async () => {
  const news = await newsOf(
    given(
      event('waiting'),
      event('queued'),
      event('running', { attempt: 1, member: 'n1', job: 'other' }),
      event('running', { attempt: 1, member: 'n1' }),
      event('running', { attempt: 1, member: 'n1' }),
      event('queued', { reason: 'n1 is lost' }),
      event('running', { attempt: 2, member: 'n2' }),
      event('failed', { attempt: 2, member: 'n2', reason: 'exit 1' }),
      event('running', { attempt: 3 })
    )
  )
  assert.equal(inWords(news), ['1 on n1', '2 on n2', 'failed'])
  assert.equal(news.at(-1), { type: 'state', state: 'failed', reason: 'exit 1' })
  assert.equal(
    news.map(each => each.type !== 'attempt' || each.over.aborted),
    [true, true, true]
  )
})

test('events that end before the job leave what becomes of it open', async () => {
  const of = (...events: RunEvent[]) => newsOf(given(...events)).catch(cause => asBakError(cause).code)
  assert.is(await of(event('running', { attempt: 1, member: 'n1' })), 'lost-contact')
  assert.is(await of(), 'lost-contact')
  assert.equal(await of(event('waiting'), { n: 2, at: 2, type: 'ended' } as RunEvent), [
    { type: 'state', state: 'waiting', reason: undefined }
  ])
})

test('attempts that were told before are not told again', async () => {
  const events = [event('running', { attempt: 1 }), event('running', { attempt: 2, member: 'n2' }), event('done')]
  assert.equal(inWords(await newsOf(given(...events), 2)), ['2 on n2', 'done'])
})

test('a job whose sample has not begun is followed in the first one that has it', async () => {
  const graphOf = (sample: number) => ({ role: 'work' as const, step: { number: 1, name: 'default', sample } })
  const events = given(
    event('running', { attempt: 1, member: 'n0' }),
    event('running', { attempt: 1, member: 'n1', graph: graphOf(1) }),
    event('running', { attempt: 1, member: 'n2', graph: graphOf(2) }),
    event('done', { graph: graphOf(1) })
  )
  const news = watchAttempts(events, { graph: { role: 'work' }, job: 'lib', from: 1 })
  const first = (await news.take()) as Extract<AttemptNews, { type: 'attempt' }>
  assert.equal([first.member, first.graph], ['n1', graphOf(1)])
  assert.is((await news.take())?.type, 'state')
})

test('an attempt is over when the job waits for another member', async () => {
  const events = new Queue<RunEvent>()
  async function* live() {
    for (let next = await events.take(); next !== undefined; next = await events.take()) yield next
  }
  const news = watchAttempts(live(), { graph: at.graph, job: 'lib', from: 1 })
  await events.put(event('running', { attempt: 1, member: 'n1' }))
  const first = (await news.take()) as Extract<AttemptNews, { type: 'attempt' }>
  assert.not(first.over.aborted)
  await events.put(event('queued', { reason: 'n1 is lost' }))
  await new Promise(resolve => setImmediate(resolve))
  assert.ok(first.over.aborted)
  events.fail(new BakError('lost-contact', 'gone'))
  await news.take().then(
    () => assert.unreachable(),
    cause => assert.is(asBakError(cause).code, 'lost-contact')
  )
})

test('the end of the run is the end of the job', async () => {
  const ended = { type: 'ended', n: 9, at: 9 } as unknown as RunEvent
  assert.equal(inWords(await newsOf(given(event('running', { attempt: 1, member: 'n1' }), ended))), [
    '1 on n1',
    'running'
  ])
})

test.run()
