/** Collectors of a run with real programs: Prometheus and pmlogger ask real exporters and a real pmcd through tunnels. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startServer } from '../../node/collectors/prometheus.ts'
import { type CollectedMember, RunCollectors } from '../../node/collectors/run-collectors.ts'
import { findProgram } from '../../node/tools/find-program.ts'
import { findTool } from '../../node/tools/index.ts'
import type { RunningTool } from '../../node/tools/tool.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import { type Exchange, serve } from '../../protocols/stream.ts'
import { answerTunnel, type TunnelRequest, tunnelProtocol } from '../../protocols/tunnel.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { linkTo, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'
import { createWorkspace, type Workspace } from '../helpers/workspace.ts'
import { run } from '../protocols/samples.ts'

const test = suite('collectors of a run')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const missing = needs('prometheus') ?? needs('prometheus-node-exporter') ?? needs('pmlogger')
const real = skipWhere(missing, test)
const PEERS = ['a', 'b']

interface Stage extends Workspace {
  collectors: RunCollectors
  lacks: Shortfall[]
  /** Starts the tools of a member. */
  startTools(member: string): Promise<void>
  stopTools(): Promise<void>
  signalTools(member: string, signal: NodeJS.Signals): void
  result: string
}

/** Two members with both tools, which do not run yet, and the collectors of a controller. */
function stage(tools: string[]): Stage {
  const workspace = createWorkspace('collectors')
  const { folder, supervisor } = workspace
  const running = new Map<string, RunningTool>()
  const open = (member: string) =>
    linkTo(
      serve(tunnelProtocol, async function* (first: TunnelRequest, exchange: Exchange<TunnelRequest>) {
        if (first.type !== 'open' || 'port' in first.to) throw new BakError('bad-message', 'not a tool')
        const port = running.get(`${member} ${first.to.tool}`)?.port?.()
        if (port == null) throw new BakError('not-ready', `${first.to.tool} listens on no port here`)
        if (first.isQuestion) return yield { type: 'open' }
        const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
        await new Promise(resolve => socket.once('connect', resolve))
        yield* answerTunnel(socket, exchange)
      }),
      member,
      { yamux: true }
    ).open
  const lacks: Shortfall[] = []
  const result = join(folder, 'result')
  const members: CollectedMember[] = PEERS.map(name => ({
    ...{ peer: name, name, labels: { role: `role-${name}` } },
    tools: tools.map(tool => ({ group: 'default', tool, options: {} }))
  }))
  const openers = new Map(PEERS.map(name => [name, open(name)]))
  const collectors = new RunCollectors({
    ...{ run, controller: 'ctl', members: () => members, interval: 0.5, supervisor },
    folder: (name, member) => join(result, name, member ?? ''),
    to: peer => openers.get(peer) as never,
    lack: each => void lacks.push(each)
  })
  return {
    ...{ ...workspace, collectors, lacks, result },
    async startTools(member) {
      for (const tool of tools) {
        const place = join(folder, `${member}-${tool}`)
        mkdirSync(place)
        const { signal } = new AbortController()
        const context = { folder: place, interval: 0.5, options: {}, programs: plainPrograms(supervisor), signal }
        const started = await findTool(tool, {}).start(context)
        await started.ready
        running.set(`${member} ${tool}`, started)
      }
    },
    signalTools(member, signal) {
      for (const tool of tools) process.kill(-(running.get(`${member} ${tool}`)?.group as number), signal)
    },
    async stopTools() {
      await Promise.all([...running.values()].map(each => each.stop()))
    }
  }
}

const never = () => new AbortController().signal
const dump = (archive: string, ...words: string[]) =>
  spawnSync('pmdumplog', [...words, archive], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } }).stdout

