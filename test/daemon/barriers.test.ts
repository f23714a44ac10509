/** Calls of workloads on several members: real daemons. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Started, startRun, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const barriers = suite('calls of workloads on several members')
const net = useTestnet(barriers, { peers: ['a', 'b', 'c', 'd'] })

interface Workload {
  name: string
  command: string
  on?: string
  instances?: number
  role?: string
  env?: object
  ready?: object
}

/** Starts a run of workloads on a, b and c, from c. */
function start(workloads: Workload[], more = ''): Promise<Started> {
  const path = join(net().folder, `run-${Math.random()}.toml`)
  const tables = workloads.map(({ ready, ...each }) => {
    const lines = Object.entries(each).map(([key, value]) => `${key} = ${toml(value)}`)
    return `[[workload]]\n${[...lines, ...(ready == null ? [] : [`ready = ${toml(ready)}`])].join('\n')}\n`
  })
  const all = 'on = "a,b,c"\nsysinfo = "none"\ntools = []\n'
  writeFileSync(path, `${all}${more}\n${tables.join('\n')}`)
  return startRun(net(), 'c', [path])
}

const toml = (value: unknown): string =>
  typeof value === 'object'
    ? `{ ${Object.entries(value as object)
        .map(([key, each]) => `${key} = ${toml(each)}`)
        .join(', ')} }`
    : JSON.stringify(value)

const fileOf = ({ run }: Started, member: string, workload: string, file: string) =>
  readFileSync(join(net().peer('c').home, 'runs', run, '1-default/sample1/workload', member, workload, file), 'utf8')

barriers('the scripts of all members leave a barrier together, two hundred times', async () => {
  const script = 'i=0; while [ $i -lt 200 ]; do bak barrier x || exit 1; i=$((i+1)); done; echo $i'
  const run = await start([{ name: 'load', command: script }])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  for (const member of ['a', 'b', 'c']) assert.is(fileOf(run, member, 'load', 'stdout.txt'), '200\n')
})

barriers('values and messages reach the scripts of other members, whoever comes first', async () => {
  const first =
    'bak put address 10.0.0.1; for i in 1 2 3; do bak publish news "news $i"; done; bak barrier all --group all'
  const others = 'bak get address; bak barrier all --group all; bak subscribe news --count 3 --timeout 20'
  const run = await start([
    { name: 'first', command: first, on: 'b' },
    { name: 'others', command: others, instances: 2 }
  ])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  for (const member of ['a', 'b', 'c']) {
    for (const i of [1, 2]) {
      assert.is(fileOf(run, member, `others.${i}`, 'stdout.txt'), '10.0.0.1\nnews 1\nnews 2\nnews 3\n')
    }
  }
})

barriers('an instance that has ended is named to those who wait, with its member', async () => {
  const script = 'if [ $BAK_RANK = 1 ]; then sleep 2; else bak barrier x --timeout 30; echo $?; fi'
  const run = await start([{ name: 'load', command: script }])
  assert.is((await run.finished).status, 0)
  for (const member of ['a', 'c']) {
    assert.is(fileOf(run, member, 'load', 'stdout.txt'), '1\n')
    assert.match(
      fileOf(run, member, 'load', 'stderr.txt'),
      /^bak: barrier x: 2 of 3 have come; not here: b\/load \(has ended\)$/m
    )
  }
})

barriers('groups are workloads, groups of the run, and all', async () => {
  const script = 'bak barrier own && bak barrier two --group pair && bak barrier all --group all --timeout 20; echo $?'
  const run = await start(
    [
      { name: 'load', command: script, on: 'a,b' },
      { name: 'other', command: 'bak barrier own; bak barrier all --group all --timeout 20; echo $?', on: 'c' }
    ],
    '[[groups]]\nname = "pair"\non = "a,b"\ntools = []\n'
  )
  assert.is((await run.finished).status, 0)
  for (const member of ['a', 'b']) assert.is(fileOf(run, member, 'load', 'stdout.txt'), '0\n')
  assert.is(fileOf(run, 'c', 'other', 'stdout.txt'), '0\n')
})

