/** Tools that wait to be asked: real exporters and a real pmcd, each on a port of loopback of its own. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isAlive } from '../../node/processes/process-group.ts'
import { exporterTool } from '../../node/tools/exporter.ts'
import { findTool } from '../../node/tools/index.ts'
import { portState } from '../../node/tools/pcp.ts'
import { placesIn } from '../../node/tools/pcp-places.ts'
import { settingsOf } from '../../node/tools/settings-of.ts'
import type { RunningTool, Tool } from '../../node/tools/tool.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { createWorkspace, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  start(tool: Tool, options?: ToolOptions, place?: string, signal?: AbortSignal): Promise<RunningTool>
}

const exporters = suite<Context>('exporters')

exporters.before.each(context => {
  const workspace = createWorkspace('exporters')
  const { folder, supervisor } = workspace
  const start: Context['start'] = (tool, options = {}, place = tool.name, signal = new AbortController().signal) => {
    mkdirSync(join(folder, place))
    const programs = plainPrograms(supervisor)
    return tool.start({ folder: join(folder, place), interval: 1, options, programs, signal })
  }
  Object.assign(context, workspace, { start })
})
exporters.after.each(({ close }) => close())

const node = skipWhere(needs('prometheus-node-exporter'), exporters)
const withPcp = skipWhere(existsSync('/usr/lib/pcp/bin/pmcd') ? undefined : 'pmcd is not installed', exporters)
const metricsOf = (running: RunningTool) =>
  fetch(`http://127.0.0.1:${running.port?.()}/metrics`).then(each => each.text())
/** What a metric of a pmcd is. */
const metricOf = (running: RunningTool, metric: string) =>
  spawnSync('pminfo', ['-h', `127.0.0.1:${running.port?.()}`, '-f', metric], { encoding: 'utf8' }).stdout

node('the node exporter is asked on a port of its own, and two never collide', async ({ start }) => {
  const tool = findTool('node-exporter', {})
  const all = [await start(tool), await start(tool, {}, 'second')]
  for (const each of all) await each.ready
  const [one, other] = all as [RunningTool, RunningTool]
  assert.is.not(one.port?.(), other.port?.())
  assert.match(await metricsOf(one), /^node_cpu_seconds_total\{/m)
  assert.match(await metricsOf(other), /^node_load1 /m)
  const { group = 0 } = one
  assert.equal(await Promise.all(all.map(each => each.stop())), [[], []])
  assert.not.ok(isAlive(group))
  assert.is(one.port?.(), undefined, 'no port once it has ended')
})

node('the node exporter has only the collectors that are named', async ({ start, folder }) => {
  const running = await start(findTool('node-exporter', {}), { collectors: 'loadavg,meminfo' })
  await running.ready
  const metrics = await metricsOf(running)
  assert.match(metrics, /^node_load1 /m)
  assert.match(metrics, /^node_memory_/m)
  assert.not.match(metrics, /^node_cpu_/m)
  assert.equal(await running.stop(), [])
  const line = readFileSync(join(folder, 'node-exporter/node-exporter.cmd'), 'utf8')
  assert.match(
    line,
    /--web\.listen-address=127\.0\.0\.1:0 .*--collector\.disable-defaults --collector\.loadavg --collector\.meminfo\n/
  )
})

exporters('options that could make one read or listen elsewhere are refused', () => {
  const wrong: Array<[string, ToolOptions, RegExp]> = [
    ['node-exporter', { collectors: 'cpu --web.listen-address=:9100' }, /collectors: expected names with commas/],
    ['node-exporter', { options: ['--collector.textfile.directory=/root'] }, /is not an option of this tool/],
    ['dcgm', { options: ['-f', '/etc/shadow'] }, /is not an option of this tool/],
    ['pcp', { options: ['-c', '/tmp/x'] }, /is not an option of this tool/],
    ['pcp', { metrics: 'kernel.all\nlog mandatory on' }, /metrics: expected names of metrics/],
    ['pcp', { metrics: 'mem }' }, /metrics: expected names of metrics/],
    ['node-exporter', { lifetime: 'transient' }, /it is always persistent/]
  ]
  for (const [name, options, why] of wrong) assert.throws(() => settingsOf(findTool(name, options), options), why)
})

node('one that is ready goes on when the phase in which it started is over', async ({ start }) => {
  const phase = new AbortController()
  const running = await start(findTool('node-exporter', {}), {}, 'node-exporter', phase.signal)
  await running.ready
  phase.abort()
  await sleep(200)
  assert.match(await metricsOf(running), /^node_load1 /m)
  assert.equal(await running.stop(), [])
})

exporters('one that is not installed says which package has it', async () => {
  const absent = exporterTool({
    ...{ name: 'x', summary: '', programs: ['no-such-exporter'], argv: () => [] },
    needs: { debian: 'the-package' }
  })
  const { usable, reason } = await absent.check({})
  assert.equal([usable, reason], [false, 'x: no-such-exporter not found on PATH; install the package the-package'])
})

/** An exporter that is a script. */
function scriptTool(folder: string, script: string): Tool {
  const path = join(folder, 'exporter.sh')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return exporterTool({ name: 'x', summary: '', programs: [path], needs: {}, argv: () => [] })
}

exporters('one that ends before it listens has failed, with its last words', async ({ start, folder }) => {
  const running = await start(scriptTool(folder, 'echo "error: no GPU here" >&2; sleep 0.1; exit 3'))
  const error = await running.ready.catch(cause => cause)
  assert.is(error.code, 'tool-failed')
  assert.match(error.message, /exit 3.*: error: no GPU here/)
})

exporters('one that never listens has failed after its time', async ({ start, folder }) => {
  const running = await start(scriptTool(folder, 'echo started >&2; exec sleep 60'), { ready_after: 0.3 })
  const error = await running.ready.catch(cause => cause)
  assert.is(error.message, 'listens on no port after 0.3 s')
  await running.stop()
})

exporters('a port of another program is not taken for its own, whatever it prints', async ({ start, folder }) => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const script = `echo "msg=\\"Listening on\\" address=127.0.0.1:${port}" >&2; exec sleep 60`
  const running = await start(scriptTool(folder, script), { ready_after: 0.3 })
  await running.ready.catch(() => {})
  assert.is(running.port?.(), undefined)
  await running.stop()
  await new Promise(resolve => server.close(resolve))
})

