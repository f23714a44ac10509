/** Workloads on members of a mesh of real daemons: order, readiness, policies, and what comes back. */
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goneWithin, sleepsOf, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import {
  type EndedRun,
  endOf,
  entriesIn,
  runFile,
  runWorkloads,
  server,
  startFile,
  workload
} from '../helpers/workloads.ts'

const test = suite('workloads on members')
const net = useTestnet(test, {
  peers: ['a', 'b', 'c'],
  args: name => ['--label', `role=${name === 'a' ? 'db' : 'load'}`]
})
const onDb = 'on = "role=db"\n'
const onLoad = 'on = "role=load"\n'
const policy = (lines: string) => `[policy]\n${lines}\n`
/** Ends by the signal that stops it. */
const waits = 'trap "exit 0" TERM; while :; do sleep 0.05; done'
const statesOf = ({ events }: EndedRun) =>
  events.flatMap(each => (each.type === 'work' ? [`${each.workload} on ${each.member} ${each.state}`] : []))
const verify = (run: string) => net().bak('c', ['verify', run])

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  await new Promise(resolve => listener.close(resolve))
  return port
}

test('servers are ready before clients start, are stopped after them, and all of it comes back and is signed', async () => {
  const ended = await runWorkloads(
    net(),
    'c',
    server(
      'db',
      'trap "echo stopped; exit 0" TERM; sleep 0.4; echo up; while :; do sleep 0.05; done',
      `${onDb}ready = { line = "^up$" }`
    ) + workload('load', 'echo "$BAK_RANK $BAK_SIZE"; echo kept > "$BAK_OUT/file"', onLoad)
  )
  assert.is(ended.status, 0, ended.stderr)
  assert.equal(entriesIn(ended).sort(), ['db on a: stopped', 'load on b: exit 0', 'load on c: exit 0'])
  assert.is(ended.text('workload/a/db/stdout.txt'), 'up\nstopped\n')
  assert.is(ended.text('workload/b/load/stdout.txt'), '0 2\n')
  assert.is(ended.text('workload/c/load/stdout.txt'), '1 2\n')
  assert.is(ended.text('workload/c/load/file'), 'kept\n')
  const states = statesOf(ended)
  const firstClient = states.findIndex(each => each.startsWith('load'))
  assert.ok(states.indexOf('db on a ready') < firstClient, states.join())
  const db = ended.record.workload.find(({ name }) => name === 'db')
  assert.ok((db?.ready ?? 0) >= 400, `${db?.ready}`)
  assert.ok((db?.duration ?? 0) >= 400, `${db?.duration}`)
  const verified = await verify(ended.run)
  assert.is(verified.status, 0, verified.stderr + verified.stdout)
})

test('each instance is told who it is, who takes part, and where the servers are', async () => {
  const ended = await runWorkloads(
    net(),
    'c',
    `[[iterations]]\nname = "default"\nargs = ["one"]\nparams = { size = "4k" }\n[[groups]]\nname = "loads"\n${onLoad}` +
      server('db', `cat "$BAK_PEERS"; ${waits}`, onDb) +
      workload(
        'load',
        'echo "$0 $1 $BAK_WORKLOAD $BAK_GROUP $BAK_RANK $BAK_SIZE $BAK_INSTANCE $BAK_ITERATION $BAK_SAMPLE $BAK_PARAM_SIZE $MINE"; echo $BAK_SERVER_DB $BAK_SERVERS_DB {{db.address}}; pwd; ls -A; test "$PWD" != "$BAK_OUT"',
        'group = "loads"\ninstances = 2\nenv = { MINE = "two words" }'
      )
  )
  assert.is(ended.status, 0, ended.stderr)
  assert.equal(ended.list('workload/b'), ['load.1', 'load.2'])
  const [told, addresses, folder] = ended.text('workload/c/load.2/stdout.txt').split('\n')
  assert.is(told, 'one  load loads 3 4 2 default 1 4k two words')
  assert.is(addresses, '127.0.0.1 127.0.0.1 127.0.0.1')
  assert.match(folder as string, /load\.2$/)
  const peers = JSON.parse(ended.text('workload/a/db/stdout.txt'))
  assert.is(peers.self, 'a')
  const [a, b] = peers.members
  assert.equal([a.name, a.rank, a.groups, a.workloads], ['a', 0, [], [{ name: 'db', instances: 1, rank: 0 }]])
  assert.equal([b.groups, b.workloads, b.address], [['loads'], [{ name: 'load', instances: 2, rank: 0 }], '127.0.0.1'])
})

