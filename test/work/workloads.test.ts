/** Which member runs what, for how long, and what a run brings to it; how servers are named; when a line makes a server ready. */

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseSelector } from '../../node/run/selector.ts'
import { argvOf, serversOf } from '../../node/work/contract.ts'
import { assignWorkloads, rerank, shortagesOf, sizeOfWorkload } from '../../node/work/workloads/assign.ts'
import { broughtBy } from '../../node/work/workloads/brought.ts'
import { fits, LineWatch } from '../../node/work/workloads/line-watch.ts'
import { clientTimeOf, longestOf, readyTimeOf } from '../../node/work/workloads/work-time.ts'
import { namesIn, serverVariables, withAddresses } from '../../protocols/server-words.ts'
import { findConflicts, whyEndless } from '../../protocols/workload-conflicts.ts'
import { specOf } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const member = (name: string, labels: Record<string, string> = {}) => ({
  peer: `id-of-${name}`,
  name,
  shown: name,
  labels
})
const members = ['a', 'b', 'c', 'd'].map(name => member(name, { role: name < 'c' ? 'db' : 'load' }))
const command = ['true']
const placed = (spec: object) =>
  assignWorkloads(specOf({ command: undefined, ...spec }), members, parseSelector).map((each, i) =>
    [members[i]?.name, ...each.map(({ name, instances, rank }) => `${name}x${instances}@${rank}`)].join(' ')
  )

const assigned = suite('which member runs what')
const table: Array<[title: string, workload: object, groups: object[], expected: string[]]> = [
  ['all by default', {}, [], ['a xx1@0', 'b xx1@1', 'c xx1@2', 'd xx1@3']],
  ['those whom a selector names', { on: 'role=load' }, [], ['a', 'b', 'c xx1@0', 'd xx1@1']],
  ['those of a group', { group: 'g' }, [{ name: 'g', on: 'a,d' }], ['a xx1@0', 'b', 'c', 'd xx1@1']],
  ['the first so many by rank', { count: 2 }, [], ['a xx1@0', 'b xx1@1', 'c', 'd']],
  ['a share of them, at least one', { on: 'role=db', count: '1%' }, [], ['a xx1@0', 'b', 'c', 'd']],
  ['half of them', { count: '50%' }, [], ['a xx1@0', 'b xx1@1', 'c', 'd']],
  ['several on each, with ranks of all', { on: 'role=db', instances: 3 }, [], ['a xx3@0', 'b xx3@3', 'c', 'd']],
  ['nobody of a group that is not there', { group: 'none' }, [], ['a', 'b', 'c', 'd']]
]
for (const [title, more, groups, expected] of table) {
  assigned(title, () => assert.equal(placed({ groups, workload: [{ name: 'x', command, ...more }] }), expected))
}
assigned('ranks are dense and each is there once, also without some of the members', () => {
  const input = fc.record({
    instances: fc.integer({ min: 1, max: 5 }),
    there: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })
  })
  fc.assert(
    fc.property(input, ({ instances, there }) => {
      const spec = specOf({ command: undefined, workload: [{ name: 'x', command, instances }] })
      const all = assignWorkloads(spec, members, parseSelector).map(workloads => ({ workloads }))
      const left = rerank(all.filter((_, i) => there[i]))
      const ranks = left.flatMap(({ workloads }) =>
        workloads.flatMap(each => Array.from({ length: each.instances }, (_, i) => each.rank + i))
      )
      assert.equal(
        ranks,
        Array.from({ length: sizeOfWorkload('x', left) }, (_, i) => i)
      )
    })
  )
})
const lacking: Array<[more: object, what: RegExp | undefined]> = [
  [{}, undefined],
  [{ on: 'role=x' }, /^workload\.0\.on: no member of the run fits "role=x"$/],
  [{ group: 'g' }, /^workload\.0\.group: no member of the run fits group g$/],
  [{ count: 5 }, /^workload\.0\.count: 5 members are asked for, and "all" fits 4$/],
  [{ count: '100%' }, undefined]
]
for (const [more, what] of lacking) {
  assigned(
    `${JSON.stringify(more)} ${what == null ? 'can be placed' : 'cannot be placed, and why is named by its key'}`,
    () => {
      const spec = specOf({
        command: undefined,
        groups: [{ name: 'g', on: 'nobody' }],
        workload: [{ name: 'x', command, ...more }]
      })
      const found = shortagesOf(spec, members, parseSelector).map(each => `${each.path.join('.')}: ${each.what}`)
      if (what == null) assert.equal(found, [])
      else assert.match(found[0] ?? '', what)
    }
  )
}
assigned('one member runs 128 instances at most', () => {
  const workload = ['x', 'y', 'z'].map(name => ({ name, command, instances: 64 }))
  assert.match(
    shortagesOf(specOf({ command: undefined, workload }), members, parseSelector)[0]?.what ?? '',
    /a would run more than 128/
  )
})
assigned.run()

