/**
 * Collectors on three hosts of a laboratory, one of them behind a NAT: all tools of the set heavy, Prometheus and PCP have data of each, also
 * of two runs at once, one of which is led from behind the NAT, and nothing stays.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeShortfall } from '../../protocols/shortfall.ts'
import { expandTools } from '../../protocols/spec.ts'
import { labMissing } from '../../testnets/lab/available.ts'
import { type LabMesh, startLabMesh } from '../../testnets/lab/mesh.ts'
import { finished, record, startRun } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const suiteOf = suite('collectors through a NAT')
const missing = labMissing(['ss']) ?? needs('prometheus') ?? needs('prometheus-node-exporter') ?? needs('pmlogger')
const test = skipWhere(missing, suiteOf)

const HOSTS = ['ctl', 'home', 'srv']
const PROGRAMS = ['prometheus', 'prometheus-node-exporter', 'pmlogger', 'pmcd']
/** Of the server that a person reaches. */
const PORT = 8123
/** It is a program of Python, which may have no modules of PCP. */
const hasPmrep = needs('pmrep') == null && spawnSync('/usr/bin/python3', ['-c', 'import pcp']).status === 0
let mesh: LabMesh

suiteOf.before(async () => {
  if (missing != null) return
  mesh = await startLabMesh({
    topology: {
      routers: [{ name: 'router', nat: 'preserving' }],
      hosts: [{ name: 'ctl' }, { name: 'srv' }, { name: 'home', behind: 'router' }]
    },
    args: name => ['--allow-forward', `${PORT}`, ...(name === 'ctl' ? ['--relay'] : [])]
  })
})
suiteOf.after(() => mesh?.stop())

const inside = (host: string, ...words: string[]) => mesh.lab.host(host).namespace.run(words)
const folderOf = (host: string, run: string) => join(mesh.testnet.peer(host).home, 'runs', run)

/** What Prometheus answers to a query, by member. */
function asked(host: string, url: string, query: string): string[] {
  const lines = inside(host, 'promtool', 'query', 'instant', url, query).trim().split('\n')
  return [...new Set(lines.map(line => /member="(\w+)"/.exec(line)?.[1] ?? line))].sort()
}

/** Serves the data of a run while `work` goes on. */
async function serving(host: string, run: string, work: (url: string) => void): Promise<void> {
  const child = mesh.testnet.spawnBak(host, ['report', run, '--prometheus', '--json'])
  let text = ''
  child.stdout?.on('data', data => {
    text += data
  })
  const end = finished(child)
  await until(() => text.includes('\n'), { timeout: 60_000, what: 'the address of the report' })
  try {
    work(JSON.parse(text).url)
  } finally {
    child.kill('SIGINT')
    assert.is((await end).status, 0)
  }
}

/** Raw data of all tools that each member could run, and data of all members in both collectors. */
async function checkResult(host: string, run: string): Promise<void> {
  const { roster, files = {}, shortfalls } = record(mesh.testnet, host, run)
  const paths = Object.keys(files)
  const named = shortfalls.map(describeShortfall)
  assert.equal(
    named.filter(text => /^(prometheus|pmlogger|node-exporter|pcp) /.test(text)),
    []
  )
  assert.equal(roster.map(({ name }) => name).sort(), HOSTS)
  for (const { name, capabilities } of roster)
    for (const { tool, usable } of capabilities.tools) {
      const has = paths.some(path => path.includes(`tools-default/${name}/${tool}/`))
      assert.ok(has || !usable || named.some(text => text.startsWith(`${tool} on `)), `${tool} of ${name}: ${named}`)
    }
  await serving(host, run, url => {
    assert.equal(asked(host, url, 'max_over_time(up[1h]) == 1'), HOSTS)
    assert.equal(asked(host, url, 'last_over_time(node_cpu_seconds_total{mode="idle"}[1h])'), HOSTS)
  })
  for (const member of HOSTS) {
    const archive = join(folderOf(host, run), 'collectors/pcp', member, 'archive')
    const dumped = spawnSync('pmdumplog', ['-z', archive, 'kernel.all.load'], { encoding: 'utf8' })
    assert.is(dumped.status, 0, dumped.stderr)
    assert.match(dumped.stdout, /kernel\.all\.load/)
    if (!hasPmrep) continue
    const env = { ...process.env, PATH: `/usr/bin:${process.env.PATH}`, PCP_PYTHON_PROG: '/usr/bin/python3' }
    const words = ['-a', archive, '-r', '-u', '-Z', 'UTC', '-o', 'csv', 'kernel.all.load']
    const read = spawnSync('pmrep', words, { encoding: 'utf8', env })
    assert.is(read.status, 0, read.stderr)
    assert.match(read.stdout, /^Time,"kernel\.all\.load-1 minute".*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d/)
  }
  const verified = await mesh.testnet.bak(host, ['verify', run])
  assert.is(verified.status, 0, verified.stdout)
}