test('a port, a command and a time make a server ready', async () => {
  const port = await freePort()
  const listens = `exec node -e 'setTimeout(() => require("net").createServer().listen(${port}), 300)'`
  const ended = await runWorkloads(
    net(),
    'c',
    server('port', listens, `${onDb}ready = { port = ${port} }`) +
      server('command', `sleep 0.4; echo up > up; ${waits}`, `${onDb}ready = { command = "test -e up" }`) +
      server('after', waits, `${onDb}ready = { after = 0.5 }`) +
      workload('load', 'true', onLoad)
  )
  assert.is(ended.status, 0, ended.stderr)
  const readyOf = (name: string) => ended.record.workload.find(each => each.name === name)?.ready ?? 0
  // by a clock that is led to that of the controller, and a timer that may fire within its last millisecond
  for (const [name, least] of [
    ['port', 300],
    ['command', 400],
    ['after', 500]
  ] as const)
    assert.ok(readyOf(name) > least - 1, `${name} after ${readyOf(name)} ms`)
})

const neverReady: Array<[title: string, line: string, more: string, reason: RegExp]> = [
  [
    'ends before',
    'echo "no such file" >&2; exit 3',
    'ready = { line = "up" }',
    /^db on a: exit 3: ended before it was ready: no such file, in 1-default/
  ],
  [
    'is too slow',
    waits,
    'ready = { line = "up", timeout = 0.5 }',
    /db on a: .*not ready within 0\.5 s: no line of its output fits up/
  ],
  [
    'has a command that fails',
    waits,
    'ready = { command = "echo not-yet >&2; false", timeout = 1 }',
    /not ready within 1 s: its ready command: exit 1: not-yet/
  ],
  [
    'has an expression that takes for ever',
    `printf '%0100d!' 0 | tr 0 a; echo; ${waits}`,
    'ready = { line = "^(a+)+$", timeout = 20 }',
    /takes longer than 200 ms/
  ]
]
for (const [title, line, more, reason] of neverReady) {
  test(`no client starts beside a server that ${title}; it is named`, async () => {
    const ended = await runWorkloads(net(), 'c', server('db', line, onDb + more) + workload('load', 'true', onLoad))
    assert.is(ended.status, 1, ended.stderr)
    assert.is(ended.record.verdict, 'workload-failed')
    assert.match(ended.record.reason ?? '', reason)
    assert.equal(
      statesOf(ended).filter(each => each.startsWith('load')),
      []
    )
    assert.is((await verify(ended.run)).status, 0)
  })
}

test('a server whose port another program has is not started', async () => {
  const listener = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  const text = server('db', waits, `${onDb}ready = { port = ${port} }`) + workload('load', 'true', onLoad)
  const ended = await runWorkloads(net(), 'c', text)
  listener.close()
  assert.match(ended.record.reason ?? '', new RegExp(`^db on a: not started: port ${port} is taken by another program`))
})

const twoClients = workload('good', 'sleep 1; echo done', 'on = "b"') + workload('bad', 'exit 4', 'on = "c"')
const failures: Array<[given: string, status: number, verdict: string, entries: string[], partial: boolean]> = [
  ['finish', 1, 'workload-failed', ['bad on c: exit 4', 'good on b: exit 0'], false],
  ['stop', 1, 'workload-failed', ['bad on c: exit 4', 'good on b: stopped'], false],
  ['ignore', 0, 'ok', ['bad on c: exit 4', 'good on b: exit 0'], true]
]
for (const [given, status, verdict, entries, partial] of failures) {
  test(`a client that fails, with on_failed_workload = ${given}: exit status ${status}`, async () => {
    const ended = await runWorkloads(net(), 'c', twoClients + policy(`on_failed_workload = "${given}"`))
    assert.is(ended.status, status, ended.stderr)
    assert.equal([ended.record.verdict, ended.record.partial], [verdict, partial])
    assert.equal(entriesIn(ended).sort(), entries)
    const named =
      given === 'ignore'
        ? ended.record.shortfalls.map(({ what, member, reason }) => `${what} on ${member}: ${reason}`)
        : [ended.record.reason ?? '']
    assert.match(named[0] as string, /^bad on c: exit 4/)
    assert.is((await verify(ended.run)).status, 0)
  })
}

test('a server that dies while clients run is a failure, whatever its status is', async () => {
  for (const [given, status] of [
    ['finish', 1],
    ['stop', 1],
    ['ignore', 0]
  ] as const) {
    const text =
      server('db', 'sleep 0.5; exit 0', onDb) +
      workload('load', 'sleep 1.5', 'on = "b"') +
      policy(`on_failed_workload = "${given}"`)
    const ended = await runWorkloads(net(), 'c', text)
    assert.is(ended.status, status, ended.stderr)
    const load = ended.record.workload.find(({ name }) => name === 'load')
    assert.is(load?.stopped ?? false, given === 'stop')
    const said = given === 'ignore' ? JSON.stringify(ended.record.shortfalls) : ended.record.reason
    assert.match(said ?? '', /exit 0: ended before it was stopped/)
  }
})

test('with ends = first the others are ended when one client has, and that is well', async () => {
  const text = `ends = "first"\n${workload('short', 'sleep 0.5', 'on = "b"')}${workload('long', 'exec sleep 30', 'on = "c"\ninstances = 2')}`
  const ended = await runWorkloads(net(), 'c', text)
  assert.is(ended.status, 0, ended.stderr)
  assert.equal(entriesIn(ended).sort(), ['long on c: stopped', 'long on c: stopped', 'short on b: exit 0'])
  assert.ok((ended.record.took ?? 0) < 20_000)
  assert.is((await verify(ended.run)).status, 0)
})

