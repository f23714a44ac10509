import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallHandlers, CallResponse, PeerReachability, RunLine } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { AT, type Fake, fails, member, PEER, RUN, startBak, startFake, yields } from './fake.ts'

const bak = suite('commands')
let fakes: Fake[] = []

const fake = async (handlers: Partial<CallHandlers> = {}) => {
  const started = await startFake(handlers)
  fakes.push(started)
  return started
}
bak.after.each(async () => {
  for (const each of fakes) await each.stop()
  fakes = []
})

const status = {
  settings: [],
  name: 'db-1',
  peer: PEER,
  mesh: PEER,
  home: '/x',
  program: '0.1.0',
  pid: 7,
  addresses: ['/ip4/1.2.3.4/tcp/1'],
  started: Date.now() - 65_000,
  state: 'standby' as const,
  members: 3,
  connections: 2,
  driving: [],
  taking: [],
  keeps: []
}

const line: RunLine = {
  run: RUN,
  name: 'smoke',
  state: 'ended',
  verdict: 'ok',
  partial: true,
  excluded: [
    { peer: PEER, name: 'b', phase: 'stop', code: 'lost', reason: 'gone' },
    { peer: PEER, name: 'c', phase: 'start', code: 'tool-failed', reason: 'sar: no' }
  ],
  controller: { peer: PEER, name: 'db-1' },
  created: AT,
  begun: AT,
  beside: [],
  took: 1500,
  members: 3,
  bytes: 2048
}

const head = (table: string) => table.split('\n').map(row => row.split(/ {2,}/))

bak('status prints the state in words, or everything in JSON', async () => {
  const { bak } = await fake({ status: yields(status) })
  const [plain, json] = await Promise.all([bak('status'), bak('status', '--json')])
  assert.match(plain.stdout, /name: +db-1\nstate: +standby\nup: +1 min \(pid 7\)\nmembers: +3, 2 connections\n/)
  assert.equal(JSON.parse(json.stdout), status)
  assert.is(plain.stderr + json.stderr, '')
})

const reach: CallResponse<'reachability'>['self'] = {
  peer: PEER,
  name: 'db-1',
  nat: 'symmetric',
  relay: false,
  relays: [
    { peer: PEER, name: 'r1' },
    { peer: PEER, name: 'r2' }
  ],
  mapped: ['/ip4/8.8.8.8/tcp/4001'],
  addresses: []
}

bak('reachability prints the NAT of this peer and the path to each other peer', async () => {
  const peers: PeerReachability[] = [
    {
      peer: PEER,
      name: 'a',
      nat: 'public',
      relay: true,
      path: { class: 'direct' },
      roundTrip: 41.234,
      clock: { offset: -1.5, bound: 20.617 }
    },
    {
      peer: PEER,
      name: 'b',
      nat: 'nat',
      relay: false,
      path: { class: 'relayed', via: 'r1' },
      roundTrip: 84,
      clock: { offset: 2, bound: 42 }
    },
    { peer: PEER, name: 'c', relay: false, error: 'it cannot be reached' }
  ]
  const { bak } = await fake({ reachability: yields({ self: reach, peers }) })
  const [plain, json] = await Promise.all([bak('reachability'), bak('reachability', '--json')])
  assert.match(
    plain.stdout,
    /nat: +behind symmetric NAT\nreached through: +r1, r2\nmapped ports: +\/ip4\/8\.8\.8\.8\/tcp\/4001\n/
  )
  assert.equal(head(plain.stdout.trim()).slice(-4), [
    ['NAME', 'NAT', 'PATH', 'ROUND TRIP', 'CLOCK AHEAD', 'ERROR'],
    ['a', 'public, relays', 'direct', '41.2 ms', '-1.5 ms ± 20.6', '-'],
    ['b', 'behind NAT', 'relayed via r1', '84.0 ms', '+2.0 ms ± 42.0', '-'],
    ['c', 'unknown', 'none', '-', '-', 'it cannot be reached']
  ])
  assert.equal(JSON.parse(json.stdout), { self: reach, peers })
})

