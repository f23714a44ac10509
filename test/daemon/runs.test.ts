import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isPhase, record, startRun, useTestnet } from '../helpers/mesh.ts'

const runs = suite('runs')
const net = useTestnet(runs, {
  peers: ['a', 'b', 'c'],
  args: name => ['--label', name === 'c' ? 'archive=true' : 'role=db']
})

const members = (run: { run: string }, peer = 'c') => record(net(), peer, run.run).roster.map(each => each.name)

runs('a run from any peer leaves the tool data of each member, and a chain of certificates that verifies', async () => {
  const run = await startRun(net(), 'c', ['--tools', 'proc,vmstat', '--', 'sleep', '1'])
  assert.is((await run.finished).status, 0)
  const sample = join(net().peer('c').home, 'runs', run.run, '1-default/sample1')
  for (const name of ['a', 'b', 'c']) {
    assert.ok(readFileSync(join(sample, 'tools-default', name, 'proc/cpu.csv'), 'utf8').length > 0)
    assert.match(readFileSync(join(sample, 'tools-default', name, 'vmstat/vmstat-stdout.txt'), 'utf8'), /procs/)
  }
  const verified = await net().bak('c', ['verify', run.run, '--json'])
  assert.is(verified.status, 0, verified.stderr)
  const report = JSON.parse(verified.stdout)
  assert.is(report.checked.certificates, 11)
  assert.ok(report.checked.signatures > 30)
})

runs('a controller that takes part gives every large tarball of its own a turn, sample after sample', async () => {
  const file = join(net().folder, 'large.toml')
  const command = '["sh", "-c", "head -c 200000 /dev/urandom; exec sleep 1000"]'
  writeFileSync(
    file,
    `tools = ["large"]\n[tool.large]\ncommand = ${command}\n[policy]\ntransfers = 1\nsend_timeout = 20\n`
  )
  const run = await startRun(net(), 'c', [file, '--samples', '3', '--', 'true'])
  assert.is((await run.finished).status, 0)
  const sent = record(net(), 'c', run.run).sent.filter(each => each.name === 'c' && each.bytes > 64 * 1024)
  assert.is(sent.length, 3)
})

runs('phases come in the legal order, and none begins before the certificate of the one before', async () => {
  const run = await startRun(net(), 'b', [
    '--tools',
    'proc',
    '--samples',
    '2',
    '--iteration',
    'x',
    '--iteration',
    'y 1',
    '--',
    'echo'
  ])
  assert.is((await run.finished).status, 0)
  const marks = run.events.filter(e => e.type === 'phase-open' || e.type === 'phase-closed') as Array<{
    type: string
    phase: string
    seq: number
  }>
  assert.equal(
    marks.map(e => e.type),
    marks.map((_, i) => (i % 2 === 0 ? 'phase-open' : 'phase-closed'))
  )
  const sample = ['start', 'work', 'stop', 'send']
  assert.equal(
    marks.filter(e => e.type === 'phase-open').map(e => e.phase),
    ['join', 'stage', 'sysinfo', 'init', ...sample, ...sample, ...sample, ...sample, 'end', 'sysinfo', 'terminate']
  )
  const folder = join(net().peer('b').home, 'runs', run.run)
  assert.equal(
    readdirSync(folder)
      .filter(name => /^\d/.test(name))
      .sort(),
    ['1-x', '2-y']
  )
  assert.equal(readdirSync(join(folder, '2-y')).sort(), ['sample1', 'sample2'])
  assert.is(readFileSync(join(folder, '2-y/sample2/workload/b/stdout.txt'), 'utf8'), '1\n')
})

runs('all begin at an agreed instant, and how far apart they were is recorded', async () => {
  const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'true'])
  assert.is((await run.finished).status, 0)
  const [skew] = record(net(), 'a', run.run).skew
  assert.ok(skew != null && skew.skew >= 0 && skew.skew < 1_000, JSON.stringify(skew))
})

runs('the workload has the caller’s folder and environment, and is told where it is', async () => {
  const script = 'pwd; echo "$MINE $BAK_ITERATION $BAK_SAMPLE $BAK_RANK"; echo out > "$BAK_OUT/extra.txt"'
  const child = await net().bak(
    'c',
    ['run', '--tools', 'none', '--quiet', '--iteration', 'it', '--', 'sh', '-c', script],
    { cwd: '/usr', env: { MINE: 'a-secret-word' } }
  )
  assert.is(child.status, 0, child.stderr)
  const work = join(child.stdout.trim().split('\n').at(-1) as string, '1-it/sample1/workload/c')
  assert.is(readFileSync(join(work, 'stdout.txt'), 'utf8'), '/usr\na-secret-word it 1 2\n')
  assert.ok(existsSync(join(work, 'extra.txt')))
  assert.not.match(
    readFileSync(join(work, '../../../../run.json'), 'utf8'),
    /a-secret-word/,
    'the environment stays on the machine'
  )
})

