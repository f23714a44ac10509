/** Prometheus and PCP as collectors of runs of real daemons: their data is in the sealed result, and nothing of them stays. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { collectedSeriesFile } from '../../protocols/layout.ts'
import { openSeries } from '../../protocols/series/read-series.ts'
import { describeShortfall } from '../../protocols/shortfall.ts'
import { finished, isPhase, processesWith, record, sleep, startRun, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const suiteOf = suite('collectors among real daemons')
const missing = needs('prometheus') ?? needs('prometheus-node-exporter') ?? needs('pmlogger')
const test = skipWhere(missing, suiteOf)

/** All programs of this machine but prometheus and pmlogger. */
const programs = mkdtempSync(join(tmpdir(), 'bak-programs-'))
if (missing == null)
  for (const folder of ['/usr/bin', '/usr/sbin'])
    for (const name of readdirSync(folder))
      if (!['prometheus', 'pmlogger'].includes(name) && !existsSync(join(programs, name)))
        symlinkSync(join(folder, name), join(programs, name))
suiteOf.after(() => rmSync(programs, { recursive: true }))

const start: Parameters<typeof useTestnet>[1] = {
  peers: ['a', 'b', 'c'],
  // c has neither of them as a controller
  place: name => ({ enter: name === 'c' ? ['/usr/bin/env', `PATH=${programs}`] : [], listen: '/ip4/127.0.0.1/tcp/0' })
}
const net = useTestnet(missing == null ? suiteOf : { before: () => {}, after: () => {} }, start)

const TOOLS = ['--tools', 'node-exporter,pcp', '--sysinfo', 'none', '--interval', '0.5']
const folderOf = (peer: string, run: string) => join(net().peer(peer).home, 'runs', run)
const archiveOf = (peer: string, run: string, member: string) =>
  join(folderOf(peer, run), 'collectors/pcp', member, 'archive')
const pmdumplog = (...words: string[]) =>
  spawnSync('pmdumplog', words, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } })
/** What Prometheus has stored, without a server: lines with labels, value and time. */
const stored = (peer: string, run: string, match: string) =>
  spawnSync('promtool', ['tsdb', 'dump', `--match=${match}`, join(folderOf(peer, run), 'collectors/prometheus/data')], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024
  })
    .stdout.trim()
    .split('\n')
    .filter(line => line !== '')
const membersIn = (lines: string[]) => [...new Set(lines.map(line => /member="(\w+)"/.exec(line)?.[1]))].sort()

/** No program of a run is left on this machine: the folder of the net is in the environment of each. */
async function nothingLeft(): Promise<void> {
  const programs = ['prometheus', 'prometheus-node-exporter', 'pmlogger', 'pmcd']
  const ours = () =>
    readdirSync('/proc').filter(pid => {
      if (!/^\d+$/.test(pid)) return false
      try {
        const name = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0]?.split('/').at(-1) ?? ''
        return programs.includes(name) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(net().folder)
      } catch {
        return false
      }
    })
  await until(() => ours().length === 0, { timeout: 10_000, what: () => `gone are ${ours().join(' ')}` })
}