bak('info prints everything about this peer', async () => {
  const self = member('db-1', { path: 'self', labels: { role: 'db' } })
  const members = yields({ members: [member('x'), self] })
  const reachability = yields({ self: reach, peers: [] })
  const { bak } = await fake({ status: yields(status), members, reachability })
  const [plain, json] = await Promise.all([bak('info'), bak('info', '--json')])
  assert.match(plain.stdout, /nat: +behind symmetric NAT\nreached through: +r1, r2\n/)
  assert.equal(JSON.parse(json.stdout).reach, reach)
  assert.match(plain.stdout, /machine: +Linux 6\.12 x64, 4 cores, 8\.0 GiB\nlabels: +role=db/)
  assert.is(JSON.parse(json.stdout).member.shown, 'db-1')
})

bak('members are a table, filtered by labels', async () => {
  const tools = [
    { tool: 'sar', usable: false },
    { tool: 'proc', usable: true }
  ]
  const members = [member('a', { labels: { role: 'db', rack: '1' }, tools }), member('b', { labels: { role: 'db' } })]
  const { bak } = await fake({ members: yields({ members }) })
  const [all, some, json] = await Promise.all([
    bak('members'),
    bak('members', '--label', 'role=db', '--label', 'rack=1'),
    bak('members', '--json')
  ])
  assert.equal(head(all.stdout).slice(0, 2), [
    ['NAME', 'ROLE', 'STATE', 'PATH', 'TOOLS', 'CORES', 'MEMORY', 'OS', 'VERSION', 'LABELS', 'AGE'],
    ['a', 'controller', 'alive', 'direct', '1/2', '4', '8.0 GiB', 'Linux 6.12', '0.1.0', 'rack=1 role=db', '1 min']
  ])
  assert.is(some.stdout.trim().split('\n').length, 2)
  assert.equal(JSON.parse(json.stdout), { members })
})

bak('members --watch prints at every change', async () => {
  const { bak } = await fake({
    async *members({ watch }) {
      yield { members: [member('a')] }
      if (watch) yield { members: [member('a'), member('b')] }
    }
  })
  const { stdout } = await bak('members', '--watch', '--json')
  assert.equal(
    stdout
      .trim()
      .split('\n')
      .map(each => JSON.parse(each).members.length),
    [1, 2]
  )
})

bak('tools are listed, registered with options, and cleared', async () => {
  const asked: unknown[] = []
  const registered = [{ group: 'db', tool: 'perf', options: ['-a'] }]
  const { bak } = await fake({
    tools: yields({
      members: [member('a', { tools: [{ tool: 'perf', usable: false, reason: 'not installed' }], registered })]
    }),
    async *register(request) {
      asked.push(request)
      yield { peer: PEER, name: 'a', registered: request.add.length > 0 ? registered : [], tools: [] }
    }
  })
  assert.equal(head((await bak('tools')).stdout)[1], ['a', 'perf', 'no', '-', 'db -a', 'not installed'])
  assert.is(
    (await bak('tools', 'register', 'perf', '--on', 'role=db', '--group', 'db', '--', '-a')).stdout,
    'a: db:perf -a\n'
  )
  assert.is((await bak('tools', 'clear')).stdout, 'a: nothing\n')
  assert.equal(asked, [
    { on: 'role=db', group: 'db', add: [{ tool: 'perf', options: ['-a'] }] },
    { on: 'all', group: 'default', add: [] }
  ])
})

bak('the command fails if a member cannot register tools', async () => {
  const { bak } = await fake({
    register: yields({ peer: PEER, name: 'a', registered: [], tools: [], error: 'not allowed' })
  })
  assert.equal(await bak('tools', 'register', 'x'), { status: 78, stdout: 'a: not allowed\n', stderr: '' })
})

