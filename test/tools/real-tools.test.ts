/** Each tool of the catalogue with its real program: it produces here, or `check` says in one line why not. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findTool, listTools } from '../../node/tools/index.ts'
import type { RunningTool, Tool } from '../../node/tools/tool.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { checkTool } from '../helpers/check-tool.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { createWorkspace, until, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  running: RunningTool[]
  children: ChildProcess[]
  start(name: string, options?: ToolOptions, interval?: number, more?: { inWindow?: boolean }): Promise<RunningTool>
  text(name: string, file: string): string
}

const catalogue = suite<Context>('the catalogue')

catalogue.before.each(context => {
  const workspace = createWorkspace('catalogue')
  const { folder, supervisor } = workspace
  const start: Context['start'] = async (name, options = {}, interval = 0.5, more = {}) => {
    mkdirSync(join(folder, name), { recursive: true })
    const { signal } = new AbortController()
    const programs = plainPrograms(supervisor)
    const running = await findTool(name, options).start({
      ...{ folder: join(folder, name), interval, options, programs, signal, ...more }
    })
    context.running.push(running)
    return running
  }
  const text = (name: string, file: string) => {
    const path = join(folder, name, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  Object.assign(context, workspace, { start, text, running: [], children: [] })
})

catalogue.after.each(async ({ running, children, close }) => {
  await Promise.all(running.map(each => each.stop()))
  for (const child of children) {
    child.kill('SIGKILL')
    if (child.exitCode == null && child.signalCode == null) await once(child, 'exit')
  }
  await close()
})

const mounts = () =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter(line => /^\S+ \/sys\/kernel/.test(line))

/** What each needs to have something to observe, and the file that shows it. */
const produced: Record<string, { options?: ToolOptions; file: string; shows: RegExp }> = {
  'proc-interrupts': { file: 'interrupts.csv', shows: /^time,irq,CPU0.*,what\n\d+\.\d,/ },
  'proc-vmstat': { file: 'vmstat.csv', shows: /^time,nr_free_pages,.*\n\d+\.\d,\d+,/ },
  sched: { file: 'schedstat.csv', shows: /^time,cpu,.*\n\d+\.\d,cpu0,/ },
  numastat: { file: 'numastat.csv', shows: /^time,node,numa_hit,.*\n\d+\.\d,0,\d+,/ },
  disk: { file: 'disk.csv', shows: /\n\d+\.\d,\/,\w+,[^,]+,\d+,\d+,\d+,/ },
  cgroup: { file: 'cgroup.csv', shows: /\n\d+\.\d,\/,cpu\.stat,usage_usec,\d+/ },
  sysfs: { file: 'sysfs.csv', shows: /\n\d+\.\d,cpu0\/.*,\w+/ },
  perf: { options: { report: false }, file: 'perf.data', shows: /^PERFILE2/ },
  'perf-stat': {
    options: { events: 'task-clock,context-switches' },
    file: 'perf-stat.csv',
    shows: /\n\d+\.\d,,[\d.]+,msec,task-clock,100/
  },
  kvmstat: { options: { events: 'kvm:kvm_exit' }, file: 'kvmstat.csv', shows: /\n\d+\.\d,,\d+,,kvm:kvm_exit,/ },
  turbostat: { file: 'turbostat-stdout.txt', shows: /Time_Of_Day_Seconds.*\n\d+\./ },
  tcpdump: { options: { interface: 'lo' }, file: 'tcpdump.pcap', shows: /^(\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4)/ },
  blktrace: { file: 'blktrace-stdout.txt', shows: /./ },
  bpftrace: { file: 'bpftrace-stdout.txt', shows: /time \d{10}\n@wait_us:/ },
  'trace-cmd': { file: 'trace.dat', shows: /tracing/ },
  'nvidia-smi': { file: 'nvidia-smi-stdout.txt', shows: /timestamp/ },
  podman: { file: 'podman-stdout.txt', shows: /^# time \d+/ },
  docker: { file: 'docker-stdout.txt', shows: /^# time \d+/ },
  openvswitch: { file: 'openvswitch-stdout.txt', shows: /^# time \d+/ }
}

for (const [name, { options = {}, file, shows }] of Object.entries(produced)) {
  const before = mounts()
  const { usable, reason } = await checkTool(name, options)
  const isAbsent = name === 'sched' && reason?.includes('/proc/schedstat')
  const test = skipWhere(usable && !isAbsent ? undefined : reason, catalogue)
  test(`${name} produces: ${file}`, async ({ start, folder }) => {
    const running = await start(name, options)
    await running.ready
    const shown = () => shows.test(readFileSync(join(folder, name, file), 'latin1')) || undefined
    if (!isWrittenAtTheEnd(file)) await until(shown, { timeout: 20_000 })
    else await new Promise(resolve => setTimeout(resolve, 1_500))
    assert.equal(await running.stop(), [])
    assert.ok(shown())
    assert.equal(undeclared(findTool(name, options), join(folder, name)), [])
  })
  catalogue(`${name} is checked without a trace`, () => {
    assert.equal(mounts(), before)
    if (!usable) assert.match(reason as string, new RegExp(`^${name}: .{8,}$`))
  })
}

const isWrittenAtTheEnd = (file: string) => /^(perf-stat|kvmstat)\.csv$|^trace\.dat$|^blktrace-/.test(file)

/** @returns files in the folder of a tool that it does not say it leaves */
function undeclared({ files }: Tool, folder: string): string[] {
  const known = files.map(
    ({ name }) => new RegExp(`^${name.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/<\w+>/g, '[^/]+')}$`)
  )
  const found = readdirSync(folder, { recursive: true }) as string[]
  return found.filter(
    path =>
      statSync(join(folder, path)).isFile() &&
      !known.some(each => each.test(path) || each.test(path.split('/').pop() ?? ''))
  )
}

for (const tool of listTools()) {
  catalogue(
    `${tool.name} is asked quickly when a daemon starts: no program is run, whatever is missing is named`,
    async () => {
      const began = performance.now()
      const { tool: name, usable, reason } = await tool.check({}, { isQuick: true })
      assert.is(name, tool.name)
      if (!usable) assert.match(reason as string, new RegExp(`^${tool.name}: `))
      assert.ok(performance.now() - began < 3_000)
    }
  )
}

const withPerf = skipWhere(
  (await checkTool('perf', {})).reason?.match(/^perf: (?!no hardware).*/)?.[0] ?? needs('perf'),
  catalogue
)

withPerf('perf says which functions it saw, on the machine that knows them', async context => {
  const { start, text, children, folder } = context
  children.push(spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }))
  const running = await start('perf', { options: ['-g'] })
  await running.ready
  await new Promise(resolve => setTimeout(resolve, 1_000))
  assert.equal(await running.stop(), [])
  const isMade = (file: string) => !running.remarks?.some(each => each.startsWith(`no ${file}`))
  if (isMade('perf-report.txt')) assert.match(text('perf', 'perf-report.txt'), /# Samples: \d+/)
  if (isMade('perf-folded.txt')) assert.match(text('perf', 'perf-folded.txt'), /^sh;.* \d+$/m)
  assert.not.ok(existsSync(join(folder, 'perf/.folded')))
  assert.match(text('perf', 'perf.cmd'), /perf record -N --clockid=monotonic -o perf\.data -a --freq=100 -g\n/)
})

withPerf('perf makes no report between two windows of a workload', async context => {
  const running = await context.start('perf', {}, 0.5, { inWindow: true })
  await running.ready
  assert.equal(await running.stop(), [])
  assert.equal(running.remarks, [
    'no perf-report.txt and no perf-folded.txt: they would be made while the workload goes on; perf.data is there'
  ])
  assert.ok(existsSync(join(context.folder, 'perf/perf.data')))
  assert.not.ok(existsSync(join(context.folder, 'perf/perf-report.txt')))
})

withPerf(
  'a tool that has written all that it may is stopped, and a remark says when',
  async ({ start, folder, children }) => {
    children.push(spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }))
    const running = await start('perf', { size: 1, 'record-opts': '-a --freq=20000 -g', report: false })
    await running.ready
    await until(() => running.remarks?.length || undefined, { timeout: 30_000 })
    assert.equal(await running.stop(), [])
    assert.match(
      running.remarks?.[0] as string,
      /^reached its 1 MiB \(size\) after \d+\.\d s: what came later is not there$/
    )
    const { size } = statSync(join(folder, 'perf', 'perf.data'))
    assert.ok(size < 32 * 1024 * 1024, `${size}`)
  }
)