real('have data of all members, from the first sample to beyond the last, when they have stopped', async () => {
  const { collectors, lacks, startTools, stopTools, result, supervisor, close } = stage(['node-exporter', 'pcp'])
  try {
    await collectors.update()
    assert.ok(existsSync(join(result, 'prometheus/data')), 'it runs before the tools do')
    for (const each of PEERS) await startTools(each)
    await collectors.awaitFirst(never())
    const stopped = Date.now()
    await collectors.awaitLast(stopped, never())
    await stopTools()
    await collectors.stop()
    assert.equal(lacks, [])

    assert.equal(
      readdirSync(join(result, 'prometheus/data')).filter(name => /lock|queries/.test(name)),
      []
    )
    const server = await startServer({
      ...{ program: (await findProgram('prometheus')) as string, supervisor, signal: never() },
      ...{ folder: join(result, 'prometheus'), config: '{}', listen: '127.0.0.1:0' }
    })
    const ask = async (query: string) => {
      const answer = await fetch(`${server.url}/api/v1/query?${new URLSearchParams({ query })}`)
      return ((await answer.json()) as any).data.result as Array<{
        metric: Record<string, string>
        value: [number, string]
      }>
    }
    const up = await ask('max_over_time(up[1h])')
    assert.equal(
      up.map(({ metric, value }) => [metric.member, metric.instance, metric.role, metric.job, value[1]]).sort(),
      PEERS.map(name => [name, name, `role-${name}`, 'node-exporter', '1'])
    )
    const cpu = await ask('count by (member) (last_over_time(node_cpu_seconds_total{mode="idle"}[1h]))')
    assert.equal(cpu.map(({ metric }) => metric.member).sort(), PEERS)
    const last = await ask('max by (member) (timestamp(last_over_time(node_load1[1h])))')
    assert.is(last.length, 2)
    const latest = await ask('max by (member) (max_over_time(timestamp(node_load1)[1h:100ms]))')
    for (const { value } of latest) assert.ok(Number(value[1]) * 1000 >= stopped, `${value[1]} is after ${stopped}`)
    await server.stop()

    for (const each of PEERS) {
      const archive = join(result, 'pcp', each, 'archive')
      assert.match(dump(archive, '-l'), new RegExp(`Performance metrics from host ${each}\\n`))
      assert.match(dump(archive, '-z', archive, 'kernel.all.load').replaceAll('\n', ' '), /kernel\.all\.load/)
      assert.not.ok(existsSync(join(result, 'pcp', each, 'run')))
    }
  } finally {
    await close()
  }
})

real('name the members from which nothing comes, and have the data of the others', async () => {
  const { collectors, lacks, startTools, stopTools, result, close } = stage(['node-exporter', 'pcp'])
  try {
    await collectors.update()
    await startTools('a')
    await collectors.awaitFirst(never(), 12_000)
    assert.equal(
      lacks.map(({ member, what, reason }) => [member, what, reason.slice(0, 60)]).sort(),
      [
        ['b', 'node-exporter', 'prometheus got no answer within 12 s: Get "http://127.0.0.1:'],
        ['b', 'pcp', 'pmlogger got no answer within 12 s: pcp listens on no port h']
      ].map(each => each.map(text => text.slice(0, 60)))
    )
    await stopTools()
    await collectors.stop()
    assert.ok(existsSync(join(result, 'pcp/a/archive.0')))
    assert.not.ok(existsSync(join(result, 'pcp/b/archive.0')))
  } finally {
    await close()
  }
})

real('of PCP have a sample of each member before the first sample of the run begins', async () => {
  const { collectors, lacks, startTools, stopTools, result, close } = stage(['pcp'])
  try {
    await collectors.update()
    for (const each of PEERS) await startTools(each)
    await collectors.awaitFirst(never())
    await collectors.stop()
    await stopTools()
    assert.equal(lacks, [])
    // a load average is three values
    for (const each of PEERS) assert.match(dump(join(result, 'pcp', each, 'archive')), /inst \[1 or "1 minute"\] value/)
  } finally {
    await close()
  }
})

real('name the samples that are missing in between, as those of tools that hung for a while', async () => {
  const { collectors, lacks, startTools, stopTools, signalTools, close } = stage(['node-exporter', 'pcp'])
  try {
    await collectors.update()
    for (const each of PEERS) await startTools(each)
    await collectors.awaitFirst(never())
    signalTools('b', 'SIGSTOP')
    await sleep(8_000)
    signalTools('b', 'SIGCONT')
    await sleep(2_000)
    await collectors.awaitLast(Date.now(), never())
    await stopTools()
    await collectors.stop()
    assert.equal(
      lacks.map(({ member, what }) => [member, what]),
      [
        ['b', 'node-exporter'],
        ['b', 'pcp']
      ]
    )
    for (const { reason } of lacks) {
      const [, count] = /has no answer for (\d+) samples, one each 0.5 s$/.exec(reason) ?? []
      assert.ok(Number(count) >= 12 && Number(count) <= 24, reason)
    }
  } finally {
    await close()
  }
})