test('a client that takes too long is killed at its deadline, and one that ignores the signal after its grace; both are named', async () => {
  const text =
    workload('slow', 'exec sleep 30', 'on = "b"\ntimeout = 1') +
    server('deaf', 'trap "" TERM; while :; do sleep 0.1; done', onDb) +
    policy('on_failed_workload = "ignore"')
  const ended = await runWorkloads(net(), 'c', text)
  const named = ended.record.shortfalls.map(
    ({ kind, what, member, reason }) => `${kind} ${what} on ${member}: ${reason}`
  )
  assert.match(named.join('\n'), /workload slow on b: ended at its deadline of 1 s \(ended by SIGTERM\)/)
  assert.match(named.join('\n'), /workload deaf on a: did not end by the signal that stops it, and had to be killed/)
  const deaf = ended.record.workload.find(({ name }) => name === 'deaf')
  assert.equal([deaf?.killed, deaf?.signal, deaf?.stopped], [true, 'SIGKILL', true])
})

test('a command of the controller runs beside servers, and is told where they are', async () => {
  const text = `command = "echo $BAK_SERVER_DB {{db.address}}; grep -c role $BAK_PEERS; true"\n${server('db', waits, onDb)}`
  const ended = await runWorkloads(net(), 'c', text)
  assert.is(ended.status, 0, ended.stderr)
  assert.match(ended.text('workload/c/stdout.txt'), /^127\.0\.0\.1 127\.0\.0\.1\n/)
  assert.equal(entriesIn(ended), ['undefined on undefined: exit 0', 'db on a: stopped'])
})

test('what is cancelled ends everywhere, and comes back', async () => {
  const mark = uniqueSleep()
  const started = await startFile(
    net(),
    'c',
    workload('load', `echo begun; setsid sleep ${mark} & exec sleep ${mark}`) + server('db', `exec sleep ${mark}`, onDb)
  )
  await until(() => sleepsOf(mark).length === 7, { what: () => `${sleepsOf(mark).length} of 7 run` })
  started.kill('SIGINT')
  const ended = await endOf(net(), 'c', started)
  assert.is(ended.status, 4, ended.stderr)
  await goneWithin(mark, 2_000)
  assert.is(ended.text('workload/b/load/stdout.txt'), 'begun\n')
  assert.is(ended.record.workload.filter(({ stopped }) => stopped).length, 4)
})

test('--workload runs a command on every selected member and not on the controller', async () => {
  const run = await net().bak('c', [
    'run',
    '--on',
    'role=db',
    '--tools',
    'none',
    '--sysinfo',
    'none',
    '--workload',
    '--quiet',
    '--',
    'sh',
    '-c',
    'echo $BAK_RANK; exit 2'
  ])
  assert.is(run.status, 1, run.stderr)
  assert.match(run.stderr, /workload failed.*client on a: exit 2/)
  const shown = await net().bak('c', ['show', 'last'])
  assert.match(shown.stdout, /WORKLOAD +ON +STEP +ENDED +TOOK +FAILURE\nclient +a +1-default\/sample1 +exit 2/)
})

test('a dry run says what runs where; what cannot be placed is refused by the line of the run file', async () => {
  const file = runFile(net(), workload('load', 'true', `${onLoad}instances = 2`))
  const planned = await net().bak('c', ['run', '--dry-run', file])
  assert.is(planned.status, 0, planned.stderr)
  assert.match(planned.stdout, /\n1 +b +load x2/)
  assert.match(planned.stdout, /work clients 1-default\/1/)
  assert.match(planned.stdout, /client load on 2 members, 4 in all: \/bin\/sh -c true/)
  const wrong = runFile(net(), workload('load', 'true', 'on = "role=nobody"'))
  const refused = await net().bak('c', ['run', wrong])
  assert.is(refused.status, 64)
  assert.match(refused.stderr, /run-\d+\.toml:6: workload\.0\.on: no member of the run fits "role=nobody"/)
})

test('a member without the program is named before anything starts', async () => {
  const ended = await runWorkloads(net(), 'c', `[[workload]]\nname = "x"\non = "b"\ncommand = ["no-such-program"]\n`)
  assert.is(ended.status, 3, ended.stderr)
  assert.match(ended.record.reason ?? '', /b: workload x: no-such-program not found on PATH/)
})

test('plain output has a line for what each member does', async () => {
  const file = runFile(net(), server('db', waits, onDb) + workload('load', 'exit 3', 'on = "b"'))
  const { stderr } = await net().bak('c', ['run', file])
  for (const words of [
    'work=db on=a started',
    'work=db on=a ready',
    'work=load on=b started',
    'work=load on=b failed: exit 3',
    'work=db on=a stopped'
  ])
    assert.ok(stderr.includes(words), `${words} in ${stderr}`)
})

test.run()