const conflicts = suite('keys of workloads that do not go together')
const server = { name: 's', role: 'server', command }
const wrong: Array<[spec: object, path: string, what: RegExp]> = [
  [{ command, workload: [{ name: 'c', command }] }, 'command', /beside servers only/],
  [
    {
      workload: [
        { name: 'c', command },
        { name: 'c', command }
      ]
    },
    'workload.1.name',
    /another workload/
  ],
  [
    {
      workload: [
        { name: 'c.1', command },
        { name: 'c', command, instances: 2 }
      ]
    },
    'workload.1.name',
    /c\.1 is a folder of workload c\.1/
  ],
  [
    { workload: [{ name: 'c', command, on: 'all', group: 'g' }], groups: [{ name: 'g' }] },
    'workload.0.group',
    /one of them/
  ],
  [
    { workload: [{ name: 'c', command, group: 'gg' }], groups: [{ name: 'g' }] },
    'workload.0.group',
    /no group gg; did you mean g\?/
  ],
  [{ workload: [{ name: 'c', command, group: 'g' }] }, 'workload.0.group', /the run has no \[\[groups\]\]/],
  [{ workload: [{ name: 'c', command, ready: { port: 1 } }] }, 'workload.0.ready', /is for servers/],
  [{ workload: [{ ...server, ready: {} }] }, 'workload.0.ready', /one of port, line, command, after, and not none/],
  [{ workload: [{ ...server, ready: { port: 1, after: 1 } }] }, 'workload.0.ready', /not port and after/],
  [{ workload: [{ ...server, instances: 2, ready: { port: 1 } }] }, 'workload.0.ready.port', /several instances/],
  [
    { workload: [{ name: 'c', command: ['x', '{{s.address}}'] }] },
    'workload.0.command',
    /no workload of servers is named s; there is none/
  ],
  [{ workload: [{ name: 'c', command: ['A=b'] }] }, 'workload.0.command', /no = in it/]
]
for (const [spec, path, what] of wrong) {
  conflicts(`${JSON.stringify(spec)} is wrong at ${path}`, () => {
    const found = findConflicts(spec as never)
    assert.equal(
      found.map(each => each.path.join('.')),
      [path]
    )
    assert.match(found[0]?.what ?? '', what)
  })
}
conflicts('servers with clients that name them, or a command beside servers, are in order', () => {
  const client = { name: 'c', command: ['x', '-h{{s.address}}', '{{.Go}}'] }
  assert.equal(findConflicts({ workload: [server, client], groups: [] } as never), [])
  assert.equal(findConflicts({ command: 'x {{s.addresses}}', workload: [server] } as never), [])
  assert.match(whyEndless({ workload: [server] } as never) ?? '', /servers only/)
  assert.is(whyEndless({ command, workload: [server] } as never), undefined)
})
conflicts.run()

const words = suite('how commands name servers')
const servers = new Map([['s', ['10.0.0.1', '10.0.0.2']]])
words('clients are spread over the instances by their ranks; what names no server stays', () => {
  assert.equal(
    [0, 1, 2].map(rank => withAddresses('-h{{s.address}}', servers, rank)),
    ['-h10.0.0.1', '-h10.0.0.2', '-h10.0.0.1']
  )
  assert.is(withAddresses('{{s.addresses}}', servers, 1), '10.0.0.1,10.0.0.2')
  for (const text of ['{{x.address}}', '{{.Names}}', '{{ s.address }}', '{{s.port}}'])
    assert.is(withAddresses(text, servers, 0), text)
  assert.equal(namesIn('a{{s.address}}{{t-1.addresses}}{{.x}}'), ['s', 't-1'])
  assert.equal(serverVariables(new Map([['my-db', ['::1']]]), 3), { BAK_SERVER_MY_DB: '::1', BAK_SERVERS_MY_DB: '::1' })
})
words('an address has no letter that a shell or an owner’s rule reads as more', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(9), (address, rank) => {
      assert.match(withAddresses('{{s.address}}', new Map([['s', [address]]]), rank), /^[0-9a-fA-F.:]+$/)
    })
  )
})
words('a server has an address for each of its instances, in the order of their ranks', () => {
  const spec = specOf({ command, workload: [{ ...server, instances: 2 }] })
  const roster = ['a', 'b'].map((peer, i) => ({ peer, workloads: [{ name: 's', instances: 2, rank: i * 2 }] }))
  assert.equal(
    [...serversOf(spec, roster as never, peer => [`ip-of-${peer}`])],
    [['s', ['ip-of-a', 'ip-of-a', 'ip-of-b', 'ip-of-b']]]
  )
})
words.run()

