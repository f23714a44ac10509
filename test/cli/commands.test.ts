/** The commands about the mesh and its tools. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallResponse, PeerReachability } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { member, PEER, useFakes, yields } from './fake.ts'

const bak = suite('commands about the mesh')
const fake = useFakes(bak)

const status = {
  settings: [],
  name: 'db-1',
  peer: PEER,
  mesh: PEER,
  home: '/x',
  program: '0.1.0',
  pid: 7,
  addresses: ['/ip4/1.2.3.4/tcp/1'],
  // the tests of other files of this process may come first
  started: Date.now() - 90 * 60_000,
  state: 'standby' as const,
  members: 3,
  connections: 2,
  driving: [],
  taking: [],
  keeps: []
}

const head = (table: string) => table.split('\n').map(row => row.split(/ {2,}/))

bak('status prints the state in words, or everything in JSON', async () => {
  const { bak } = await fake({ status: yields(status) })
  const [plain, json] = await Promise.all([bak('status'), bak('status', '--json')])
  assert.match(plain.stdout, /name: +db-1\nstate: +standby\nup: +1 h \(pid 7\)\nmembers: +3, 2 connections\n/)
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
    ['NAME', 'ROLE', 'STATE', 'PATH', 'TOOLS', 'CORES', 'MEMORY', 'OS', 'VERSION', 'AGE', 'LABELS'],
    ['a', 'controller', 'alive', 'direct', '1/2', '4', '8.0 GiB', 'Linux 6.12', '0.1.0', '1 min', 'rack=1 role=db']
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

const facts = {
  ...{ lifetime: 'transient' as const, needs: { program: 'perf', debian: 'linux-perf' }, stop: 'SIGINT' },
  settings: [{ name: 'freq', type: 'number' as const, default: 99, summary: 'samples a second' }],
  files: [{ name: 'perf.data', what: 'the samples' }]
}
const perf = { tool: 'perf', usable: true, version: '6.1', summary: 'where the processors spend their time' }

bak('tools are a line each, with the reasons of those who cannot use them', async () => {
  const { bak } = await fake({
    async *'describe-tools'({ tool }) {
      const own = { tool: 'own', usable: true, reason: 'own: less of it', summary: 'mine', owners: true }
      yield { name: 'a', peer: PEER, tools: tool == null ? [perf, own] : [{ ...perf, detail: facts }], damaged: [] }
      const no = { ...perf, usable: false, version: undefined, reason: 'perf: not installed' }
      yield {
        name: 'b',
        peer: PEER,
        tools: tool == null ? [no] : [],
        damaged: [{ tool: 'own', why: 'tools.d/own.toml:1: x' }]
      }
      yield { name: 'c', tools: [], damaged: [], error: 'lost' }
    }
  })
  assert.is(
    (await bak('tools')).stdout,
    [
      'TOOL  USABLE',
      'perf  1 of 2  where the processors spend their time',
      '    b: not installed',
      'own   1 of 2  mine',
      '    a: less of it',
      '    b: tools.d/own.toml:1: x',
      '',
      'c: lost',
      ''
    ].join('\n')
  )
  const { stdout } = await bak('tools', 'perf')
  for (const line of [
    'perf: where the processors spend their time',
    'needs:      the program perf (Debian: linux-perf)',
    'lifetime:   transient: from start to stop of each sample',
    'stopped by: SIGINT',
    'freq    number  99       samples a second',
    'perf.data  the samples',
    'usable on 1 of 2',
    'a       yes     6.1      -',
    'b       no      -        tools.d/own.toml:1: x'
  ])
    assert.ok(stdout.split('\n').includes(line), `${line}\n${stdout}`)
  assert.is(JSON.parse((await bak('tools', '--json')).stdout).members.length, 3)
})

bak('a tool that no member has is refused with the nearest', async () => {
  const { bak } = await fake({
    async *'describe-tools'({ tool }) {
      yield { name: 'a', peer: PEER, tools: tool == null ? [perf] : [], damaged: [] }
    }
  })
  const { status, stderr } = await bak('tools', 'pref')
  assert.equal([status, stderr], [64, 'bak: pref: no member has this tool; did you mean perf?\n'])
})

bak('tools are registered with options, listed and cleared', async () => {
  const asked: unknown[] = []
  const registered = [
    { group: 'db', tool: 'perf', options: ['-a'], interval: 5, label: 'server' },
    { group: 'db', tool: 'dump', options: [], command: ['tcpdump', '-i', 'eth0'], label: 'server' },
    { group: 'web', tool: 'sar', options: [] }
  ]
  const members = [
    member('b', { registered: [{ group: 'web', tool: 'vmstat', options: [] }], state: 'lost' }),
    member('a', { registered })
  ]
  const { bak } = await fake({
    tools: yields({ members }),
    members: yields({ members }),
    async *register(request) {
      asked.push(request)
      const tools = request.add.map(({ tool }) => ({ tool, usable: true }))
      yield { peer: PEER, name: 'a', registered: request.add.length > 0 ? registered : [], tools }
    }
  })
  assert.is(
    (await bak('tools', 'register', 'perf', '--on', 'role=db', '-g', 'db', '--label', 'server', '-i', '5s', '--', '-a'))
      .stdout,
    '"perf" tool is now registered for host "a", with label "server", in group "db"\n'
  )
  assert.is((await bak('tools', 'clear')).stdout, 'group: default; host: a; tools: none\n')
  assert.equal(asked, [
    { on: 'role=db', group: 'db', add: [{ tool: 'perf', options: ['-a'], interval: 5, label: 'server' }] },
    { on: 'all', group: 'default', add: [] }
  ])
  assert.is(
    (await bak('tools', 'list')).stdout,
    'group: db; host: a, label: server; tools: perf, dump\ngroup: web; host: a; tools: sar\ngroup: web; host: b (lost); tools: vmstat\n'
  )
  assert.is(
    (await bak('tools', 'registered', '--group', 'db', '--with-option')).stdout,
    'group: db; host: a, label: server; tools: perf[--interval=5 -a], dump[tcpdump -i eth0]\n'
  )
  assert.is((await bak('tools', 'list', '--name', 'sar')).stdout, 'group: web; host: a; tools: sar\n')
})

bak('what a member cannot run is named: of a set without failing, by its own name with 78', async () => {
  const tools = [
    { tool: 'vmstat', usable: true },
    { tool: 'sar', usable: false, reason: 'sar: not found on PATH' }
  ]
  const registered = [{ group: 'default', tool: 'vmstat', options: [] }]
  const { bak } = await fake({ register: yields({ peer: PEER, name: 'a', registered, tools }) })
  const said =
    '"vmstat" tool is now registered for host "a" in group "default"\n"sar" tool cannot run on host "a": not found on PATH; it is not registered there\n'
  assert.equal(await bak('tools', 'register-set', 'medium'), { status: 0, stdout: said, stderr: '' })
  assert.equal(await bak('tools', 'register', 'vmstat', 'sar'), { status: 78, stdout: said, stderr: '' })
})

const wrongWords: Array<[words: string[], why: RegExp]> = [
  [['register'], /a tool is missing/],
  [['register-set'], /a set of tools is missing/],
  [['register-set', 'vmstat'], /vmstat: no set of tools/],
  [['register-set', 'none'], /none: no set of tools/],
  [['register', 'sar', '--on', 'a', '--remotes', 'b'], /--remotes and --on: give one/],
  [['register', 'sar', '--remotes', 'a,b', '--labels', 'x'], /--labels: 1 for 2 of --remotes/],
  [['register', 'sar', '--labels', 'x'], /--labels is for --remotes/],
  [['register', 'sar', '--remotes', 'a b'], /"a b" is no name of a host/],
  [['register', 'sar', '--label', 'a b'], /"a b": expected letters/],
  [['register', 'sar', '--remotes', '@hosts', '--labels', 'x'], /the lines of @hosts have the labels/],
  [['register', 'sar', '--remotes', '@/no/such/file'], /cannot read the file of hosts \/no\/such\/file/],
  [['register', 'sar', '--persistent', '--transient'], /give one of them/],
  [['trigger', '--start', 'x'], /--stop is missing/],
  [['trigger', '--clear', '--start', 'x'], /--clear takes no --start/]
]
for (const [words, why] of wrongWords) {
  bak(`bak tools ${words.join(' ')} is refused in words`, async () => {
    const { bak } = await fake({})
    const { status, stderr } = await bak('tools', ...words)
    assert.is(status, 64, stderr)
    assert.match(stderr, why)
  })
}

bak('a file of hosts has a line for each, with its label; mistakes are named by their lines', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-hosts-'))
  const file = join(folder, 'hosts')
  const asked: string[] = []
  const { bak } = await fake({
    async *register({ on, add }) {
      asked.push(`${on}:${add[0]?.label ?? ''}`)
      if (on === 'gone') throw new BakError('no-such-peer', 'no member fits "gone"')
      yield { peer: PEER, name: on, registered: [], tools: [] }
    }
  })
  try {
    writeFileSync(file, '# clients\na, client\n\n  b\ngone\n')
    const found = await bak('tools', 'register', 'sar', `--remotes=@${file}`)
    assert.equal([found.status, found.stdout], [66, 'gone: no member fits "gone"\n'])
    assert.equal(asked, ['a:client', 'b:', 'gone:'])
    writeFileSync(file, 'a,b,c\n\n!?\nd,e f\n')
    const { status, stderr } = await bak('tools', 'register', 'sar', '--remote', `@${file}`)
    assert.is(status, 64)
    assert.match(
      stderr,
      /hosts:1: has 3 fields; expected host\[,label\]\n.*hosts:3: "!\?" is no name of a host\n.*hosts:4: "e f" is no label/
    )
    writeFileSync(file, '# nobody\n')
    assert.match((await bak('tools', 'register', 'sar', '--remotes', `@${file}`)).stderr, /names no host/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

bak('a trigger is registered, listed and removed', async () => {
  const asked: unknown[] = []
  const trigger = { group: 'db', start: '^go', stop: '^end' }
  const { bak } = await fake({
    tools: yields({ members: [member('a', { triggers: [trigger] })] }),
    async *register(request) {
      asked.push(request)
      yield { peer: PEER, name: 'a', registered: [], tools: [], triggers: request.trigger == null ? [] : [trigger] }
    }
  })
  const said = 'group: db; host: a; trigger: from /^go/ to /^end/\n'
  const noted = said.replace('\n', '; tools: none\n')
  assert.is((await bak('tools', 'trigger', '-g', 'db', '--start', '^go', '--stop', '^end')).stdout, noted)
  assert.is((await bak('tools', 'trigger')).stdout, said)
  assert.is((await bak('tools', 'trigger', '-g', 'db', '--clear')).stdout, 'group: db; host: a; trigger: none\n')
  assert.equal(asked, [
    { on: 'all', group: 'db', add: [], trigger: { start: '^go', stop: '^end' } },
    { on: 'all', group: 'db', add: [], dropTrigger: true }
  ])
})

bak('the command fails if a member cannot register tools', async () => {
  const { bak } = await fake({
    register: yields({ peer: PEER, name: 'a', registered: [], tools: [], error: 'not allowed' })
  })
  assert.equal(await bak('tools', 'register', 'x'), { status: 78, stdout: 'a: not allowed\n', stderr: '' })
})

bak('a member whose disk is full fails it as a full disk does', async () => {
  const error = 'no space left on the disk'
  const { bak } = await fake({
    register: yields({ peer: PEER, name: 'a', registered: [], tools: [], error, code: 'no-space' })
  })
  assert.is((await bak('tools', 'register', 'x')).status, 74)
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

bak.run()
