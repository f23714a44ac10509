/** Tools that are registered on peers, with real daemons: from any peer, for groups, with labels, and after their peer is gone. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { expandTools } from '../../protocols/spec.ts'
import { isPhase, processesWith, record, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'

const registration = suite('tools that are registered')
const net = useTestnet(registration, {
  peers: ['a', 'b', 'c'],
  args: name => ['--label', name === 'c' ? 'role=client' : 'role=db']
})

const tools = async (peer: string, ...words: string[]) => await net().bak(peer, ['tools', ...words])
const clearAll = async (...groups: string[]) => {
  const { status, stderr } = await tools('a', 'clear', '--group', groups.join(','))
  assert.is(status, 0, stderr)
}
/** Until each peer knows of so many registrations in all. */
const untilKnown = async (count: number) => {
  for (const peer of net().peers.filter(({ child }) => child != null))
    await net().until(peer.name, all => all.reduce((sum, each) => sum + each.registered.length, 0) === count)
}
const sampleOf = (peer: string, run: string) => join(net().peer(peer).home, 'runs', run, '1-default/sample1')
/** `group/member/tool` of each folder of a tool. */
const foldersIn = (sample: string) =>
  readdirSync(sample)
    .filter(each => each.startsWith('tools-'))
    .flatMap(group =>
      readdirSync(join(sample, group)).flatMap(member =>
        readdirSync(join(sample, group, member)).map(tool => `${group.slice(6)}/${member}/${tool}`)
      )
    )
    .sort()
const own = (mark: string) => `echo begin; exec sleep ${mark}`