bak('check distinguishes usable, degraded and missing tools', async () => {
  const sar = { tool: 'sar', usable: true }
  const perf = { tool: 'perf', usable: true, reason: 'no kernel symbols' }
  const known = [sar, perf]
  const { bak } = await fake({
    async *check({ tools }) {
      const answers = tools.map(({ tool }) => known.find(each => each.tool === tool) ?? { tool, usable: false })
      yield { name: 'a', peer: PEER, tools: answers }
    }
  })
  const good = await bak('check', '--tools', 'sar,perf')
  assert.is(good.stdout, 'MEMBER  sar     perf\na       usable  degraded\n\na: perf is degraded: no kernel symbols\n')
  assert.is(good.status, 0)
  const bad = await bak('check', '--tools', 'sar,turbostat', '--json')
  assert.is(bad.status, 78)
  assert.equal(
    bad.stdout
      .trim()
      .split('\n')
      .map(each => JSON.parse(each).state),
    ['usable', 'missing']
  )
})

bak('check asks with the whole command of a tool, and names members that are not here', async () => {
  const asked: unknown[] = []
  const { bak } = await fake({
    async *check({ tools }) {
      asked.push(tools)
      yield { name: 'a', peer: PEER, tools: [{ tool: 'net', usable: true }] }
      yield { name: 'd', tools: [], error: 'lost' }
    }
  })
  const { status, stdout } = await bak('check', '--tool', 'net=dump -i eth0')
  assert.equal([status, stdout], [78, 'MEMBER  net\na       usable\nd       missing\n\nd: net is missing: lost\n'])
  assert.equal(asked, [[{ group: 'default', tool: 'net', options: { command: ['/bin/sh', '-c', 'dump -i eth0'] } }]])
})

bak('ls and ps list runs', async () => {
  const asked: unknown[] = []
  const { bak } = await fake({
    async *ls(request) {
      asked.push(request)
      yield { runs: [request.active ? { ...line, state: 'running', phase: 'work', verdict: undefined } : line] }
    }
  })
  const row = [
    RUN,
    'smoke',
    'ok (partial)',
    '3',
    '2.0 KiB',
    '2026-11-22 21:30:15',
    '1.5 s',
    'db-1',
    'b (stop: lost), c (start: tool-failed)'
  ]
  assert.equal(head((await bak('ls')).stdout)[1], row)
  const [top, first] = head((await bak('ps')).stdout)
  assert.equal(top, ['RUN', 'NAME', 'STATE', 'PHASE', 'MEMBERS', 'AGE', 'CONTROLLER', 'EXCLUDED', 'BESIDE'])
  assert.equal(first?.slice(2, 5), ['running', 'work', '3'])
  assert.equal(JSON.parse((await bak('ls', '--json')).stdout), { runs: [line] })
  assert.equal(asked, [{}, { mesh: true, active: true }, {}])
})

bak('cancel prints the run, and fails if it has ended', async () => {
  const { bak } = await fake({
    async *cancel({ run, reason }) {
      yield { run: RUN, accepted: run === 'last' && reason === 'why' }
    }
  })
  assert.equal(await bak('cancel', 'last', '--reason', 'why'), { status: 0, stdout: `${RUN}\n`, stderr: '' })
  assert.is((await bak('cancel', 'k3')).status, 70)
})

bak('collect counts tarballs, and exits with 2 while one is missing', async () => {
  const { bak } = await fake({
    collect: yields(
      { name: 'a', what: 'default', bytes: 2048, outcome: 'arrived' as const },
      { name: 'b', what: 'default', bytes: 1, outcome: 'failed' as const, reason: 'unreachable' }
    )
  })
  const { status, stdout } = await bak('collect', 'last')
  assert.is(stdout, 'a: default arrived, 2.0 KiB\nb: default failed: unreachable\n1 arrived, 1 failed\n')
  assert.is(status, 2)
})

bak('move prints where the result is', async () => {
  const step = { run: RUN, to: 'archive', done: 1, total: 2048, finished: false }
  const { bak } = await fake({ move: yields(step, { ...step, done: 2048, finished: true }) })
  assert.equal(await bak('move', 'last', 'archive'), {
    status: 0,
    stdout: `run ${RUN} is with archive, 2.0 KiB\n`,
    stderr: ''
  })
})

