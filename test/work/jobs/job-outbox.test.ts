import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JobOutbox } from '../../../node/work/jobs/job-outbox.ts'
import { type FromJobs, type LogLine, MAX_LINES_OF_MESSAGE } from '../../../protocols/jobs/job-stream.ts'

const test = suite('what a member has to say of its jobs')

const line = (n: number, text = `line ${n}`): LogLine => ({ n, t: n, text })
const many = (count: number, from = 1) => Array.from({ length: count }, (_, i) => line(from + i))
const lib = { job: 'lib', attempt: 1 }
const app = { job: 'app', attempt: 1 }

async function all(outbox: JobOutbox): Promise<FromJobs[]> {
  const taken: FromJobs[] = []
  outbox.end()
  for (let next = await outbox.take(); next !== undefined; next = await outbox.take()) taken.push(next)
  return taken
}

test('lines of one attempt that wait are one message, within its bounds, and come before its end', async () => {
  const outbox = new JobOutbox()
  outbox.put({ type: 'started', ...lib, at: 1 })
  outbox.putLines(lib, many(2))
  outbox.putLines(lib, many(MAX_LINES_OF_MESSAGE, 3))
  outbox.putLines(app, many(1))
  outbox.put({ type: 'broken', ...lib, code: 'io', reason: 'x' })
  const said = (await all(outbox)).map(each =>
    each.type === 'lines' ? `${each.job} ${each.lines[0]?.n} +${each.lines.length}` : each.type
  )
  assert.equal(said, [
    'started',
    `lib 1 +${MAX_LINES_OF_MESSAGE}`,
    `lib ${MAX_LINES_OF_MESSAGE + 1} +2`,
    'app 1 +1',
    'broken'
  ])
})

test('what a job states, and slots, take the place of what was said before and nobody took', async () => {
  const outbox = new JobOutbox()
  const slots = { type: 'slots', max: 2, taken: 0, free: 2 } as const
  outbox.put({ ...slots, offers: 1 })
  outbox.put({ type: 'stated', ...lib, percent: 1 })
  outbox.put({ type: 'stated', ...app, percent: 7 })
  outbox.put({ type: 'stated', ...lib, percent: 2 })
  outbox.put({ ...slots, offers: 2 })
  assert.equal(await all(outbox), [
    { type: 'stated', ...app, percent: 7 },
    { type: 'stated', ...lib, percent: 2 },
    { ...slots, offers: 2 }
  ])
})

test('lines that nobody takes are bounded, and there is room again when some were taken', async () => {
  const outbox = new JobOutbox()
  const long = 'x'.repeat(4_000)
  for (let n = 1; n <= 2_000; n++) outbox.putLines(lib, [line(n, long)])
  let characters = 0
  const taken: number[] = []
  for (let i = 0; i < 3; i++) {
    const next = await outbox.take()
    if (next?.type === 'lines') taken.push(...next.lines.map(({ n }) => n))
  }
  outbox.putLines(lib, [line(2_001, long)])
  for (const each of await all(outbox)) {
    if (each.type !== 'lines') continue
    taken.push(...each.lines.map(({ n }) => n))
    characters += each.lines.reduce((sum, { text }) => sum + text.length, 0)
    assert.ok(each.lines.reduce((sum, { text }) => sum + text.length, 0) <= 256 * 1024)
  }
  assert.ok(characters < 5 * 1024 * 1024)
  assert.is(taken.at(-1), 2_001)
  assert.equal(
    taken.slice(0, 900),
    many(900).map(({ n }) => n)
  )
})

test('one that is left gives its lines to the next, and whoever waits hears why', async () => {
  const outbox = new JobOutbox()
  outbox.put({ type: 'started', ...lib, at: 1 })
  outbox.putLines(lib, many(3))
  const lines = outbox.leave()
  assert.equal(
    lines.map(each => each.lines.length),
    [3]
  )
  const waiting = outbox.take()
  outbox.fail(new Error('cut'))
  assert.is(await waiting.catch(error => error.message), 'cut')
  assert.ok(outbox.isOver)
})

test('who asks much and reads little waits for room, until something is taken or it is over', async () => {
  const outbox = new JobOutbox()
  const order: string[] = []
  const filled = async () => {
    for (let id = 0; id < 1_000; id++) {
      await outbox.room()
      outbox.put({ type: 'held', id, digests: [] })
      order.push('put')
    }
  }
  const filling = filled()
  await new Promise(setImmediate)
  const most = order.length
  assert.ok(most < 1_000)
  await outbox.take()
  await new Promise(setImmediate)
  assert.is(order.length, most + 1)
  outbox.fail(new Error('the stream is gone'))
  await filling
})

test.run()
