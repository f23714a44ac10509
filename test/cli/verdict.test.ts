/** The last lines of a run, by its last event. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { conclude } from '../../cli/verdict.ts'
import type { EndedEvent } from '../../protocols/events.ts'
import { ended, PEER, RUN } from './fake.ts'

const test = suite('the last lines of a run')
const out = (name: string) => ({ peer: PEER, name, phase: 'stop' as const, code: 'lost' as const, reason: 'gone' })
const lacks = (what: string) => ({ kind: 'tool' as const, member: 'b', what, reason: 'not found on PATH' })

const table: Array<[title: string, more: Partial<EndedEvent>, lines: string[]]> = [
  ['a good run is a verdict and a folder', {}, [`run ${RUN}: ok in 1.2 s`, '/results/x']],
  [
    'what it cost to observe a good run is said',
    { observed: { name: 'b', elapsed: 60_000, daemon: 0.0004, tools: 0, switches: 31, sent: 1024, received: 0 } },
    [
      `run ${RUN}: ok in 1.2 s`,
      'observed at 0.04 % of a core, 1.0 KiB, 31 context switches a second on b, the costliest member',
      '/results/x'
    ]
  ],
  [
    'a workload that failed is named with how and where, and what it said',
    { verdict: 'workload-failed', status: 1, reason: 'exit 7 in 1-default/sample1: bench: no such disk' },
    [`run ${RUN}: workload failed in 1.2 s: exit 7 in 1-default/sample1: bench: no such disk`, '/results/x']
  ],
  [
    'a member that is out of a run that went on is named with the reason',
    { partial: true, excluded: [out('b')] },
    [`run ${RUN}: ok, partial in 1.2 s`, 'without b (stop: gone)', '/results/x']
  ],
  [
    'the reason of a failure is given once',
    {
      verdict: 'quorum',
      status: 3,
      partial: true,
      reason: 'b: gone; 2 of the 3 members needed answered stop',
      excluded: [out('b')]
    },
    [
      `run ${RUN}: quorum not met, partial in 1.2 s: b: gone; 2 of the 3 members needed answered stop`,
      'without b (stop: lost)',
      '/results/x'
    ]
  ],
  [
    'samples that were repeated are named, and metrics that came close',
    {
      iterations: [
        {
          number: 1,
          name: 'a',
          samples: 5,
          failed: 2,
          deviation: { metric: 'iops', values: 3, percent: 2.14, met: true }
        },
        {
          number: 2,
          name: 'b',
          samples: 9,
          failed: 0,
          deviation: { metric: 'iops', values: 9, percent: 7, met: false }
        }
      ]
    },
    [`run ${RUN}: ok in 1.2 s`, 'failed samples: 2 of 1-a; deviation of iops: 1-a 2.1 % (5 samples)', '/results/x']
  ],
  [
    'what is missing is named, and of many things some',
    { shortfalls: [{ kind: 'member', what: 'd', reason: 'lost' }, ...['v', 'w', 'x', 'y'].map(lacks)] },
    [
      `run ${RUN}: ok in 1.2 s`,
      'missing d: lost, v on b: not found on PATH, w on b: not found on PATH, x on b: not found on PATH and 1 more',
      '/results/x'
    ]
  ],
  [
    'a tool that many members lack is one thing that is missing',
    { shortfalls: ['d', 'b', 'a'].map(member => ({ ...lacks('v'), member })) },
    [`run ${RUN}: ok in 1.2 s`, 'missing v on a, b, d: not found on PATH', '/results/x']
  ],
  [
    'members of which files are missing are named with how many',
    {
      partial: true,
      missing: [
        { name: 'b', files: 3 },
        { name: 'c', files: 1 }
      ]
    },
    [`run ${RUN}: ok, partial in 1.2 s`, 'missing 3 files of b, 1 file of c, named in missing.txt', '/results/x']
  ],
  [
    'another run on the same members is named',
    { beside: [{ run: RUN, controller: 'c', members: ['a', 'b'] }] },
    [`run ${RUN}: ok in 1.2 s`, `at the same time ran ${RUN} of c on a, b`, '/results/x']
  ]
]
for (const [title, more, lines] of table) {
  test(title, () => {
    const event = { ...(ended() as EndedEvent), ...more }
    assert.equal(conclude(RUN, event), lines)
  })
}
test.run()