withPcp('pmcd is asked on a port of its own, and two never collide', async ({ start, folder }) => {
  const tool = findTool('pcp', {})
  const all = [await start(tool), await start(tool, {}, 'second')]
  for (const each of all) await each.ready
  const [one, other] = all as [RunningTool, RunningTool]
  assert.is.not(one.port?.(), other.port?.())
  for (const each of all) assert.match(metricOf(each, 'kernel.all.load'), /inst \[1 or "1 minute"\] value/)
  assert.match(metricOf(one, 'kernel.all.nprocs'), /value \d+/)
  assert.equal(await Promise.all(all.map(each => each.stop())), [[], []])
  for (const each of ['run', 'names']) assert.not.ok(existsSync(join(folder, 'pcp', each)), each)
  assert.ok(existsSync(join(folder, 'pcp/pmcd.log')) && existsSync(join(folder, 'pcp/pmcd.conf')))
})

withPcp('pmcd lets nobody change anything', async ({ start }) => {
  const running = await start(findTool('pcp', {}))
  await running.ready
  const { status, stderr } = spawnSync(
    'pmstore',
    ['-h', `127.0.0.1:${running.port?.()}`, 'pmcd.control.timeout', '7'],
    {
      encoding: 'utf8'
    }
  )
  assert.ok(status !== 0 || /No permission/.test(stderr), stderr)
  assert.equal(await running.stop(), [])
})

exporters('the log of pmcd tells whether it has its port', () => {
  const log = '  sts fd   port  family address\n  ok     4       unix   /x/pmcd.socket\n'
  assert.is(portState(log, 24_401), undefined)
  assert.is(portState(`${log}  ok     3 24401 inet   127.0.0.1\n  err   -1 24401 ipv6   127.0.0.1\n`, 24_401), 'ok')
  assert.is(portState(`${log}  err   -1 24401 inet   127.0.0.1\n`, 24_401), 'err')
  assert.is(portState(`${log}  ok     3 24401 inet   127.0.0.1\n`, 2440), undefined)
})

exporters('the places of Performance Co-Pilot are those of its configuration', () => {
  assert.equal(placesIn(''), { binaries: '/usr/lib/pcp/bin', agents: '/var/lib/pcp/pmdas', names: '/var/lib/pcp/pmns' })
  const fedora =
    '# x\nPCP_BINADM_DIR=/usr/libexec/pcp/bin\nPCP_VAR_DIR=/var/lib/pcp\nPCP_PMDAS_DIR=/var/lib/pcp/pmdas\n'
  assert.is(placesIn(fedora).binaries, '/usr/libexec/pcp/bin')
})

exporters.run()