test('have data of all members in a sealed result that is as it was signed', async () => {
  const run = await startRun(net(), 'a', ['--on', 'a,b', ...TOOLS, '--', 'sleep', '1.5'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const { shortfalls, files = {} } = record(net(), 'a', run.run)
  assert.equal(shortfalls, [])
  for (const file of ['prometheus/prometheus.yml', 'pcp/a/archive.0', 'pcp/b/archive.meta', 'pcp/b/pmlogger.conf'])
    assert.ok(files[`collectors/${file}`], file)
  const verified = await net().bak('a', ['verify', run.run])
  assert.is(verified.status, 0, verified.stdout)
  assert.equal(membersIn(stored('a', run.run, '{__name__="up"}').filter(line => / 1 \d+$/.test(line))), ['a', 'b'])
  assert.equal(membersIn(stored('a', run.run, '{__name__="node_cpu_seconds_total"}')), ['a', 'b'])
  for (const member of ['a', 'b']) {
    const { stdout, status } = pmdumplog('-z', archiveOf('a', run.run, member), 'kernel.all.load')
    assert.is(status, 0)
    assert.match(stdout, /kernel\.all\.load/)
    assert.ok(files[`tools-default/${member}/pcp/pmcd.log`], 'the tools have their files, too')
    for (const [collector, tool] of [
      ['prometheus', 'node-exporter'],
      ['pcp', 'pcp']
    ] as const) {
      const path = collectedSeriesFile(collector, member)
      assert.ok(files[path], path)
      const series = await openSeries(join(folderOf('a', run.run), path))
      assert.equal([series.info.member, series.info.remarks], [member, []])
      const load = series.series.find(each => each.metric === 'load.1' && each.tool === tool)
      assert.ok(load != null && load.count >= 2 && load.labels.role == null, `${path} has load.1`)
      const names = series.series.map(({ metric }) => metric)
      for (const each of ['cpu.user', 'memory.free', 'net.rx.bytes'])
        assert.ok(names.includes(each), `${path} has ${each}`)
      await series.close()
    }
  }
  await nothingLeft()
})

test('have samples from before the workload began to beyond its end', async () => {
  const run = await startRun(net(), 'a', ['--on', 'b', ...TOOLS, '--', 'sleep', '2'])
  assert.is((await run.finished).status, 0)
  const at = (fits: Parameters<typeof run.until>[0]) => (run.events.find(fits) as unknown as { at: number }).at
  const [begun, ended] = [at(isPhase('start')), at(isPhase('stop', 'phase-closed'))]
  const times = stored('a', run.run, '{__name__="node_load1"}').map(line => Number(line.split(' ').at(-1)))
  assert.ok(Math.min(...times) <= begun, `${Math.min(...times)} is before ${begun}`)
  assert.ok(Math.max(...times) >= ended, `${Math.max(...times)} is after ${ended}`)
  const { stdout } = pmdumplog('-L', archiveOf('a', run.run, 'b'))
  const last = Date.parse(`${/ending +\w+ (.*)/.exec(stdout)?.[1]} UTC`)
  assert.ok(last >= Math.floor(ended / 1000) * 1000, `${stdout} is after ${ended}`)
})

test('are served again by bak report, which leaves the result as it is and nothing behind', async () => {
  const child = net().spawnBak('a', ['report', 'last', '--prometheus', '--json'])
  let text = ''
  child.stdout?.on('data', data => {
    text += data
  })
  const end = finished(child)
  await until(() => text.includes('\n'), { timeout: 30_000, what: 'the address' })
  const { url, run, begun, ended } = JSON.parse(text)
  const query = new URLSearchParams({ query: 'up', start: `${begun / 1000}`, end: `${ended / 1000}`, step: '0.5' })
  const answer = (await (await fetch(`${url}/api/v1/query_range?${query}`)).json()) as {
    data: { result: Array<{ metric: { member: string }; values: unknown[] }> }
  }
  assert.equal(
    answer.data.result.map(({ metric }) => metric.member),
    ['b']
  )
  assert.ok((answer.data.result[0]?.values.length ?? 0) > 2)
  child.kill('SIGINT')
  assert.is((await end).status, 0)
  await nothingLeft()
  // the command does not wait for the daemon, which removes it once the server has ended
  const copies = () => readdirSync(join(net().peer('a').home, 'reports'))
  await until(() => copies().length === 0, { timeout: 10_000, what: 'the copy to be removed' })
  assert.is((await net().bak('a', ['verify', run])).status, 0)
  const lacking = await net().bak('a', ['exec', '--on', 'a', '--', 'true'])
  assert.is(lacking.status, 0)
  const none = await net().bak('a', ['report', 'last', '--prometheus'])
  assert.is(none.status, 66)
  assert.match(none.stderr, /the result has no data of Prometheus/)
})

test('ask tools that are attached to a run, until they are detached', async () => {
  const gate = join(net().folder, 'gate')
  const script = `while [ ! -e ${gate}$BAK_SAMPLE ]; do sleep 0.1; done`
  const args = ['--on', 'a,b', '--tools', 'none', '--sysinfo', 'none', '--interval', '0.5', '--samples', '3']
  const run = await startRun(net(), 'a', [...args, '--', 'sh', '-c', script])
  const begins = (sample: number) =>
    run.until(event => event.type === 'workload-started' && event.step.sample === sample)
  const open = (sample: number) => writeFileSync(`${gate}${sample}`, '')
  await begins(1)
  for (const tool of ['node-exporter', 'pcp']) {
    const attached = await net().bak('a', ['tools', 'attach', run.run, tool, '--on', 'b'])
    assert.is(attached.status, 0, attached.stderr)
  }
  open(1)
  await begins(2)
  const data = join(folderOf('a', run.run), 'collectors')
  await until(() => (statSync(`${data}/pcp/b/archive.0`, { throwIfNoEntry: false })?.size ?? 0) > 2000, {
    timeout: 20_000,
    what: 'an archive of b'
  })
  // Prometheus looks for targets every five seconds
  await sleep(12_000)
  assert.is((await net().bak('a', ['tools', 'detach', run.run, 'pcp', '--on', 'b'])).status, 0)
  open(2)
  await begins(3)
  open(3)
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  assert.equal(record(net(), 'a', run.run).shortfalls, [])
  assert.equal(membersIn(stored('a', run.run, '{__name__="node_load1"}')), ['b'])
  assert.equal(readdirSync(join(data, 'pcp')), ['b'])
  assert.is(pmdumplog('-l', archiveOf('a', run.run, 'b')).status, 0)
  await nothingLeft()
})

test('of two runs at once do not collide, nor their tools on one member', async () => {
  const runs = await Promise.all(
    ['a', 'b'].map(peer => startRun(net(), peer, ['--on', 'a,b', ...TOOLS, '--', 'sleep', '2']))
  )
  for (const [i, run] of runs.entries()) {
    const peer = ['a', 'b'][i] as string
    const { status, stderr } = await run.finished
    assert.is(status, 0, stderr)
    assert.equal(record(net(), peer, run.run).shortfalls, [])
    assert.equal(membersIn(stored(peer, run.run, '{__name__="node_load1"}')), ['a', 'b'])
    for (const member of ['a', 'b']) assert.is(pmdumplog('-l', archiveOf(peer, run.run, member)).status, 0)
    assert.is((await net().bak(peer, ['verify', run.run])).status, 0)
  }
  await nothingLeft()
})

test('of a run that is cancelled have what there was', async () => {
  const run = await startRun(net(), 'a', ['--on', 'a,b', ...TOOLS, '--', 'sleep', '600'])
  await run.until(isPhase('work'))
  run.kill('SIGINT')
  assert.is((await run.finished).status, 4)
  assert.equal(membersIn(stored('a', run.run, '{__name__="node_load1"}')), ['a', 'b'])
  assert.is(pmdumplog('-l', archiveOf('a', run.run, 'b')).status, 0)
  assert.is((await net().bak('a', ['verify', run.run])).status, 0)
  await nothingLeft()
})

test('of a run that is cancelled while they are started make no failure of it', async () => {
  const run = await startRun(net(), 'a', ['--on', 'a,b', ...TOOLS, '--', 'true'])
  await run.until(isPhase('stage', 'phase-closed'))
  // they are started now, before init is told
  await sleep(20)
  run.kill('SIGINT')
  assert.is((await run.finished).status, 4)
  assert.is(record(net(), 'a', run.run).verdict, 'cancelled')
  await nothingLeft()
})

test('that a controller lacks are named before the run starts, on its last lines and in its record', async () => {
  const run = await startRun(net(), 'c', ['--on', 'a', ...TOOLS, '--strict', '--', '/bin/true'])
  const { status } = await run.finished
  assert.is(status, 2)
  const lacks = record(net(), 'c', run.run).shortfalls.map(describeShortfall)
  const instead = 'not found on PATH; install the package'
  assert.equal(lacks, [
    `prometheus on c: ${instead} prometheus (Fedora: golang-github-prometheus)`,
    `pmlogger on c: ${instead} pcp`
  ])
  const named = run.events.findIndex(each => each.type === 'shortfall')
  assert.ok(named < run.events.findIndex(isPhase('init')), 'before the tools start')
  const planned = await net().bak('c', ['run', '--dry-run', '--on', 'a', ...TOOLS, '--', '/bin/true'])
  assert.match(planned.stdout + planned.stderr, /prometheus on c: not found on PATH; install the package prometheus/)
})

test('are gone when the daemon of the controller is killed, and their data is sealed when it starts again', async () => {
  const run = await startRun(net(), 'a', ['--on', 'a,b', ...TOOLS, '--', 'sleep', '600'])
  await run.until(isPhase('work'))
  await until(() => existsSync(`${archiveOf('a', run.run, 'b')}.0`), { timeout: 10_000, what: 'an archive' })
  await net().stopPeer('a', 'SIGKILL')
  await until(() => processesWith('--storage.tsdb.use-lockfile').length === 0, {
    timeout: 10_000,
    what: 'prometheus is gone'
  })
  await net().startPeer('a')
  await until(() => record(net(), 'a', run.run).seal != null, { timeout: 30_000, what: 'the result is sealed' })
  assert.equal(membersIn(stored('a', run.run, '{__name__="node_load1"}')), ['a', 'b'])
  await nothingLeft()
})

suiteOf.run()