const times = suite('how long workloads may take')
const timed: Array<[spec: object, ready: number, clients: number, longest: number | undefined]> = [
  [{ command, policy: { timeout: 7 } }, 0, 0, 7],
  [{ workload: [{ name: 'c', command }] }, 0, 0, undefined],
  [{ workload: [{ name: 'c', command }], policy: { timeout: 5 } }, 0, 5, 5],
  [
    {
      workload: [
        { name: 'c', command, timeout: 9 },
        { name: 'd', command }
      ],
      policy: { timeout: 5 }
    },
    0,
    9,
    9
  ],
  [{ workload: [server, { name: 'c', command, timeout: 9 }], policy: { phase_timeout: 4 } }, 4, 9, 13],
  [
    {
      workload: [
        { ...server, ready: { after: 8, timeout: 2 } },
        { name: 'c', command, timeout: 9 }
      ]
    },
    8,
    9,
    17
  ]
]
for (const [given, ready, clients, longest] of timed) {
  times(`${JSON.stringify(given)}: ${longest ?? 'for ever'}`, () => {
    const spec = specOf({ command: undefined, ...given })
    assert.equal([readyTimeOf(spec), clientTimeOf(spec), longestOf(spec)], [ready, clients, longest])
  })
}
times.run()

const brought = suite('what a run brings to a member')
brought(
  'the command lines of what is placed there: a client’s with the words of each iteration, a server’s and its probe without',
  () => {
    const iterations = [
      { name: 'i', args: ['1'] },
      { name: 'j', args: ['2'] },
      { name: 'k', args: ['2'] }
    ]
    const workload = [
      { ...server, ready: { command: 'ping it' } },
      { name: 'c', command: 'go', env: { A: '/x' } },
      { name: 'other', command }
    ]
    const places = ['s', 'c', 's', 'unknown'].map(name => ({ name, instances: 1, rank: 0 }))
    const found = broughtBy(specOf({ command: undefined, iterations, workload }), places)
    assert.equal(
      found.map(({ name, commands, ready, env }) => ({ name, commands, ready, env: { ...env } })),
      [
        { name: 's', commands: [['true']], ready: ['/bin/sh', '-c', 'ping it'], env: {} },
        {
          name: 'c',
          commands: [argvOf('go', { args: ['1'] }), argvOf('go', { args: ['2'] })],
          ready: undefined,
          env: { A: '/x' }
        }
      ]
    )
  }
)
brought.run()

const lines = suite('a line that makes a server ready')
lines('is seen as soon as it is written, also in pieces, and without its end', async () => {
  const path = join(scratch(), 'stdout')
  const watch = new LineWatch('^up on \\d+$', [path])
  assert.not(await watch.look())
  appendFileSync(path, 'begun\nup o')
  assert.not(await watch.look())
  appendFileSync(path, 'n 80')
  assert.ok(await watch.look())
})
lines('is read as it was written where a character comes in two pieces', async () => {
  const path = join(scratch(), 'stdout')
  const watch = new LineWatch('^bereit für b$', [path])
  const bytes = Buffer.from('bereit für b\n')
  appendFileSync(path, bytes.subarray(0, 9))
  assert.not(await watch.look())
  appendFileSync(path, bytes.subarray(9))
  assert.ok(await watch.look())
})
lines('an expression that takes for ever is given up by name', () => {
  assert.throws(() => fits('^(a+)+$', [`${'a'.repeat(60)}!`]), /takes longer than 200 ms/)
  assert.ok(fits('b$', ['a', 'b\r']))
})
lines.run()