const withStrace = skipWhere(needs('strace'), catalogue)
const loop = (folder: string, name: string) => {
  const path = join(folder, name)
  writeFileSync(path, '#!/bin/sh\nwhile :; do read -r line </etc/hostname; sleep 0.05; done\n', { mode: 0o755 })
  return path
}

withStrace(
  'strace follows a program that is there, and one that comes later, and shows no contents',
  async ({ start, text, folder, children }) => {
    const name = `bak-traced-${process.pid}`
    const path = loop(folder, name)
    children.push(spawn(path, ['first'], { stdio: 'ignore' }))
    await until(() => readFileSync(`/proc/${children[0]?.pid}/cmdline`, 'utf8').includes('first') || undefined)
    const running = await start('strace', { pattern: `${name} first`.replace(name, `*${name}`) })
    await running.ready
    const calls = () => text('strace', 'strace.txt')
    const opened = /\d+ +\d{10}\.\d{6} openat\(AT_FDCWD, "\/etc\/hostname", O_RDONLY\)/
    await until(() => opened.test(calls()) && /read\(\d+, ""\.\.\., \d+\)/.test(calls()), {
      timeout: 20_000,
      what: calls
    })
    assert.match(calls(), / = \d+ <\d\.\d{6}>\n/)
    assert.equal(await running.stop(), [])

    const other = await start('strace', { pattern: `*${name} second` })
    children.push(spawn(path, ['second'], { stdio: 'ignore' }))
    await until(() => calls().includes(`${children[1]?.pid} `) || undefined, { timeout: 20_000 })
    assert.equal(await other.stop(), [])
  }
)