runs('two runs at once from different peers have disjoint results', async () => {
  const both = await Promise.all(['a', 'b'].map(peer => startRun(net(), peer, ['--tools', 'proc', '--', 'sleep', '1'])))
  for (const [i, run] of both.entries()) {
    assert.is((await run.finished).status, 0)
    assert.equal(members(run, ['a', 'b'][i]), ['a', 'b', 'c'])
    const sent = record(net(), ['a', 'b'][i] as string, run.run).sent.filter(each => each.what.startsWith('1-'))
    assert.equal(sent.map(each => each.name).sort(), ['a', 'b', 'c'])
  }
})

runs('a run that goes on is listed on every peer with its controller and phase', async () => {
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'sleep', '4'])
  await run.until(event => event.type === 'workload-started')
  const seen = async () => {
    const { stdout } = await net().bak('c', ['ps', '--json'])
    return JSON.parse(stdout).runs.find((each: { run: string }) => each.run === run.run)
  }
  assert.is((await seen())?.controller.name, 'a')
  // the mesh hears how `start` ended within a second: the workload follows
  const until = performance.now() + 4_000
  while ((await seen())?.phase !== 'work') assert.ok(performance.now() < until, 'c has not heard of the workload')
  const busy = await net().members('c')
  assert.ok(busy.every(member => member.state === 'busy'))
  await run.finished
})

runs('--on chooses the members; a controller that is not one of them only drives', async () => {
  const run = await startRun(net(), 'c', ['--on', 'role=db', '--tools', 'proc', '--', 'echo', 'driven'])
  assert.is((await run.finished).status, 0)
  const { roster, sent } = record(net(), 'c', run.run)
  assert.equal(
    roster.filter(each => each.driver !== true).map(each => each.name),
    ['a', 'b']
  )
  assert.equal(
    sent
      .filter(each => each.what.startsWith('1-'))
      .map(each => each.name)
      .sort(),
    ['a', 'b', 'c']
  )
  const sample = join(net().peer('c').home, 'runs', run.run, '1-default/sample1')
  assert.equal(readdirSync(join(sample, 'tools-default')).sort(), ['a', 'b'])
  assert.equal(readdirSync(join(sample, 'workload')), ['c'])
})

runs('groups have tools of their own', async () => {
  const file = join(net().folder, 'groups.toml')
  writeFileSync(
    file,
    'command = ["true"]\ntools = []\n[[groups]]\nname = "db"\non = "role=db"\ntools = ["vmstat"]\n[[groups]]\nname = "rest"\non = "c"\ntools = ["proc"]\n'
  )
  const run = await startRun(net(), 'a', [file])
  assert.is((await run.finished).status, 0)
  const sample = join(net().peer('a').home, 'runs', run.run, '1-default/sample1')
  assert.equal(readdirSync(join(sample, 'tools-db')).sort(), ['a', 'b'])
  assert.equal(readdirSync(join(sample, 'tools-rest')), ['c'])
  assert.equal(readdirSync(join(sample, 'tools-rest/c')), ['proc'])
})

runs('tools that are registered on a peer are listed everywhere, and used where none are named', async () => {
  const registered = await net().bak('c', ['tools', 'register', 'light', '--on', 'a'])
  assert.is(registered.status, 0, registered.stderr)
  await net().until('b', members => members.some(m => m.name === 'a' && m.registered.some(r => r.tool === 'vmstat')))
  const listed = await net().bak('b', ['tools', 'list'])
  assert.match(listed.stdout, /vmstat/)
  const run = await startRun(net(), 'b', ['--', 'true'])
  assert.is((await run.finished).status, 0)
  const sample = join(net().peer('b').home, 'runs', run.run, '1-default/sample1/tools-default')
  assert.equal(readdirSync(join(sample, 'a')), ['vmstat'])
  assert.equal(readdirSync(join(sample, 'b')), ['proc'])
  assert.is((await net().bak('c', ['tools', 'clear', '--on', 'a'])).status, 0)
})

