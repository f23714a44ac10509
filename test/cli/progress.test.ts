import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { noProgress, type Progress, reduce } from '../../cli/progress.ts'
import { countBytes, countPresent, elapsedAt } from '../../cli/progress-counts.ts'
import type { EventBody, LiveBody } from '../../protocols/events.ts'
import { AT, created, DIGEST, ended, PEER, RUN, rosterOf, timed } from './fake.ts'

const after = (...bodies: (EventBody | LiveBody)[]): Progress => timed(...bodies).reduce(reduce, noProgress)

const step = (number: number, sample: number) => ({ number, name: 'default', sample })
const open = (seq: number, more = {}): EventBody => ({
  type: 'phase-open',
  seq,
  phase: 'start',
  asked: 2,
  needed: 2,
  ...more
})
const ack = (name: string, more = {}): EventBody => ({
  type: 'ack',
  seq: 1,
  phase: 'start',
  peer: PEER,
  name,
  outcome: 'ok',
  after: 5,
  ...more
})
const excluded = (name: string): EventBody => ({
  type: 'excluded',
  peer: PEER,
  name,
  phase: 'start',
  code: 'lost',
  reason: 'gone'
})
const lost = (name: string): EventBody => ({ type: 'lost', peer: PEER, name })
const transfer = (name: string, done: number): LiveBody => ({ type: 'transfer', peer: PEER, name, done, total: 100 })
const received = (name: string): EventBody => ({
  type: 'received',
  peer: PEER,
  name,
  what: 'x',
  digest: DIGEST,
  bytes: 100,
  took: 1
})
const output = (text: string): LiveBody => ({ type: 'output', stream: 'stdout', text })

const cases: [string, (EventBody | LiveBody)[], (state: Progress) => unknown, unknown][] = [
  ['names the run', [created], state => [state.run, state.name, state.created], [RUN, 'smoke', AT]],
  [
    'says who it waits for',
    [{ type: 'waiting', expect: 3, present: 1, until: AT + 5_000 }],
    state => state.waiting,
    { expect: 3, present: 1, absent: [], until: AT + 5_000 }
  ],
  [
    'waits no longer once there is a roster',
    [{ type: 'waiting', expect: 3, present: 1 }, rosterOf('a', 'b')],
    state => [state.waiting, state.members],
    [undefined, ['a', 'b']]
  ],
  [
    'counts the answers to a phase',
    [open(1), ack('a'), ack('b', { outcome: 'failed' })],
    state => [state.phases[0]?.ok, state.phases[0]?.answered, state.phases[0]?.state],
    [1, ['a', 'b'], 'open']
  ],
  [
    'closes a phase',
    [
      open(1),
      ack('a'),
      { type: 'phase-closed', seq: 1, phase: 'start', verdict: 'failed', ok: 1, asked: 2, took: 7, certificate: DIGEST }
    ],
    state => [state.phases[0]?.state, state.phases[0]?.took],
    ['failed', 7]
  ],
  [
    'counts samples that were begun',
    [open(1, { step: step(1, 1) }), open(2, { step: step(1, 1) }), open(3, { step: step(1, 2) })],
    state => [state.begun, state.step?.sample],
    [2, 2]
  ],
  [
    'counts a warm-up and a sample of one number as two',
    [open(1, { step: { ...step(1, 1), warmup: true } }), open(2, { step: step(1, 1) })],
    state => [state.begun, state.step],
    [2, step(1, 1)]
  ],
  [
    'keeps what the workload says that it does, until it has ended',
    [
      { type: 'stated', step: step(1, 1), phase: 'ramp' },
      { type: 'stated', step: step(1, 1), phase: 'ramp', progress: 5 }
    ],
    state => state.stated,
    { phase: 'ramp', progress: 5 }
  ],
  [
    'tells why a member failed',
    [open(1), ack('a', { outcome: 'refused', code: 'state' })],
    state => state.troubles,
    [{ name: 'a', phase: 'start', reason: 'state', excluded: false }]
  ],
  [
    'prefers to say that a member is out',
    [excluded('a'), ack('a', { outcome: 'failed' })],
    state => state.troubles.map(each => each.excluded),
    [true]
  ],
  [
    'counts who is left',
    [rosterOf('a', 'b', 'c'), excluded('a'), { type: 'lost', peer: PEER, name: 'b' }],
    countPresent,
    1
  ],
  [
    'knows who is lost and since when, until it returns or is out',
    [...['a', 'b', 'c'].map(lost), { type: 'returned', peer: PEER, name: 'a' }, excluded('b')],
    state => state.lost,
    [{ name: 'c', since: AT + 2_000 }]
  ],
  [
    'keeps what is missing and who measures beside it',
    [
      { type: 'shortfall', kind: 'tool', member: 'b', what: 'sar', reason: 'not found on PATH' },
      { type: 'beside', run: RUN, controller: 'c', members: ['a'] }
    ],
    state => state.warnings,
    ['missing sar on b: not found on PATH', `${RUN} of c measures at the same time on a`]
  ],
  [
    'keeps which tools came and went',
    [
      {
        ...{ type: 'tools-changed', change: 'detach', tool: 'sar', group: 'default', by: 'a', members: ['b', 'c'] },
        refused: []
      }
    ],
    state => state.warnings,
    ['sar detached from b, c by a, from the next sample on']
  ],
  ['adds up bytes here and on their way', [transfer('a', 10), transfer('b', 20), received('a')], countBytes, 120],
  [
    'keeps the last lines of output',
    ['1\n2\n', '3', '4\n\n', '5\n6\n7'].map(output),
    state => state.tail,
    ['2', '34', '5', '6']
  ],
  [
    'keeps the end',
    [created, ended({ took: 5 })],
    state => [state.ended?.verdict, elapsedAt(state, AT + 99_000)],
    ['ok', 5]
  ],
  ['counts time from the creation', [created], state => elapsedAt(state, AT + 45_000), 45_000],
  ...(
    [
      [{ exit: 7 }, 'exit 7'],
      [{ signal: 'SIGKILL' }, 'ended by SIGKILL'],
      [{ signal: '34' }, 'ended by signal 34']
    ] as const
  ).map(([how, words]): (typeof cases)[number] => [
    `keeps how the workload failed: ${words}`,
    [open(1, { phase: 'work' }), { type: 'workload-ended', step: step(1, 1), ...how, duration: 1, timedOut: false }],
    state => state.phases.at(-1)?.failure,
    words
  ])
]

for (const [what, bodies, look, expected] of cases) {
  test(`progress ${what}`, () => assert.equal(look(after(...bodies)), expected))
}

test('reducing an event does not change the state before it', () => {
  const before = after(created, rosterOf('a'), open(1))
  const copy = structuredClone(before)
  for (const event of timed(ack('a'), excluded('a'), transfer('a', 1), output('x\n'))) reduce(before, event)
  assert.equal(before, copy)
})

test('the progress of a long run has a bounded size', () => {
  const state = after(...Array.from({ length: 1000 }, (_, seq) => open(seq)))
  assert.ok(state.phases.length < 100)
})

test.run()
