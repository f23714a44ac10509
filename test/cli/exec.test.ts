/** `bak exec`: what it asks for, what it prints while it runs and at the end, and its exit status. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ExecResult, formatResults } from '../../cli/exec-table.ts'
import type { Begun, CallInput, CallResponse } from '../../protocols/control.ts'
import type { EventBody, RunEvent } from '../../protocols/events.ts'
import { created, ended, PEER, RUN, rosterOf, timed, useFakes, yields } from './fake.ts'

const test = suite('bak exec')
const fake = useFakes(test)

const started: Begun = { run: RUN, existed: false, absent: [] }
const step = { number: 1, name: 'default', sample: 1 }
const result = (member: string, more: object = {}): EventBody => ({
  ...{ type: 'workload-ended', step, member, name: 'exec', instance: 1, role: 'client' },
  ...{ exit: 0, duration: 20, timedOut: false },
  ...more
})
const portion = (member: string, text: string) => ({
  path: `1-default/sample1/workload/${member}/exec/stdout.txt`,
  ...{ member, workload: 'exec', stream: 'stdout' as const, text }
})
const logs = yields<CallResponse<'logs'>>(
  { run: RUN, instances: undefined, width: 0, samples: 1 },
  { run: RUN, instances: 2, width: 6, samples: 1 },
  portion('b', 'one\n'),
  portion('a', 'two\n')
)
const runOf = (...bodies: EventBody[]) =>
  yields<Begun | RunEvent>(started, ...timed(created, rosterOf('a', 'b'), ...bodies))

test('is a run of one client on all that are selected, with nothing else', async () => {
  let asked: CallInput<'run'> | undefined
  const { bak } = await fake({
    logs,
    async *run(request) {
      asked = request
      yield* runOf(result('a'), result('b'), ended())()
    }
  })
  await bak('exec', '--on', 'role=db', '--timeout', '5s', '--', 'uname', '-r')
  const { name, on, tools, sysinfo, workload, command, policy } = asked?.spec ?? {}
  assert.equal(
    { name, on, tools, sysinfo, command, timeout: policy?.timeout },
    { name: 'exec', on: 'role=db', tools: [], sysinfo: 'none', command: undefined, timeout: 5 }
  )
  assert.equal(
    workload?.map(({ name, role, command, instances }) => ({ name, role, command, instances })),
    [{ name: 'exec', role: 'client', command: ['uname', '-r'], instances: 1 }]
  )
})

test('prints lines as they come, and at the end how it ended on each', async () => {
  const { bak } = await fake({ logs, run: runOf(result('b'), result('a', { duration: 1500 }), ended()) })
  assert.equal(await bak('exec', '--', 'x'), {
    status: 0,
    stdout: 'b/exec | one\na/exec | two\n',
    stderr: 'MEMBER  EXIT  TOOK\na       0     1.5 s\nb       0     20 ms\n'
  })
})

test('exits with 1 where it failed on one, and says how', async () => {
  const failed = { exit: undefined, signal: 'SIGKILL', timedOut: true, error: 'too slow' }
  const reason = 'exec on b: ended at its deadline'
  const { bak } = await fake({
    logs,
    run: runOf(result('a'), result('b', failed), ended({ verdict: 'workload-failed', status: 1, reason }))
  })
  const { status, stderr } = await bak('exec', '--', 'x')
  assert.is(status, 1)
  assert.is(
    stderr,
    [
      'MEMBER  EXIT                TOOK   WHY',
      'a       0                   20 ms  -',
      'b       SIGKILL, timed out  20 ms  too slow',
      `run ${RUN}: workload failed in 1.2 s: ${reason}`,
      ''
    ].join('\n')
  )
})

test('exits with 3 where a member is missing for the quorum, which the table names', async () => {
  const excluded = {
    peer: PEER,
    name: 'b',
    phase: 'join',
    code: 'not-allowed',
    reason: 'its owner allows no workloads'
  } as const
  const reason = '1 of 2 members answered'
  const { bak } = await fake({
    logs: yields<CallResponse<'logs'>>({ run: RUN, instances: 1, width: 6, samples: 1 }),
    run: yields<Begun | RunEvent>(
      started,
      ...timed(
        created,
        { type: 'excluded', ...excluded },
        ended({ verdict: 'quorum', status: 3, partial: true, reason, excluded: [excluded] })
      )
    )
  })
  const { status, stderr } = await bak('exec', '--', 'x')
  assert.is(status, 3)
  assert.match(
    stderr,
    /^MEMBER {2}EXIT {2}TOOK {2}WHY\nb {7}- {5}- {5}join: its owner allows no workloads\nrun .*: quorum not met, partial/
  )
})

test('prints as JSON the events and the output', async () => {
  const { bak } = await fake({ logs, run: runOf(result('a'), ended()) })
  const { stdout, stderr } = await bak('exec', '--json', '--', 'x')
  const values = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.is(stderr, '')
  assert.equal(
    values.filter(({ type }) => type === 'output').map(({ member, text }) => [member, text]),
    [
      ['b', 'one\n'],
      ['a', 'two\n']
    ]
  )
  assert.equal(
    values.filter(({ type }) => type === 'workload-ended').map(({ member, exit }) => [member, exit]),
    [['a', 0]]
  )
})

for (const [words, says] of [
  [['exec'], /^bak: a command is missing: bak exec \[--on SELECTOR\] -- COMMAND\n$/],
  [['exec', '--'], /a command is missing/],
  [
    ['exec', '--stdin', '--', 'cat'],
    /^bak: --stdin: bak exec gives the command no input, which would go to many machines: put what it reads/
  ],
  [['exec', '--', 'df -h | tail'], /a line of the shell is: bak exec -- sh -c 'df -h \| tail'/]
] as const) {
  test(`bak ${words.join(' ')} is refused with what was meant`, async () => {
    const { bak } = await fake({ logs, run: runOf() })
    const { status, stderr } = await bak(...words)
    assert.is(status, 64)
    assert.match(stderr, says)
  })
}

const exits = (...codes: (number | undefined)[]): ExecResult[] =>
  codes.map((exit, i) =>
    exit == null ? { member: `m${i}`, why: 'lost' } : { member: `m${i}`, exit, duration: 10, timedOut: false }
  )

test('of many members the table has those that failed, and how many did not', () => {
  assert.equal(formatResults(exits(...Array(64).fill(0))), ['exit 0 on 64 of 64 members'])
  assert.equal(formatResults(exits(3, ...Array(62).fill(0), undefined)), [
    'exit 0 on 62 of 64 members',
    'MEMBER  EXIT  TOOK   WHY',
    'm0      3     10 ms  -',
    'm63     -     -      lost'
  ])
  assert.equal(formatResults([]), [])
})

test.run()