registration('are listed on every peer, and run from any of them by their group', async () => {
  const said = await tools('c', 'register', 'proc', '--group', 'net', '--remotes', 'a,b', '--labels', 'client,server')
  assert.is(said.status, 0, said.stderr)
  assert.is(
    said.stdout,
    '"proc" tool is now registered for host "a", with label "client", in group "net"\n"proc" tool is now registered for host "b", with label "server", in group "net"\n'
  )
  await untilKnown(2)
  const listed = 'group: net; host: a, label: client; tools: proc\ngroup: net; host: b, label: server; tools: proc\n'
  for (const peer of ['a', 'b', 'c']) assert.is((await tools(peer, 'list')).stdout, listed)
  const run = await startRun(net(), 'c', ['--group', 'net', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.equal(foldersIn(sampleOf('c', run.run)), ['net/a/proc', 'net/b/proc'])
  const { roster } = record(net(), 'c', run.run)
  assert.equal(
    roster.map(each => each.tools.map(({ group, label }) => `${each.name} ${group} ${label}`)),
    [['a net client'], ['b net server'], []]
  )
  const folder = join(net().peer('c').home, 'runs', run.run)
  assert.match(readFileSync(join(folder, 'metadata.log'), 'utf8'), /\[tools\/b\]\nlabel = server\ntools = proc\n/)
  assert.is((await net().bak('c', ['verify', run.run])).status, 0)
  const one = await startRun(net(), 'a', ['--on', 'label=server', '--group', 'net', '--', 'true'])
  assert.is((await one.finished).status, 0)
  const names = record(net(), 'a', one.run).roster.flatMap(({ name, driver }) => (driver ? [] : [name]))
  assert.equal(names, ['b'])
  await clearAll('net')
})

registration('run only in their group: in two runs at once, and as two groups of one run', async () => {
  const [one, two] = [uniqueSleep(), uniqueSleep()]
  for (const [group, mark] of [
    ['one', one],
    ['two', two]
  ] as const) {
    const said = await tools('a', 'register', '--group', group, '--tool', `${group}=${own(mark)}`)
    assert.is(said.status, 0, said.stderr)
  }
  await untilKnown(6)
  const running = () => [one, two].map(mark => processesWith(`sleep ${mark}`).length)
  const done = join(net().folder, 'done')
  const wait = ['sh', '-c', `while [ ! -e ${done} ]; do sleep 0.1; done`]
  const first = await startRun(net(), 'a', ['--group', 'one', '--', ...wait])
  await first.until(isPhase('work'))
  assert.equal(running(), [3, 0])
  const second = await startRun(net(), 'b', ['--group', 'two', '--', 'sleep', '1'])
  await second.until(isPhase('work'))
  assert.equal(running(), [3, 3])
  assert.is((await second.finished).status, 0)
  assert.equal(running(), [3, 0], 'the end of one run stops its own tools')
  writeFileSync(done, '')
  assert.is((await first.finished).status, 0)
  assert.equal(running(), [0, 0])
  assert.equal(foldersIn(sampleOf('a', first.run)), ['one/a/one', 'one/b/one', 'one/c/one'])
  assert.equal(foldersIn(sampleOf('b', second.run)), ['two/a/two', 'two/b/two', 'two/c/two'])
  const both = await startRun(net(), 'c', ['--group', 'one', '--group', 'two', '--on', 'a,b', '--', 'sleep', '0.5'])
  await both.until(isPhase('work'))
  assert.equal(running(), [2, 2])
  assert.is((await both.finished).status, 0)
  assert.equal(foldersIn(sampleOf('c', both.run)), ['one/a/one', 'one/b/one', 'two/a/two', 'two/b/two'])
  await clearAll('one', 'two')
})

registration('cannot be what a peer lacks, which is said at once; of a set it gets what it can run', async () => {
  const lacking = await tools('a', 'register', '--tool', 'x=no-such-program -v', '--on', 'b')
  assert.is(lacking.status, 78)
  assert.match(lacking.stdout, /"x" tool cannot run on host "b": no-such-program not found.*it is not registered there/)
  const forced = await tools('a', 'register', '--tool', 'x=no-such-program -v', '--on', 'b', '--no-install')
  assert.is(forced.status, 0, forced.stdout)
  await untilKnown(1)
  const run = await startRun(net(), 'a', ['--', 'true'])
  assert.is((await run.finished).status, 0)
  const lack = record(net(), 'a', run.run).shortfalls.map(({ member, what }) => `${what} on ${member}`)
  assert.equal(lack, ['x on b'])
  await clearAll('default')
  const set = await tools('c', 'register-set', 'heavy', '--group', 'h', '--on', 'a', '--interval', '1')
  assert.is(set.status, 0, set.stdout)
  const lines = set.stdout.trim().split('\n')
  assert.equal(
    lines.map(line => /^"([^"]+)" tool (is now registered|cannot run)/.exec(line)?.[1]),
    expandTools(['heavy'])
  )
  const kept = lines.filter(line => line.includes('is now registered')).map(line => line.split('"')[1])
  const listed = JSON.parse((await tools('a', 'list', '--json')).stdout)
  assert.equal(
    listed.tools.map((each: { tool: string; interval: number }) => [each.tool, each.interval]),
    kept.map(tool => [tool, 1])
  )
  await clearAll('h')
})

registration(
  'wrongly asked for are refused: an unknown tool, an option that it lacks, a group that nobody has',
  async () => {
    const unknown = await tools('a', 'register', 'vmstatt', '--on', 'b')
    assert.equal([unknown.status, /did you mean vmstat/.test(unknown.stdout)], [64, true], unknown.stdout)
    const option = await tools('a', 'register', 'proc', '--on', 'b', '--', '--colour=red')
    assert.equal([option.status, /colour/.test(option.stdout)], [64, true], option.stdout)
    const group = await net().bak('a', ['run', '--group', 'nosuch', '--', 'true'])
    assert.equal([group.status, /group nosuch: no peer has tools/.test(group.stderr)], [64, true], group.stderr)
  }
)

registration('on a peer that has gone are named when a run begins, and by a dry run', async () => {
  assert.is((await tools('a', 'register', 'proc', '--group', 'db', '--on', 'role=db')).status, 0)
  await untilKnown(2)
  await net().stopPeer('b', 'SIGKILL')
  await net().until('a', all => all.some(each => each.name === 'b' && each.state === 'lost'))
  assert.match((await tools('a', 'list')).stdout, /group: db; host: b \(lost\); tools: proc\n/)
  const words = ['run', '--group', 'db', '--strict', '--sysinfo', 'none', '--', 'true']
  const dry = await net().bak('a', [...words.slice(0, -2), '--dry-run', '--', 'true'])
  assert.is(dry.status, 2, dry.stdout + dry.stderr)
  const run = await net().bak('a', words)
  assert.is(run.status, 2)
  assert.match(run.stderr, /proc on b: registered there for group db, and b is lost/)
  await net().startPeer('b')
  await net().until('a', all => all.some(each => each.name === 'b' && each.state === 'alive'))
  // it has kept them
  const again = await startRun(net(), 'c', ['--group', 'db', '--', 'true'])
  assert.is((await again.finished).status, 0)
  assert.equal(foldersIn(sampleOf('c', again.run)), ['db/a/proc', 'db/b/proc'])
  await clearAll('db')
})

registration('are not needed for tool lines of a run file: without hosts they are for all members', async () => {
  const file = join(net().folder, 'tools.toml')
  writeFileSync(
    file,
    `tools = ["proc", "mine"]\nsysinfo = "none"\n[tool.proc]\ninterval = 0.5\n[tool.mine]\ncommand = ["/bin/sh", "-c", "echo hello; exec sleep 60"]\n`
  )
  const run = await startRun(net(), 'a', [file, '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.equal(
    foldersIn(sampleOf('a', run.run)),
    ['a', 'b', 'c'].flatMap(name => [`default/${name}/mine`, `default/${name}/proc`])
  )
})

registration('have other options on some members, by a selector and by rank; what is for nobody is named', async () => {
  const file = join(net().folder, 'override.toml')
  const say = (word: string) => JSON.stringify(['-c', `echo ${word}; exec sleep 60`])
  writeFileSync(
    file,
    `tools = ["x"]\nsysinfo = "none"\n[tool.x]\ncommand = ["/bin/sh"]\noptions = ${say('usual')}
[[tool.x.override]]\non = "role=client"\noptions = ${say('client')}
[[tool.x.override]]\nrank = "1"\noptions = ${say('second')}
[[tool.x.override]]\nrank = "7-9"\ninterval = 1
[[tool.x.override]]\non = "role=nobody"\ninterval = 1\n`
  )
  const run = await startRun(net(), 'a', [file, '--', 'sleep', '0.3'])
  assert.is((await run.finished).status, 0)
  const said = ['a', 'b', 'c'].map(name =>
    readFileSync(join(sampleOf('a', run.run), `tools-default/${name}/x/x-stdout.txt`), 'utf8').trim()
  )
  assert.equal(said, ['usual', 'second', 'client'])
  const { shortfalls } = record(net(), 'a', run.run)
  const named = shortfalls.map(({ what, reason }) => `${what}: ${reason}`)
  const nobody = [
    'override of x: no member of the run fits "role=nobody"',
    'override of x: no member has a rank of 7-9: the last one is 2'
  ]
  assert.equal(named, nobody)
  const dry = await net().bak('a', ['run', file, '--dry-run', '--json', '--', 'true'])
  assert.equal(
    JSON.parse(dry.stdout).shortfalls.map(({ what, reason }: { what: string; reason: string }) => `${what}: ${reason}`),
    nobody
  )
  assert.is((await net().bak('a', ['verify', run.run])).status, 0)
})

registration.run()