withStrace('strace names a pattern that no process fitted', async ({ start }) => {
  const running = await start('strace', { pattern: 'no-such-program' })
  await running.ready
  assert.equal(await running.stop(), ['no process was there: pattern no-such-program'])
})

withStrace('strace ends with the processes that it traced, without a fault', async ({ start, folder, children }) => {
  const path = loop(folder, 'ends')
  const child = spawn(path, { stdio: 'ignore' })
  children.push(child)
  const running = await start('strace', { pid: `${child.pid}` })
  await running.ready
  child.kill('SIGKILL')
  await once(child, 'exit')
  await until(() => readdirSync(join(folder, 'strace')).includes('strace.txt') || undefined)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(await running.stop(), [])
  assert.equal(running.remarks, ['all processes that it traced have ended'])
})

const withTcpdump = skipWhere((await checkTool('tcpdump', { interface: 'lo' })).reason, catalogue)

withTcpdump('tcpdump ends after the packets that it was asked for, and says so', async ({ start }) => {
  const running = await start('tcpdump', { interface: 'lo', packets: 2, filter: 'udp port 9' })
  await running.ready
  const { createSocket } = await import('node:dgram')
  const socket = createSocket('udp4')
  const timer = setInterval(() => socket.send('x', 9, '127.0.0.1'), 50)
  await until(() => running.remarks?.length || undefined, { timeout: 10_000 })
  clearInterval(timer)
  socket.close()
  assert.equal(running.remarks, ['ended after its 2 packets'])
  assert.equal(await running.stop(), [])
})

withTcpdump('tcpdump names a wrong filter before the run', async () => {
  const { usable, reason } = await checkTool('tcpdump', { filter: 'no such filter at all' })
  assert.not(usable)
  assert.match(reason as string, /^tcpdump: .*(syntax|parse|expression|error)/i)
})

catalogue('an interface, a device, a pid and a folder that are not here are named before the run', async () => {
  const absent: Array<[name: string, options: ToolOptions, reason: RegExp]> = [
    ['sysfs', { path: 'class/no-such' }, /^sysfs: no file of \/sys\/class\/no-such is named \*/],
    ['disk', { mounts: '/no/such' }, /^disk: nothing is mounted at \/no\/such$/]
  ]
  if (needs('tcpdump') == null)
    absent.push(['tcpdump', { interface: 'nope0' }, /^tcpdump: there is no interface nope0 here; there are /])
  if (needs('blktrace') == null) absent.push(['blktrace', { devices: 'nope' }, /^blktrace: there is no \/dev\/nope$/])
  if (needs('jstack') == null) absent.push(['jstack', { pid: `${process.pid}` }, /^jstack: pid \d+ is no JVM$/])
  for (const [name, options, reason] of absent) {
    const checked = await checkTool(name, options)
    assert.not(checked.usable, name)
    assert.match(checked.reason as string, reason)
  }
})

