import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunEvents } from '../../node/run/events.ts'
import { loadJournal } from '../../node/store/journal.ts'
import { type EventBody, type RunEvent, type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('the events of a run')

const turn = () => new Promise(setImmediate)
const never = new AbortController().signal
const said = (text: string): EventBody => ({ type: 'warning', text })
const ended: EventBody = {
  type: 'ended',
  verdict: 'ok',
  status: 0,
  partial: false,
  excluded: [],
  bytes: 0,
  took: 1,
  folder: '/x'
}
const output = (text: string) => ({ type: 'output' as const, stream: 'stdout' as const, text })

async function opened(past: StoredEvent[] = []) {
  const path = join(scratch(), 'journal.ndjson')
  const problems: Error[] = []
  const events = await RunEvents.open(path, past, error => problems.push(error))
  return { path, events, problems }
}

/** Reads to the end; `pace` is waited for after each event. */
async function all(
  source: AsyncIterable<RunEvent>,
  pace: () => Promise<unknown> = async () => {}
): Promise<RunEvent[]> {
  const seen: RunEvent[] = []
  for await (const event of source) {
    seen.push(event)
    await pace()
  }
  return seen
}
const stored = (seen: RunEvent[]) => seen.filter((event): event is StoredEvent => 'n' in event)
const from = (n: number, until: number) => Array.from({ length: until - n }, (_, i) => n + i)

test('followers see every stored event once and in order, from whichever number and however slowly', async () => {
  const { events } = await opened()
  for (let n = 0; n < 50; n++) events.store(said(`${n}`))
  const followers = [0, 1, 25, 49, 50].flatMap(n => [
    { n, seen: all(events.follow(n, never)) },
    { n, seen: all(events.follow(n, never), turn) }
  ])
  for (let n = 50; n < 100; n++) {
    events.store(said(`${n}`))
    if (n % 7 === 0) await turn()
  }
  events.store(ended)
  await events.close()
  events.end()
  for (const { n, seen } of followers)
    assert.equal(
      stored(await seen).map(each => each.n),
      from(n, 101)
    )
  assert.is(events.followed, false)
})

test('the journal has the same events under the same numbers, and they are replayed after a restart', async () => {
  const { path, events, problems } = await opened()
  for (const text of ['a', 'b']) events.store(said(text))
  await events.close()
  const { values } = await loadJournal<StoredEvent>(path, storedEvent as never)
  assert.equal(values, [...events.past])
  const again = await RunEvents.open(path, values, error => problems.push(error))
  again.store(ended)
  await again.close()
  again.end()
  assert.equal(
    stored(await all(again.follow(0, never))).map(({ n, type }) => `${n} ${type}`),
    ['0 warning', '1 warning', '2 ended']
  )
  assert.is((await loadJournal<StoredEvent>(path, storedEvent as never)).values.length, 3)
  assert.equal(problems, [])
})

test('live events reach those who follow just then, between the stored ones, and are in no journal', async () => {
  const { path, events } = await opened()
  events.show(output('nobody listens'))
  const seen = all(events.follow(0, never))
  await turn()
  assert.is(events.followed, true)
  events.store(said('one'))
  await turn()
  events.show(output('hello'))
  await turn()
  events.store(ended)
  await events.close()
  events.end()
  assert.equal(
    (await seen).map(event => ('text' in event ? event.text : event.type)),
    ['one', 'hello', 'ended']
  )
  assert.is((await loadJournal<StoredEvent>(path, storedEvent as never)).values.length, 2)
})

test('a follower that is too slow misses the oldest live events and no stored one', async () => {
  const { events } = await opened()
  const slow = events.follow(0, never)
  events.store(said('first'))
  assert.is(((await slow.next()).value as StoredEvent).n, 0)
  for (let i = 0; i < 1_000; i++) {
    events.show(output(`${i}`))
    if (i % 100 === 0) events.store(said(`${i}`))
  }
  events.store(ended)
  await events.close()
  events.end()
  const seen = await all(slow)
  assert.equal(
    stored(seen).map(event => event.n),
    from(1, 12)
  )
  const live = seen.flatMap(event => (event.type === 'output' ? [Number(event.text)] : []))
  assert.equal(live, from(1_000 - 256, 1_000))
})

test('the last event is not seen before the end is said, by who is there and by who comes then', async () => {
  const { events } = await opened()
  events.store(said('one'))
  const early = events.follow(0, never)
  await early.next()
  events.store(ended)
  const late = events.follow(0, never)
  await late.next()
  let told = false
  const next = Promise.all([early.next(), late.next()]).then(results => {
    told = true
    return results
  })
  await events.close()
  await turn()
  assert.is(told, false)
  events.end()
  assert.equal(
    (await next).map(({ value }) => (value as StoredEvent).type),
    ['ended', 'ended']
  )
  assert.is((await early.next()).done, true)
})

test('who follows a run that is over sees it all and is let go', async () => {
  const { events } = await opened()
  events.store(said('one'))
  events.store(ended)
  await events.close()
  events.end()
  assert.is((await all(events.follow(0, never))).length, 2)
  assert.is((await all(events.follow(7, never))).length, 0)
})

test('a follower that gives up is let go: while it waits, between two events, and before it began', async () => {
  const { events } = await opened()
  for (const text of ['a', 'b', 'c']) events.store(said(text))
  const waiting = new AbortController()
  const seen = all(events.follow(0, waiting.signal))
  await turn()
  waiting.abort()
  assert.is((await seen).length, 3)
  const between = new AbortController()
  const slow = events.follow(0, between.signal)
  await slow.next()
  between.abort()
  assert.is((await slow.next()).done, true)
  assert.is((await all(events.follow(0, AbortSignal.abort()))).length, 0)
  const looking = events.follow(0, never)
  await looking.next()
  await looking.return(undefined)
  assert.is(events.followed, false)
  await events.close()
})

test('a journal that cannot be written is a problem that is told, and followers go on', async () => {
  const { events, problems } = await opened()
  await events.close()
  events.store(said('too late'))
  await turn()
  assert.is(problems.length, 1)
  events.end()
  assert.is((await all(events.follow(0, never))).length, 1)
})

test.run()