bak('logs gives back each stream on its own, as bytes', async () => {
  const portion = (stream: 'stdout' | 'stderr', more: object) => ({ path: 'x', member: 'a', stream, ...more })
  const { bak } = await fake({
    logs: yields(
      portion('stdout', { text: 'hello ' }),
      portion('stderr', { text: 'err\n' }),
      portion('stdout', { base64: 'gA==' })
    )
  })
  assert.equal(await bak('logs', 'last'), { status: 0, stdout: 'hello \ufffd', stderr: 'err\n' })
  assert.equal(await bak('logs', 'last', '--stderr'), { status: 0, stdout: '', stderr: 'err\n' })
  const lines = (await bak('logs', 'last', '--json')).stdout.trim().split('\n')
  assert.equal(JSON.parse(lines[2] as string), portion('stdout', { base64: 'gA==' }))
})

bak('rm and gc say what they deleted', async () => {
  const left = { kind: 'data' as const, run: RUN, files: 2, bytes: 2048, since: Date.now() - 86_400_000, folder: '/x' }
  const { bak } = await fake({ rm: yields({ run: RUN }), gc: yields({ deleted: [left] }) })
  assert.is((await bak('rm', 'last')).stdout, `run ${RUN} deleted\n`)
  assert.match((await bak('gc', 'k3')).stdout, new RegExp(`^DELETED .*\n${RUN} +data +2 +2.0 KiB +1 d`))
  assert.match((await bak('gc', '--older', '0s', '--dry-run')).stdout, /^WOULD DELETE/)
  assert.is((await bak('gc', '--older', 'soon')).status, 64)
})

bak('members --orphans lists what was not collected, and who did not answer', async () => {
  const left = { kind: 'data' as const, run: RUN, files: 1, bytes: 9, since: Date.now(), folder: '/home/work/x' }
  const { bak } = await fake({
    leftovers: yields(
      { peer: PEER, name: 'a', leftovers: [left] },
      { peer: PEER, name: 'b', leftovers: [], error: 'no answer' }
    )
  })
  const { status, stdout, stderr } = await bak('members', '--orphans')
  assert.match(stdout, new RegExp(`a +${RUN} +data +1 +9 B +\\d s +/home/work/x`))
  assert.equal([status, stderr], [69, 'b did not answer: no answer\n'])
})

bak('verify works without a daemon, and names a run that does not exist', async () => {
  const { home } = await fake()
  const alone = startBak(['--home', join(home, 'none'), 'verify', 'last'])
  const { status, stderr } = await alone.ended
  assert.is(status, 66)
  assert.match(stderr, /^bak: there is no last in /)
})

bak('without a daemon the error is one line with the command that starts one', async () => {
  const { home } = await fake()
  const { status, stdout, stderr } = await startBak(['status'], { env: { BAK_HOME: join(home, 'none') } }).ended
  assert.is(status, 69)
  assert.is(stdout, '')
  assert.is(
    stderr,
    `bak: no daemon answers at ${home}/none/bak.sock; start one with: bak-node daemon --home ${home}/none\n`
  )
})

for (const [code, expected] of [
  ['no-such-run', 66],
  ['version-clash', 76],
  ['not-allowed', 77],
  ['busy', 75],
  ['bug', 70],
  ['lost-contact', 5]
] as const) {
  bak(`the daemon's ${code} is exit status ${expected}`, async () => {
    const { bak } = await fake({ ls: fails(new BakError(code, 'so it is')) })
    const { status, stdout, stderr } = await bak('ls')
    assert.is(status, expected)
    assert.is(stdout, '')
    assert.match(stderr, /^bak: so it is[^\n]*\n$/)
  })
}

for (const words of [
  [],
  ['nosuch'],
  ['ls', '--nosuch'],
  ['ls', 'extra'],
  ['attach'],
  ['ls', '--', 'x'],
  ['completion', 'fish']
]) {
  bak(`wrong usage is exit status 64: bak ${words.join(' ')}`, async () => {
    const { status, stdout } = await startBak(words).ended
    assert.is(status, 64)
    assert.is(stdout, '')
  })
}

