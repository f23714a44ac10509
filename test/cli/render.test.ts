import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Paint } from '../../cli/output.ts'
import { noProgress, reduce } from '../../cli/progress.ts'
import { render } from '../../cli/render.ts'
import type { EventBody, LiveBody } from '../../protocols/events.ts'
import { AT, created, DIGEST, ended, PEER, rosterOf, timed } from './fake.ts'

const plain: Paint = (_, text) => text
const drawn = (bodies: (EventBody | LiveBody)[], width = 70) => {
  const state = timed(...bodies).reduce(reduce, noProgress)
  return render(state, { width, now: AT + 65_000, paint: plain }).split('\n')
}

const step = { number: 1, name: 'small', sample: 2 }
const open: EventBody = { type: 'phase-open', seq: 1, phase: 'start', step, asked: 3, needed: 2 }
const ack: EventBody = { type: 'ack', seq: 1, phase: 'start', peer: PEER, name: 'a', outcome: 'ok', after: 5 }
const closed: EventBody = {
  type: 'phase-closed',
  seq: 1,
  phase: 'start',
  step,
  verdict: 'met',
  ok: 2,
  asked: 3,
  took: 128,
  certificate: DIGEST
}
const out: EventBody = {
  type: 'excluded',
  peer: PEER,
  name: 'c',
  phase: 'start',
  code: 'tool-failed',
  reason: 'sar: no\u001b[31m way'
}

const cases: [string, (EventBody | LiveBody)[], string[]][] = [
  [
    'the run, its clock and its members',
    [created, rosterOf('a', 'b')],
    ['20261122T213015-k3f9ab smoke  01:05  2 members']
  ],
  [
    'who is waited for before it starts',
    [{ type: 'waiting', expect: 3, present: 1 }],
    ['run  00:00', '  > waiting for members, 1 of 3 are here']
  ],
  [
    'who is missing, while it waits',
    [{ type: 'waiting', expect: 3, present: 1, absent: ['d (lost)'] }],
    ['run  00:00', '  > waiting for members, 1 of 3 are here; missing d (lost)']
  ],
  [
    'a member that was lost, at once',
    [created, rosterOf('a', 'b'), { type: 'lost', peer: PEER, name: 'b' }],
    ['20261122T213015-k3f9ab smoke  01:05  2 members', '  ! b lost 1 min ago']
  ],
  [
    'a warm-up, and what the workload says that it does',
    [
      created,
      { ...open, phase: 'work', step: { ...step, warmup: true } },
      { type: 'stated', step, phase: 'ramp \u001b[31mup', progress: 42 }
    ],
    ['20261122T213015-k3f9ab smoke  01:05  small warm-up 2', '  > work 0/3 1 min 4 s', '  workload: ramp  [31mup, 42 %']
  ],
  [
    'a workload that failed with a red cross, and how',
    [
      created,
      { ...open, phase: 'work', asked: 1 } as EventBody,
      { ...closed, phase: 'work', ok: 1, asked: 1 } as EventBody,
      { type: 'workload-ended', step, exit: 7, duration: 128, timedOut: false }
    ],
    ['20261122T213015-k3f9ab smoke  01:05  small sample 2', '  ✗ work exit 7 128 ms']
  ],
  [
    'who came, once the run has ended without the others',
    [created, { type: 'waiting', expect: 3, present: 1 }, ended({ took: 2000 })],
    ['20261122T213015-k3f9ab smoke  00:02', '  ✗ 1 of 3 members came']
  ],
  [
    'an open phase, its answers and who is late',
    [created, rosterOf('a', 'b', 'c'), open, ack],
    [
      '20261122T213015-k3f9ab smoke  01:05  small sample 2  3 members',
      '  > start 1/3 1 min 3 s',
      '    waiting for b, c'
    ]
  ],
  [
    'a phase that is over, and a member that is out, in words that steer no terminal',
    [created, open, closed, out],
    [
      '20261122T213015-k3f9ab smoke  01:05  small sample 2',
      '  ✓ start 2/3 128 ms',
      '  ✗ c excluded in start: sar: no [31m way'
    ]
  ],
  [
    'a bar while tarballs come',
    [{ type: 'transfer', peer: PEER, name: 'a', done: 2 ** 20, total: 2 ** 22 }],
    ['run  00:00', '  [######------------------] 1.0 MiB of 4.0 MiB from 1']
  ],
  [
    'what has arrived',
    [{ type: 'received', peer: PEER, name: 'a', what: 'x', digest: DIGEST, bytes: 2 ** 21, took: 1 }],
    ['run  00:00', '  2.0 MiB received']
  ],
  [
    'that it is being cancelled',
    [created, { type: 'cancel', by: 'me', reason: 'x' }],
    ['20261122T213015-k3f9ab smoke  cancelling  01:05']
  ],
  [
    'work that was cancelled as no failure, and what failed before as one',
    [
      created,
      { ...closed, seq: 1, phase: 'init', verdict: 'failed' } as EventBody,
      { ...open, phase: 'work', asked: 1 } as EventBody,
      { type: 'cancel', by: 'me', reason: 'x' },
      { ...closed, phase: 'work', verdict: 'failed', ok: 0, asked: 1, reason: 'Ctrl-C' } as EventBody,
      { type: 'workload-ended', step, signal: 'SIGTERM', duration: 128, timedOut: false },
      ended({ took: 2000 })
    ],
    ['20261122T213015-k3f9ab smoke  00:02  small sample 2', '  ! work ended by SIGTERM 128 ms']
  ]
]

test('a warning is told whole on a narrow terminal, and what is very long is cut', () => {
  const text = 'the driver of a was the bottleneck: its timers were 59.7 ms late (p99)'
  const lines = drawn([created, { type: 'warning', text: `1-default/sample1, search: ${text}` }], 60)
  assert.equal(lines.slice(1), [
    '  ! 1-default/sample1, search: the driver of a was the',
    '    bottleneck: its timers were 59.7 ms late (p99)'
  ])
  const long = drawn([created, { type: 'warning', text: 'many words '.repeat(40) }], 60)
  assert.equal([long.length, long.at(-1)?.length, long.at(-1)?.endsWith('…')], [4, 60, true])
})

for (const [what, bodies, expected] of cases) {
  test(`the screen shows ${what}`, () => assert.equal(drawn(bodies), expected))
}

test('the screen shows the last output', () => {
  const output: LiveBody = { type: 'output', stream: 'stdout', text: 'hello\n' }
  assert.equal(drawn([output])[1], '  | hello')
})

test('no line is wider than the terminal', () => {
  const bodies = [created, rosterOf('a', 'b', 'c'), open, ack, closed, { ...out, reason: 'x'.repeat(500) }]
  for (const width of [10, 20, 33, 80]) for (const line of drawn(bodies, width)) assert.ok(line.length <= width, line)
})

test('many members in trouble are counted, and only the last are named', () => {
  const bodies = Array.from({ length: 12 }, (_, i): EventBody => ({ ...out, name: `m${i}` }) as EventBody)
  const lines = drawn(bodies)
  assert.is(lines.length, 7)
  assert.is(lines[1], '  ✗ 7 more')
})

test.run()
