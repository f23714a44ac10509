/** How tasks go, as the screen and the lines of a log show it. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Paint, Piece } from '../../cli/output.ts'
import { noProgress, type Progress, reduce } from '../../cli/progress.ts'
import { render } from '../../cli/render.ts'
import { drawColumns, type LiveColumn } from '../../cli/render-columns.ts'
import { describe } from '../../cli/views/plain.ts'
import { check } from '../../protocols/codec.ts'
import { type EventBody, type LiveBody, runEvent } from '../../protocols/events.ts'
import { AT, created, DIGEST, ended, RUN, rosterOf, timed, useFakes, yields } from './fake.ts'

const test = suite('tasks while they go on')
const startFake = useFakes(test)

const step = { number: 1, name: 'small', sample: 1 }
type Load = Extract<LiveBody, { type: 'load' }>
const search = {
  ...{ task: 'search', clients: 8, of: 8, progress: 0.425, samples: 3600, failed: 13, warmup: false },
  ...{ throughput: 199.4, unit: 'ops', latency: { p50: 4.081, p90: 6.63, p99: 195.2, max: 354.3 } }
}
const update = {
  ...{ task: 'update', clients: 2, of: 2, samples: 0, failed: 0, warmup: true, throughput: 0, unit: 'docs' }
}
const members = [
  { member: 'a', workers: 2, clients: 5, done: 1800, busy: 0.214, lag: 0.31 },
  { member: 'b', workers: 2, clients: 5, done: 1803, busy: 0.95, lag: 18.24 }
]
const load = (more: Partial<Load> = {}): Load => ({
  ...{ type: 'load', step, element: 2, elements: 3, tasks: [search, update], members },
  ...more
})
const phase = (part: 'prepare' | 'tasks' | 'complete', element?: number, seq = 10 + (element ?? 0)): EventBody => ({
  ...{ type: 'phase-open', seq, phase: 'work', step, part, asked: 2, needed: 2 },
  ...(element == null ? {} : { element })
})
const closed = (element: number, ok = 2, part: 'tasks' | 'complete' = 'tasks'): EventBody => ({
  ...{ type: 'phase-closed', seq: 10 + element, phase: 'work', part, element, step, verdict: 'met', ok, asked: 2 },
  ...{ took: 1000, certificate: DIGEST }
})
const joined = (element: number, failed = 0): EventBody => ({
  ...{ type: 'join-point', step, element, skew: 0.83 },
  tasks: [{ task: `t${element}`, samples: 1000, failed, speed: { throughput: 201.2, unit: 'ops', p99: 7.12 } }]
})

const plain: Paint = (_, text) => text
const stateOf = (...bodies: (EventBody | LiveBody)[]): Progress =>
  timed(...bodies)
    .map(event => check(runEvent as never, event))
    .reduce<Progress>((state, event) => reduce(state, event as never), noProgress)
const drawn = (bodies: (EventBody | LiveBody)[], width = 100, rows = 40) =>
  render(stateOf(created, rosterOf('a', 'b'), ...bodies), { width, rows, now: AT + 9000, paint: plain })
    .split('\n')
    .slice(1)

test('have a line each with clients, progress, rate, percentiles and errors, and members one with their lag', () => {
  assert.equal(drawn([phase('tasks', 2), load()], 110), [
    '  > work tasks 2 0/2 7.0 s',
    '  > tasks 2 of 3; warm-up of update',
    '    TASK    CLIENTS  DONE                               RATE      P50      P90      P99      MAX      ERRORS',
    '    search      8/8  [#########-----------]  42 %  199 ops/s  4.08 ms  6.63 ms   195 ms   354 ms  13 (0.4 %)',
    '    update      2/2  no end                         0 docs/s        -        -        -        -           0',
    '    MEMBER  CLIENTS  WORKERS  REQUESTS  BUSY      LAG',
    '    a             5        2      1800  21 %   0.3 ms',
    '    b             5        2      1803  95 %  18.2 ms'
  ])
})

test('fit a terminal of 80 columns: the bar gives way first, then what is told twice', () => {
  const [, , head, line] = drawn([phase('tasks', 2), load()], 79)
  assert.is(head, '    TASK    CLIENTS  DONE         RATE      P50      P99      MAX  ERRORS')
  assert.is(line, '    search      8/8  42 %    199 ops/s  4.08 ms   195 ms   354 ms      13')
})

test('that ended keep a line with what was counted, and are one phase together with those before', () => {
  const lines = drawn([phase('tasks', 1), joined(1), closed(1), phase('tasks', 2), load(), joined(2, 4), closed(2)])
  assert.equal(lines, [
    '  ✓ work tasks 1-2 2.0 s',
    '  ✓ tasks 1 of 3: t1 1000 requests, 0 failed, 201 ops/s, p99 7.12 ms; began within 0.8 ms',
    '  ✓ tasks 2 of 3: t2 1000 requests, 4 failed, 201 ops/s, p99 7.12 ms; began within 0.8 ms'
  ])
})

test('of which a member did not answer stay a phase of their own', () => {
  const [line] = drawn([phase('tasks', 1), closed(1, 1), phase('tasks', 2), closed(2), phase('tasks', 3)])
  assert.is(line, '  ✓ work tasks 1 1/2 1.0 s  ✓ work tasks 2 1.0 s  > work tasks 3 0/2 3.0 s')
})

test('are gone from the screen with the next sample', () => {
  const next = { ...phase('tasks', 1, 30), step: { ...step, sample: 2 } } as EventBody
  assert.not.match(drawn([phase('tasks', 1), load(), joined(2), next]).join('\n'), /t2|search/)
})

test('that failed say why in their phase', () => {
  const failed: EventBody = {
    type: 'workload-ended',
    step,
    name: 'search',
    exit: 0,
    duration: 5,
    timedOut: false,
    error: 'status 503'
  }
  const [line] = drawn([phase('tasks', 1), failed])
  assert.is(line, '  > work tasks 1 0/2 7.0 s search: status 503')
})

test('of many members those that are the latest have a line', () => {
  const many = Array.from({ length: 60 }, (_, i) => ({
    member: `m${i}`,
    workers: 1,
    clients: 1,
    done: i,
    busy: 0,
    lag: i
  }))
  const lines = drawn([phase('tasks', 2), load({ members: many })], 100, 24)
  assert.match(lines.at(-2) ?? '', /^ {4}m5\d /)
  assert.match(lines.at(-1) ?? '', /^ {4}\d\d more members, at most \d\d\.0 ms late$/)
  assert.match(lines.join('\n'), /m59 .* 59\.0 ms/)
  assert.ok(lines.length < 24, lines.join('\n'))
})

test('that are prepared say how far which member is', () => {
  const prepared = [
    { member: 'a', done: 3, total: 4, what: 'corpora' },
    { member: 'b', done: 4, total: 4, what: 'corpora' }
  ]
  const lines = drawn([phase('prepare'), load({ element: 0, tasks: [], members: [], prepared })])
  assert.equal(lines.slice(1), ['  > preparing 1 of 2 members are ready', '    a  [######--] 3/4  corpora'])
})

test('are lines of a log where they begin and end, and not each second', () => {
  let state = noProgress
  const said = (body: EventBody | LiveBody) => {
    const [event] = timed(body)
    const lines = describe('R', event as never, state).map(line => line.replace(/^\S+ run=R /, ''))
    state = reduce(state, event as never)
    return lines
  }
  const begun = ['search', 'update'].map(
    (task, i) => `task=${task} step=1-small/sample1 begins: tasks 2 of 3, ${[8, 2][i]} clients`
  )
  assert.equal(said(load({ element: 0, tasks: [], prepared: [] })), [])
  assert.equal(said(load()), begun)
  assert.equal(said(load()), [])
  const end = 'task=t2 step=1-small/sample1 ended: 1000 requests, 4 failed, 201 ops/s, p99 7.12 ms, began within 0.8 ms'
  assert.equal(said(joined(2, 4)), [end])
  assert.equal(said(load()), [])
  assert.equal(said(load({ step: { ...step, sample: 2 } })).length, 2)
  assert.equal(said(closed(2)), ['phase=work tasks 2 step=1-small/sample1 ok 2/2 1.0 s'])
})

test('are in the heartbeat of a log, also for who attached', async () => {
  const fake = await startFake({
    attach: async function* () {
      yield* timed(created, rosterOf('a', 'b'), phase('tasks', 2), load())
      await new Promise(resolve => setTimeout(resolve, 600))
      yield* timed(ended({ folder: '' }))
    }
  })
  const { stderr, status } = await fake.bak('attach', RUN, '--heartbeat', '0.3')
  assert.is(status, 0, stderr)
  assert.match(
    stderr,
    /still running .*, tasks: search 42 % 199 ops\/s p99 195 ms 13 failed, update in warm-up 0 docs\/s 0 failed, b at most 18\.2 ms late, /
  )
})

test('are told at the end where the result is at another peer, as they were counted', async () => {
  const events = [created, rosterOf('a', 'b'), load(), joined(1), joined(2, 3), ended({ folder: '', holder: 'n7' })]
  const fake = await startFake({ attach: yields(...timed(...events)) })
  const { stderr } = await fake.bak('attach', RUN)
  assert.match(
    stderr,
    /\nrun \S+: ok in .*\nt1: 1000 requests, 0 failed, 201 ops\/s, p99 7\.12 ms\nt2: 1000 requests, 3 failed, .*\nthe result is on n7\n$/
  )
})

test('are events of --json as the daemon sent them', async () => {
  const fake = await startFake({ attach: yields(...timed(created, load(), ended({ folder: '' }))) })
  const { stdout } = await fake.bak('attach', RUN, '--json')
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(events.find(({ type }) => type === 'load')?.members, members)
})

const columns: LiveColumn<string>[] = [
  { head: 'NAME', cells: [name => name, name => name.slice(0, 3)] },
  { head: 'BAR', cells: [() => '#'.repeat(20), () => '##', () => ''] },
  { head: 'N', cells: [name => String(name.length)], isNumber: true, spare: 1 }
]

test('stand in columns that are as wide as they may be, whatever their names are', () => {
  const textOf = (line: Piece[]) => line.map(piece => (typeof piece === 'string' ? piece : piece[1])).join('')
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 30 }), { minLength: 1 }),
      fc.integer({ min: 4, max: 90 }),
      (names, width) => {
        const lines = drawColumns(columns, names, width).map(textOf)
        assert.is(lines.length, names.length + 1)
        assert.is(new Set(lines.map(line => line.length)).size, 1)
        // the narrowest way has a name of 4 characters and the head of the bar
        if (width >= 9) assert.ok((lines[0] as string).length <= width, lines.join('|'))
      }
    )
  )
})

test.run()
