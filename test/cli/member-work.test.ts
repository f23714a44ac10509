/** A line a member while its workloads run: what it says, which members come first, and how many lines there are at most. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { countWork } from '../../cli/member-work.ts'
import type { Paint } from '../../cli/output.ts'
import { noProgress, reduce } from '../../cli/progress.ts'
import { render } from '../../cli/render.ts'
import { describe } from '../../cli/views/plain.ts'
import type { EventBody } from '../../protocols/events.ts'
import { AT, created, DIGEST, rosterWith, timed } from './fake.ts'

const test = suite('workloads of members')

const step = { number: 1, name: 'small', sample: 1 }
const plain: Paint = (_, text) => text
const stateOf = (...bodies: EventBody[]) => timed(...bodies).reduce(reduce, noProgress)
const linesOf = (state: ReturnType<typeof stateOf>, more = {}) =>
  render(state, { width: 79, now: AT + 65_000, paint: plain, ...more })
    .split('\n')
    .slice(2)

const open = (
  seq: number,
  phase: 'start' | 'work' | 'stop' | 'send',
  part?: 'servers' | 'clients',
  at = step
): EventBody => ({
  ...{ type: 'phase-open', seq, phase, part, step: at, asked: 3, needed: 3 }
})
const tells = (
  member: string,
  workload: string,
  state: 'started' | 'ready' | 'ended',
  more: object = {}
): EventBody => ({
  ...{
    type: 'work',
    member,
    role: workload === 'server' ? 'server' : 'client',
    step,
    workload,
    instance: 1,
    state,
    since: AT + 60_000
  },
  ...more
})
const endedAs = (member: string, name: string, more: object = {}): EventBody => ({
  ...{ type: 'workload-ended', step, member, name, instance: 1, role: name === 'server' ? 'server' : 'client' },
  ...{ exit: 0, duration: 2_000, timedOut: false },
  ...more
})
const roster = rosterWith({ a: { server: 1 }, b: { client: 2 }, 'c-1': { client: 1 } })
const begun = [created, roster, open(1, 'work', 'servers')]

test('wait until their member tells of them', () => {
  assert.equal(linesOf(stateOf(...begun)), [
    '    a    server waiting',
    '    b    client.1 waiting, client.2 waiting',
    '    c-1  client waiting'
  ])
})

test('are a line a member, who is at work first', () => {
  const state = stateOf(
    ...begun,
    tells('a', 'server', 'ready'),
    open(2, 'work', 'clients'),
    tells('b', 'client', 'started', { instance: 2 }),
    endedAs('c-1', 'client')
  )
  assert.equal(linesOf(state), [
    '    b    client.1 waiting, client.2 running 5.0 s',
    '    a    server ready 5.0 s',
    '    c-1  client ended 2.0 s'
  ])
  assert.is(countWork(state.work), '1 waiting, 1 running, 1 ready, 1 ended')
})

test('say what they say of themselves, until they have ended', () => {
  const says = (more: object): EventBody =>
    ({ type: 'stated', step, member: 'b', workload: 'client', ...more }) as never
  const working = [
    ...begun,
    open(2, 'work', 'clients'),
    tells('b', 'client', 'started'),
    says({ instance: 1, phase: 'ramp\u001b[2J', progress: 40 })
  ]
  assert.is(linesOf(stateOf(...working))[0], '    b    client.1 running 5.0 s (ramp [2J, 40 %), client.2 waiting')
  const over = stateOf(...working, endedAs('b', 'client'))
  assert.is(
    linesOf(over).find(line => line.includes('  b ')),
    '    b    client.1 ended 2.0 s, client.2 waiting'
  )
})

for (const [title, more, says] of [
  ['an exit status', { exit: 3 }, '✗ c-1  client exit 3 2.0 s'],
  ['a signal', { exit: undefined, signal: 'SIGSEGV' }, '✗ c-1  client ended by SIGSEGV 2.0 s'],
  [
    'its deadline',
    { exit: undefined, signal: 'SIGTERM', timedOut: true },
    '✗ c-1  client timed out, ended by SIGTERM 2.0 s'
  ],
  ['what it stated', { error: 'no disk\u001b[2J' }, '✗ c-1  client exit 0: no disk [2J 2.0 s']
] as const) {
  test(`that failed by ${title} come first and say how`, () => {
    const state = stateOf(...begun, open(2, 'work', 'clients'), endedAs('b', 'client'), endedAs('c-1', 'client', more))
    assert.is(linesOf(state)[0]?.trim(), says)
    assert.match(render(state, { width: 200, now: AT, paint: plain }), /> work clients 0\/3 .* 1 of 4 failed/)
  })
}

test('that are servers fail by ending before they are stopped, and not by the signal that stops them', () => {
  const stopped = stateOf(
    ...begun,
    open(2, 'stop'),
    endedAs('a', 'server', { exit: undefined, signal: 'SIGTERM', stopped: true })
  )
  assert.match(linesOf(stopped).join('\n'), /^ {4}a {4}server stopped 2\.0 s$/m)
  assert.match(linesOf(stateOf(...begun, endedAs('a', 'server'))).join('\n'), /✗ a {4}server exit 0 2\.0 s/)
})

test('are shown after their sample only if they failed, and anew in the next one', () => {
  const failed = [...begun, endedAs('b', 'client'), endedAs('c-1', 'client', { exit: 1 }), open(3, 'send')]
  assert.equal(linesOf(stateOf(...failed)), ['  ✗ c-1  client exit 1 2.0 s'])
  assert.equal(linesOf(stateOf(...begun, endedAs('b', 'client'), open(3, 'send'))), [])
  const next = { ...step, sample: 2 }
  const again = stateOf(...failed, open(4, 'start', undefined, next), open(5, 'work', 'clients', next))
  assert.is(countWork(again.work), '4 waiting')
})

test('of more members than there are rows are those first that matter, and how many more there are', () => {
  const names = Array.from({ length: 40 }, (_, i) => `node-${String(i).padStart(2, '0')}`)
  const many = rosterWith(Object.fromEntries(names.map(name => [name, { client: 1 }])))
  const state = stateOf(
    ...[created, many, open(1, 'work', 'clients')],
    ...names.slice(0, 30).map(name => endedAs(name, 'client')),
    ...names.slice(30, 38).map(name => tells(name, 'client', 'started')),
    endedAs('node-39', 'client', { exit: 9 })
  )
  const lines = linesOf(state, { rows: 20 })
  assert.is(lines.length, 8)
  assert.is(lines[0]?.trim(), '✗ node-39  client exit 9 2.0 s')
  assert.is(lines[1]?.trim(), 'node-30  client running 5.0 s')
  assert.is(lines.at(-1)?.trim(), '33 more: 1 waiting, 2 running, 30 ended')
})

for (const width of [79, 119]) {
  test(`fit in ${width} columns, with the last line of output where one is asked for`, () => {
    const names = { 'a-machine-with-a-long-name-of-many-words': { 'load-generator': 3 }, b: { client: 1 } }
    const state = stateOf(created, rosterWith(names), open(1, 'work', 'clients'), tells('b', 'client', 'started'))
    const lines = linesOf(state, { width, tails: new Map([['b', `step 3 of 4 ${'.'.repeat(200)}`]]) })
    for (const line of lines) assert.ok(line.length <= width, line)
    assert.match(lines.join('\n'), /b {25}client running 5\.0 s {2}\| step 3 of 4 \.+…/)
  })
}

test('are lines of the plain view where a server is ready and where one has ended, once', () => {
  let state = stateOf(...begun)
  const said = (body: EventBody) => {
    const [event] = timed(body)
    const line = describe('R', event as never, state)[0]?.replace(/^\S+ /, '')
    state = reduce(state, event as never)
    return line
  }
  assert.is(said(tells('a', 'server', 'started')), 'run=R work=server on=a started')
  assert.is(said(tells('a', 'server', 'ready')), 'run=R work=server on=a ready')
  assert.is(said(endedAs('b', 'client')), 'run=R work=client.1 on=b ended: exit 0 after 2.0 s')
  const stopped = { exit: undefined, signal: 'SIGTERM', stopped: true }
  assert.is(said(endedAs('a', 'server', stopped)), 'run=R work=server on=a stopped after 2.0 s')
  const failed = { instance: 2, exit: 3, error: 'no disk' }
  assert.is(said(tells('b', 'client', 'ended', failed)), 'run=R work=client.2 on=b failed: exit 3: no disk')
  assert.is(said(endedAs('b', 'client', failed)), undefined)
  assert.is(
    said({
      type: 'phase-closed',
      seq: 2,
      phase: 'work',
      part: 'clients',
      step,
      verdict: 'met',
      ok: 3,
      asked: 3,
      took: 5,
      certificate: DIGEST
    }),
    'run=R phase=work clients step=1-small/sample1 ok 3/3 5 ms'
  )
})

test('that the cancellation of a run ends have not failed', () => {
  const state = stateOf(...begun, { type: 'cancel', by: 'me', reason: 'Ctrl-C' })
  const said = (body: EventBody) => describe('R', timed(body)[0] as never, state)[0]?.replace(/^\S+ run=R /, '')
  const killed = { exit: undefined, signal: 'SIGTERM' }
  assert.is(said(endedAs('b', 'client', killed)), 'work=client.1 on=b stopped after 2.0 s')
  assert.is(said(endedAs('b', 'client', { exit: 3 })), 'work=client.1 on=b failed: exit 3')
  const command = { type: 'workload-ended', step, ...killed, duration: 128, timedOut: false } as const
  assert.is(said(command), 'phase=work step=1-small/sample1 cancelled signal=SIGTERM 128 ms')
  const open = {
    type: 'phase-closed',
    seq: 2,
    phase: 'work',
    step,
    verdict: 'failed',
    ok: 0,
    asked: 1,
    took: 5
  } as const
  assert.is(said({ ...open, certificate: DIGEST }), 'phase=work step=1-small/sample1 cancelled 0/1 5 ms')
})

test('of many instances have lines of the plain view only where one failed', () => {
  const state = stateOf(created, rosterWith({ a: { client: 20 } }))
  const said = (more: object) => describe('R', timed(endedAs('a', 'client', more))[0] as never, state)[0]
  assert.is(said({ instance: 3 }), undefined)
  assert.match(said({ instance: 3, exit: 1 }) ?? '', /work=client\.3 on=a failed: exit 1$/)
})

test.run()