runs('--expect waits for members, and says who is there when they do not come', async () => {
  const { status, stderr } = await net().bak('a', [
    'run',
    '--expect',
    '4',
    '--join-timeout',
    '1',
    '--tools',
    'none',
    '--',
    'true'
  ])
  assert.is(status, 3)
  assert.match(stderr, /4 of 4 expected members.* 3 are here .*: a, b, c/)
  net().add('d')
  const run = await startRun(net(), 'a', ['--expect', '4', '--tools', 'none', '--', 'true'])
  await run.until(event => event.type === 'waiting')
  await net().startPeer('d')
  assert.is((await run.finished).status, 0)
  assert.equal(members(run, 'a'), ['a', 'b', 'c', 'd'])
  await net().stopPeer('d')
})

runs('the same --key gives the same run', async () => {
  const again = () => startRun(net(), 'a', ['--key', 'nightly-1', '--tools', 'none', '--', 'true'])
  const [first, twin] = await Promise.all([again(), again()])
  assert.is(twin.run, first.run, 'also when both ask at once')
  await first.finished
  const second = await again()
  assert.is(second.run, first.run)
  assert.is((await second.finished).status, 0)
})

runs('--dry-run shows roster, tools and phases, and starts nothing', async () => {
  const before = (await net().bak('a', ['ls', '--json'])).stdout
  const { status, stdout } = await net().bak('a', [
    'run',
    '--dry-run',
    '--samples',
    '2',
    '--tools',
    'proc',
    '--',
    'true'
  ])
  assert.is(status, 0)
  assert.match(stdout, /send 1-default\/2/)
  assert.is((await net().bak('a', ['ls', '--json'])).stdout, before)
})

runs('--detach prints the id only, and the run goes on', async () => {
  const { status, stdout } = await net().bak('a', ['run', '--detach', '--tools', 'none', '--', 'sleep', '1'])
  assert.is(status, 0)
  assert.match(stdout, /^\d{8}T\d{6}-[a-z0-9]{6}\n$/)
  const attached = await net().bak('b', ['attach', stdout.trim()])
  assert.is(attached.status, 0, attached.stderr)
})

runs('a drained peer takes no new runs, still answers, and takes them again', async () => {
  for await (const { state } of net().call('b', 'drain', { on: true })) assert.is(state, 'draining')
  await net().until('a', members => members.some(m => m.name === 'b' && m.state === 'draining'))
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.equal(members(run, 'a'), ['a', 'c'])
  assert.is((await net().bak('b', ['status'])).status, 0)
  assert.is((await net().bak('b', ['run', '--tools', 'none', '--', 'true'])).status, 75)
  for await (const _ of net().call('b', 'drain', { on: false }));
})

runs('--sysinfo none leaves the snapshots out', async () => {
  const run = await startRun(net(), 'a', ['--sysinfo', 'none', '--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.not.ok(run.events.some(isPhase('sysinfo')))
  assert.not.ok(existsSync(join(net().peer('a').home, 'runs', run.run, 'sysinfo')))
})

runs('a result moves to a peer that archives, verified there, and to no other', async () => {
  const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'true'])
  await run.finished
  const refused = await net().bak('a', ['move', run.run, 'b'])
  assert.is(refused.status, 77, refused.stderr)
  assert.ok(existsSync(join(net().peer('a').home, 'runs', run.run)))
  const moved = await net().bak('a', ['move', run.run, 'c'])
  assert.is(moved.status, 0, moved.stderr)
  assert.not.ok(existsSync(join(net().peer('a').home, 'runs', run.run)))
  assert.is((await net().bak('c', ['verify', run.run])).status, 0)
})

runs('a daemon that was started with --once leaves after its run, in order', async () => {
  const { child } = net().add('guest')
  assert.is(child, undefined)
  await net().startPeer('guest', undefined, ['--once'])
  const guest = net().peer('guest').child
  const left = new Promise<number | null>(resolve => guest?.once('exit', resolve))
  const run = await startRun(net(), 'a', ['--expect', '4', '--tools', 'proc', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.ok(members(run, 'a').includes('guest'))
  assert.is(await left, 0)
  await net().until('a', all => !all.some(m => m.name === 'guest' && m.state !== 'left'))
})

runs('nothing of any run is left on the members when it is over', async () => {
  await net().until('a', members => members.every(m => m.state !== 'busy'))
  for (const { name, home } of net().peers) {
    if (!['d', 'guest'].includes(name)) assert.equal(readdirSync(join(home, 'work')), [], `work of ${name}`)
  }
})

runs.run()