bak('a similar command is suggested', async () => {
  assert.is((await startBak(['stauts']).ended).stderr, "bak: unknown command 'stauts'; did you mean status?\n")
})

bak('help is on stdout, with flags, variables and examples', async () => {
  const [all, one] = await Promise.all([startBak(['--help']).ended, startBak(['help', 'members']).ended])
  assert.match(all.stdout, /\n {2}run +start a run and follow it/)
  assert.match(one.stdout, /--watch .*BAK_MEMBERS_WATCH[\s\S]*Examples:\n {2}bak members --label/)
  assert.equal([all.status, one.status], [0, 0])
})

bak('a reader that closes the pipe is no error', async () => {
  const { start } = await fake({
    async *members() {
      for (let i = 0; ; i++) yield { members: Array.from({ length: 1000 }, () => member(`m${i}`)) }
    }
  })
  const child = start(['members', '--watch'])
  await child.sees('m0')
  child.process.stdout?.destroy()
  const { status, stderr } = await child.ended
  assert.is(status, 0)
  assert.is(stderr, '')
})

bak('config prints the settings and where each comes from', async () => {
  const { home, start } = await fake()
  writeFileSync(
    join(home, 'config.toml'),
    'name = "x"\n\n[cli.run]\nquorum = "80%"\nstrict = true\n\n[allow]\nexec = ["x"]\n'
  )
  const env = { BAK_RUN_LEASE: '9', BAK_LOG: 'warn', BAK_ALLOW_TOOLS: 'light,proc' }
  const { stdout } = await start(['config', '--origin'], { env }).ended
  assert.equal(head(stdout.trim()), [
    ['KEY', 'VALUE', 'ORIGIN'],
    ['home', home, 'flag'],
    ['name', 'x', `${home}/config.toml:1`],
    ['label', '{}', 'default'],
    ['listen', '["/ip4/0.0.0.0/tcp/0"]', 'default'],
    ['announce', '[]', 'default'],
    ['relay', 'auto', 'default'],
    ['relay_limits', '{"reservations":512}', 'default'],
    ['receive_limits', '{"bytes":68719476736,"files":1000000,"tarballs":25000,"ratio":200}', 'default'],
    ['direct', 'true', 'default'],
    ['upnp', 'true', 'default'],
    ['membership', '30d', 'default'],
    ['leftovers', '30d', 'default'],
    ['forget', '1d', 'default'],
    ['log', 'warn', 'BAK_LOG'],
    ['allow.controllers', 'true', 'default'],
    ['allow.exec', '["x"]', `${home}/config.toml:8`],
    ['allow.tools', 'light,proc', 'BAK_ALLOW_TOOLS'],
    ['allow.paths', 'true', 'default'],
    ['allow.archive', 'true', 'default'],
    ['cli.run.quorum', '80%', `${home}/config.toml:4`],
    ['cli.run.lease', '9', 'BAK_RUN_LEASE'],
    ['cli.run.strict', 'true', `${home}/config.toml:5`]
  ])
})

bak('each error in the flags in config.toml is named with its line', async () => {
  const { home, bak } = await fake()
  writeFileSync(join(home, 'config.toml'), '[cli.ls]\nmash = true\n\nmesh = 3\n')
  const { status, stderr } = await bak('ls')
  assert.is(status, 78)
  const [first, second] = ['2: cli.ls.mash: is not a known key', '4: cli.ls.mesh: expected true or false']
  assert.is(stderr, `bak: ${home}/config.toml:${first}\nbak: ${home}/config.toml:${second}\n`)
})

bak('completion lists commands and flags', async () => {
  const { stdout } = await startBak(['completion', 'bash']).ended
  assert.match(stdout, /names='status info members .* help'/)
  assert.match(stdout, /\n {4}run\) flags='[^']*--quorum [^']*--dry-run/)
})

bak.run()