catalogue('an option that a tool does not have is refused by name', async () => {
  const error: BakError = await checkTool('tcpdump', { interfaces: 'lo' }).then(
    () => undefined as never,
    thrown => thrown
  )
  assert.is(error.code, 'usage')
  assert.match(error.message, /tool\.tcpdump\.interfaces: is not an option of this tool; did you mean interface\?/)
})

const withJava = skipWhere(needs('jstack') ?? needs('java'), catalogue)

withJava(
  'jstack and jmap print the threads and the heap of a JVM that comes while they run',
  async ({ start, text, folder, children }) => {
    const running = await Promise.all(['jstack', 'jmap'].map(name => start(name, { pattern: '* *Sleeper.java*' }, 1)))
    writeFileSync(
      join(folder, 'Sleeper.java'),
      'class Sleeper { public static void main(String[] words) throws Exception { Thread.sleep(60000); } }\n'
    )
    children.push(
      spawn('java', ['-Xshare:auto', '-XX:TieredStopAtLevel=1', join(folder, 'Sleeper.java'), 'x'], { stdio: 'ignore' })
    )
    await until(() => /"main" #1/.test(text('jstack', 'jstack-stdout.txt')) || undefined, { timeout: 60_000 })
    await until(() => /java\.lang\.String/.test(text('jmap', 'jmap-stdout.txt')) || undefined, { timeout: 60_000 })
    for (const each of running) await each.stop()
    assert.match(text('jstack', 'jstack-stdout.txt'), /^# time \d+\.\d \d+ .*Sleeper\.java$/m)
    assert.is(children[0]?.exitCode, null)
  }
)

const whyNoSwitch =
  needs('ovs-vswitchd') ??
  (process.getuid?.() !== 0 ? 'its daemons need root' : undefined) ??
  (existsSync('/run/openvswitch') ? 'Open vSwitch runs here already' : undefined)
const withSwitch = skipWhere(whyNoSwitch, catalogue)

withSwitch(
  'openvswitch shows the interfaces, datapaths and ports of a switch that its own daemons make',
  async ({ start, text, folder, children }) => {
    const socket = '/run/openvswitch/db.sock'
    const run = (program: string, ...words: string[]) => {
      const child = spawn(program, words, { stdio: 'ignore' })
      children.push(child)
      return child
    }
    const ended = async (program: string, ...words: string[]) => once(run(program, ...words), 'exit')
    mkdirSync('/run/openvswitch')
    try {
      await ended('ovsdb-tool', 'create', join(folder, 'conf.db'), '/usr/share/openvswitch/vswitch.ovsschema')
      run('ovsdb-server', join(folder, 'conf.db'), `--remote=punix:${socket}`, '--pidfile', '--no-chdir')
      await until(() => existsSync(socket))
      await ended('ovs-vsctl', '--timeout=5', '--no-wait', 'init')
      // its datapath is in its own memory: the network of this machine stays as it is
      run('ovs-vswitchd', '--pidfile', '--enable-dummy=override', '--disable-system', `unix:${socket}`)
      await ended('ovs-vsctl', '--timeout=10', 'add-br', 'br-test')
      assert.ok((await checkTool('openvswitch', {})).usable)
      const running = await start('openvswitch', {}, 1)
      await running.ready
      const shown = () => text('openvswitch', 'openvswitch-stdout.txt')
      await until(() => /dump-ports br-test\nOFPST_PORT reply/.test(shown()), { what: shown })
      assert.match(shown(), /^# time \d+\.\d ovs-vsctl .*list interface\nname +: br-test$/m)
      assert.equal(await running.stop(), [])
    } finally {
      for (const child of children.splice(0).reverse()) {
        child.kill('SIGTERM')
        if (child.exitCode == null && child.signalCode == null) await once(child, 'exit')
      }
      rmSync('/run/openvswitch', { recursive: true })
    }
  }
)

catalogue.run()