real('name a collector that dies, at once', async () => {
  const { collectors, lacks, startTools, result, close } = stage(['node-exporter', 'pcp'])
  try {
    await collectors.update()
    for (const each of PEERS) await startTools(each)
    await collectors.awaitFirst(never())
    const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
    const ours = pids.filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${result}`)
      } catch {
        return false
      }
    })
    assert.is(ours.length, 3, 'prometheus, and a pmlogger for each member')
    for (const pid of ours) process.kill(Number(pid), 'SIGKILL')
    await until(() => lacks.length >= 3, {
      timeout: 10_000,
      what: () => `all three are named: ${JSON.stringify(lacks)}`
    })
    assert.equal(lacks.map(({ kind, member, what }) => `${kind} ${member} ${what}`).sort(), [
      'collector a pmlogger',
      'collector b pmlogger',
      'collector ctl prometheus'
    ])
    for (const { reason } of lacks) assert.match(reason, /^ended early with signal SIGKILL/)
    // a further archive of each
    await until(() => PEERS.every(each => existsSync(join(result, 'pcp', each, 'archive-2.0'))), {
      timeout: 10_000,
      what: 'pmlogger goes on'
    })
    await collectors.stop()
  } finally {
    await close()
  }
})

/** A program in the place of Prometheus: it fails the first time, and says so; then it listens, or never does. */
function fakePrometheus(folder: string, { isDeaf = false } = {}): () => void {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const script = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs')
appendFileSync('starts', process.pid + '\\n')
if (${isDeaf}) setInterval(() => {}, 1000)
else if (readFileSync('starts', 'utf8').trim().split('\\n').length === 1) { console.error('no room'); process.exit(3) }
else require('node:http').createServer((_, answer) => answer.end('{"data":{"activeTargets":[]}}')).listen(0, '127.0.0.1')
`
  writeFileSync(join(bin, 'prometheus'), script, { mode: 0o755 })
  const { PATH } = process.env
  process.env.PATH = `${bin}:${PATH}`
  return () => {
    process.env.PATH = PATH
  }
}

const startsOf = (result: string) => {
  const path = join(result, 'prometheus/starts')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : []
}

test('try a collector again that failed to start or ended, a few times in all', async () => {
  const { collectors, lacks, result, folder, close } = stage(['node-exporter'])
  const restore = fakePrometheus(folder)
  try {
    await collectors.update()
    assert.equal(
      lacks.map(({ reason }) => reason),
      ['was not started: prometheus ended with exit 3: no room']
    )
    await collectors.update()
    await collectors.update()
    assert.is(startsOf(result).length, 2, 'one that runs is left alone')
    for (const left of [2, 1]) {
      process.kill(startsOf(result).at(-1) as number, 'SIGKILL')
      await until(() => lacks.length === 4 - left, { timeout: 10_000, what: () => JSON.stringify(lacks) })
      assert.is(lacks.at(-1)?.reason, 'ended early with signal SIGKILL')
      await collectors.update()
      assert.is(startsOf(result).length, 3)
    }
    await collectors.stop()
  } finally {
    restore()
    await close()
  }
})

test('wait for no collector that starts when they are stopped', async () => {
  const { collectors, lacks, result, folder, close } = stage(['node-exporter'])
  const restore = fakePrometheus(folder, { isDeaf: true })
  try {
    const updated = collectors.update()
    await until(() => startsOf(result).length === 1, { timeout: 10_000, what: 'it starts' })
    const began = performance.now()
    await collectors.stop()
    assert.ok(performance.now() - began < 10_000, 'not for as long as it may take to be ready')
    await updated
    assert.equal(lacks, [])
  } finally {
    restore()
    await close()
  }
})

test.run()