barriers('a server can be called to by those who come later, and marks of all are events of the run', async () => {
  const run = await start([
    {
      name: 'server',
      role: 'server',
      on: 'a',
      command: 'bak put port 5201; echo up; exec sleep 60',
      ready: { line: 'up' }
    },
    { name: 'load', command: 'bak period begin steady; bak get port; bak sample rate 5 MB/s; bak period end steady' }
  ])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  for (const member of ['a', 'b', 'c']) {
    assert.is(fileOf(run, member, 'load', 'stdout.txt'), '5201\n')
    assert.match(
      fileOf(run, member, 'load', 'metrics.ndjson'),
      /"type":"sample","name":"rate","value":5,"unit":"MB\/s"/
    )
  }
  const periods = run.events.flatMap(event => (event.type === 'period' ? [`${event.by} ${event.edge}`] : []))
  assert.equal(
    periods.sort(),
    ['a', 'b', 'c'].flatMap(each => [`${each}/load begin`, `${each}/load end`])
  )
})

barriers('a workload reaches its own socket only: not the daemon’s, nor that of another user', async () => {
  const sockets = ['a', 'b', 'c'].map(name => join(net().peer(name).home, 'bak.sock')).join(' ')
  const connect = `perl -e 'for (@ARGV) { socket(my $s, 1, 1, 0); print connect($s, pack("S a108", 1, $_)) ? "open" : "closed", "\\n" }'`
  const run = await start([{ name: 'load', command: `id -u; ${connect} ${sockets} "$BAK_SOCK"`, on: 'b' }])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const [uid, ...reached] = fileOf(run, 'b', 'load', 'stdout.txt').trim().split('\n')
  if (process.getuid?.() === 0) assert.ok(Number(uid) > 0)
  assert.equal(reached, ['closed', 'closed', 'closed', 'open'])
})

barriers('an instance that could not be started is not waited for, but named', async () => {
  const run = await start([
    { name: 'load', command: 'bak barrier all --group all --timeout 30; echo $?' },
    { name: 'broken', command: '/no/such/program', on: 'b' }
  ])
  await run.finished
  assert.is(fileOf(run, 'a', 'load', 'stdout.txt'), '1\n')
  assert.match(fileOf(run, 'a', 'load', 'stderr.txt'), /^bak: barrier all: .*not here: .*b\/broken \(has ended\)/m)
})

barriers('a member that is killed in mid barrier is named within the timeout', async () => {
  const script = '[ $BAK_RANK = 1 ] && exec sleep 60; bak put here.$BAK_RANK x; bak barrier x --timeout 4; echo $?'
  const run = await start(
    [{ name: 'load', command: script }],
    '[policy]\nlost_timeout = 60\nquorum = "majority"\non_failed_workload = "ignore"\n'
  )
  await until(() => run.events.filter(event => JSON.stringify(event).includes('"started"')).length >= 3, {
    what: () => 'all have started'
  })
  await net().stopPeer('b', 'SIGKILL')
  const killed = Date.now()
  await until(
    () => {
      try {
        const folder = join(net().peer('a').home, 'work', run.run, 'data/1-default/sample1/workload/a/load')
        return /b\/load/.test(readFileSync(join(folder, 'stderr.txt'), 'utf8'))
      } catch {
        return false
      }
    },
    { timeout: 8_000, what: () => 'the barrier names who is missing' }
  )
  assert.ok(Date.now() - killed < 6_000)
  run.kill('SIGINT')
  await run.finished
  const text = fileOf(run, 'a', 'load', 'stderr.txt')
  assert.match(text, /^bak: barrier x: .*not here: (.*, )?b\/load( \(cannot be reached\))?(, c\/load \(gave up\))?$/m)
})

barriers.run()