/** No program of a run, no port but those of the daemons, no copy and no data on members. */
async function nothingLeft(): Promise<void> {
  const { folder } = mesh.testnet
  const ours = () =>
    readdirSync('/proc').filter(pid => {
      if (!/^\d+$/.test(pid)) return false
      try {
        const name = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0]?.split('/').at(-1) ?? ''
        return PROGRAMS.includes(name) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder)
      } catch {
        return false
      }
    })
  await until(() => ours().length === 0, { timeout: 15_000, what: () => `gone are ${ours().join(' ')}` })
  for (const host of HOSTS) {
    const listeners = inside(host, 'ss', '-Hltn')
    assert.not.match(listeners, /127\.0\.0\.1/, `${host}: ${listeners}`)
    const { home } = mesh.testnet.peer(host)
    for (const place of ['work', 'reports', 'inbox'])
      assert.equal(existsSync(join(home, place)) ? readdirSync(join(home, place)) : [], [], `${place} of ${host}`)
  }
}

const TOOLS = ['--tools', 'heavy,node-exporter,pcp', '--interval', '1', '--sysinfo', 'none']

test('a run with the set heavy has data of every tool of all three', async () => {
  assert.ok(expandTools(['heavy']).length > 4)
  const run = await startRun(mesh.testnet, 'ctl', [...TOOLS, '--', 'sleep', '4'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  await checkResult('ctl', run.run)
  await nothingLeft()
})

test('two such runs at once have it, too, one of them led from behind the NAT', async () => {
  const leaders = ['ctl', 'home']
  const runs = await Promise.all(leaders.map(host => startRun(mesh.testnet, host, [...TOOLS, '--', 'sleep', '6'])))
  for (const [i, run] of runs.entries()) {
    const { status, stderr } = await run.finished
    assert.is(status, 0, stderr)
    await checkResult(leaders[i] as string, run.run)
  }
  await nothingLeft()
})

test('bak forward reaches a port behind the NAT', async () => {
  const script = `require('http').createServer((q,a)=>a.end('from home '+q.url)).listen(${PORT},'127.0.0.1',()=>console.log('up'))`
  const server = mesh.lab
    .host('home')
    .namespace.spawn([process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const child = mesh.testnet.spawnBak('ctl', ['forward', 'home', `${PORT}`, '--json'])
  try {
    let text = ''
    child.stdout?.on('data', data => {
      text += data
    })
    await until(() => text.includes('\n'), { timeout: 30_000, what: 'a port' })
    const { local } = JSON.parse(text)
    const get = `fetch('http://127.0.0.1:${local}/x').then(a=>a.text()).then(t=>console.log(t))`
    assert.is(inside('ctl', process.execPath, '-e', get).trim(), 'from home /x')
  } finally {
    child.kill('SIGINT')
    await finished(child)
    server.kill('SIGKILL')
  }
})

suiteOf.run()
